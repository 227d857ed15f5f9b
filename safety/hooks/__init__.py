"""What safety plugs into the lower floors."""

from safety.hooks import flashing, market, people, staff, sync, talk, words

__all__ = ["flashing", "market", "people", "staff", "sync", "talk", "words"]
