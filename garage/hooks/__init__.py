"""What the garage plugs into other apps."""

from garage.hooks import beside, desk, flashing, people, synced, talk, world

__all__ = ["beside", "desk", "flashing", "people", "synced", "talk", "world"]
