"""What staff see and do about people. One file for each kind of page."""

from users.admin import jobs, keys, log, people, security

__all__ = ["jobs", "keys", "log", "people", "security"]
