"""What memberships plugs into other apps."""

from memberships.hooks import beside, facts, people, staff, sync, till

__all__ = ["beside", "facts", "people", "staff", "sync", "till"]
