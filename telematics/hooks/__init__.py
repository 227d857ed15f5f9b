"""What telematics plugs into other apps."""

from telematics.hooks import facts

__all__ = ["facts"]
