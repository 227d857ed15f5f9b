"""What sync holds of a person: the stream, answers of pushes, dead letters."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from core.ports import personal_data
from sync.models import SyncEntry, SyncFilter, SyncPush, SyncRejection, SyncStream


class SyncData:
    """Dead letters are the person's own words; all else is bookkeeping about records that other apps export."""

    def export(self, user_id: UUID) -> Mapping[str, Any]:
        letters = SyncRejection.objects.filter(stream=user_id).order_by("created_at")
        return {
            "rejected": list(
                letters.values("collection", "record", "code", "errors", "payload", "created_at")
            )
        }

    def erase(self, user_id: UUID) -> None:
        """The stream ends with the person: a cursor that turns up later is refused."""
        for model in (SyncPush, SyncRejection, SyncFilter, SyncEntry):
            model.objects.filter(stream=user_id).delete()
        SyncStream.objects.filter(pk=user_id).delete()


personal_data.register("sync", SyncData())
