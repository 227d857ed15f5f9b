"""Staff pages of the garage."""

from garage.admin import catalogue

__all__ = ["catalogue"]
