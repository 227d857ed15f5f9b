"""The staff pages of telematics."""

from telematics.admin import storage

__all__ = ["storage"]
