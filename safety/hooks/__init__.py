"""What safety plugs into the lower floors."""

from safety.hooks import flashing, knowledge, market, people, staff, sync, talk, words

__all__ = ["flashing", "knowledge", "market", "people", "staff", "sync", "talk", "words"]
