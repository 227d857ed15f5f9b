"""What telematics plugs into other apps."""

from telematics.hooks import facts, storage

__all__ = ["facts", "storage"]
