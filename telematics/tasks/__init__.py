"""Jobs of telematics."""

from telematics.tasks import facts, storage

__all__ = ["facts", "storage"]
