"""Staff pages of the workshop."""

from appointments.admin import bookings, shops

__all__ = ["bookings", "shops"]
