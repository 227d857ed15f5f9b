"""Jobs of telematics."""

from telematics.tasks import storage

__all__ = ["storage"]
