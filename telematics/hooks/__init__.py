"""What telematics plugs into other apps. The store comes first: the demo's facts follow from its drives."""

from telematics.hooks import storage  # isort: skip
from telematics.hooks import facts, synced, talk  # isort: skip

__all__ = ["facts", "storage", "synced", "talk"]
