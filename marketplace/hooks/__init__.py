"""What the marketplace plugs into other apps."""

from marketplace.hooks import people, staff, sync, talk, trade

__all__ = ["people", "staff", "sync", "talk", "trade"]
