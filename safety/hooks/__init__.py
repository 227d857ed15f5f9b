"""What safety plugs into the lower floors."""

from safety.hooks import beside, flashing, knowledge, market, people, staff, sync, talk, words

__all__ = ["beside", "flashing", "knowledge", "market", "people", "staff", "sync", "talk", "words"]
