"""What the garage plugs into other apps."""

from garage.hooks import beside, desk, flashing, knowledge, people, synced, talk, world

__all__ = ["beside", "desk", "flashing", "knowledge", "people", "synced", "talk", "world"]
