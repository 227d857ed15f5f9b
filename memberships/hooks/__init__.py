"""What memberships plugs into other apps."""

from memberships.hooks import beside, facts, knowledge, people, staff, sync, till

__all__ = ["beside", "facts", "knowledge", "people", "staff", "sync", "till"]
