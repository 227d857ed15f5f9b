"""What staff see of safety."""

from safety.admin import definitions, fitments, reports

__all__ = ["definitions", "fitments", "reports"]
