"""What memberships plugs into other apps."""

from memberships.hooks import facts, people, staff, sync, till

__all__ = ["facts", "people", "staff", "sync", "till"]
