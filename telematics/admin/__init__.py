"""The staff pages of telematics."""

from telematics.admin import facts, pages, storage

__all__ = ["facts", "pages", "storage"]
