"""What the marketplace plugs into other apps."""

from marketplace.hooks import knowledge, people, staff, sync, talk, trade

__all__ = ["knowledge", "people", "staff", "sync", "talk", "trade"]
