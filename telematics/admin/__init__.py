"""The staff pages of telematics."""

from telematics.admin import facts, storage

__all__ = ["facts", "storage"]
