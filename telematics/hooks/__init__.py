"""What telematics plugs into other apps."""

from telematics.hooks import storage

__all__ = ["storage"]
