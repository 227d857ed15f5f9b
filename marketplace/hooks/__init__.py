"""What the marketplace plugs into other apps."""

from marketplace.hooks import beside, people, staff, sync, talk, trade

__all__ = ["beside", "people", "staff", "sync", "talk", "trade"]
