"""What telematics tells the assistant, and support beside a conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chat.ports import Line, besides, knowledge
from telematics.knowing import VehicleHealth
from telematics.models import DtcEvent
from telematics.selectors.dtc import describe

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID


class CodesBeside:
    title = "Trouble codes"

    def lines(self, user_id: UUID, limit: int) -> Sequence[Line]:
        rows = DtcEvent.objects.live().filter(owner_id=user_id, vehicle__deleted_at=None)
        return [
            Line(
                f"{row.code}: {describe(row.code).text}",
                f"{row.vehicle}, {'cleared' if row.cleared_at else row.get_status_display().lower()}",
                "telematics.dtcevent",
                row.pk,
            )
            for row in rows.select_related("vehicle").order_by("-first_seen", "-id")[:limit]
        ]


besides.register("trouble_codes", CodesBeside())
knowledge.register("telematics", VehicleHealth())
