"""What the marketplace plugs into other apps."""

from marketplace.hooks import beside, knowledge, people, staff, sync, talk, trade

__all__ = ["beside", "knowledge", "people", "staff", "sync", "talk", "trade"]
