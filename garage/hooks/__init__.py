"""What the garage plugs into other apps."""

from garage.hooks import desk, flashing, knowledge, people, synced, talk, world

__all__ = ["desk", "flashing", "knowledge", "people", "synced", "talk", "world"]
