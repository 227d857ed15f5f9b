"""Jobs of telematics."""

from telematics.tasks import facts

__all__ = ["facts"]
