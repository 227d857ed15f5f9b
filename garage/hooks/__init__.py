"""What the garage plugs into other apps."""

from garage.hooks import desk, flashing, people, synced, talk, world

__all__ = ["desk", "flashing", "people", "synced", "talk", "world"]
