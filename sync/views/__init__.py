"""The doors of sync, and the list views that other apps build on."""

from sync.views.since import SinceMixin, SyncedViewSet

__all__ = ["SinceMixin", "SyncedViewSet"]
