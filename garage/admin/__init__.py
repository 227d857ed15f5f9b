"""Staff pages of the garage."""

from garage.admin import catalogue, flashing, log, vehicles

__all__ = ["catalogue", "flashing", "log", "vehicles"]
