"""What the garage plugs into other apps."""

from garage.hooks import flashing, synced

__all__ = ["flashing", "synced"]
