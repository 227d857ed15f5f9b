"""Plugs about people: their data, and files that rows hold on to."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from core import clock
from core.ports import file_holders, personal_data
from safety.models import ReportState, RomDefinition, SafetyReport


class SafetyData:
    """A person's reports and what they confirmed."""

    def export(self, user_id: UUID) -> Mapping[str, Any]:
        rows = SafetyReport.objects.filter(owner_id=user_id, deleted_at=None).order_by("created_at")
        return {
            "safety_reports": [
                {
                    "created_at": row.created_at,
                    "filename": row.filename,
                    "tune_sha256": row.tune_sha256,
                    "verdict": row.verdict,
                    "score": row.score,
                    "findings": row.body["findings"],
                    "vehicle": row.body["vehicle"],
                    "acknowledgement": row.acknowledgement,
                    "acknowledged_at": row.acknowledged_at,
                }
                for row in rows
            ]
        }

    def erase(self, user_id: UUID) -> None:
        """The stubs stay, without words, numbers, vehicle and VIN."""
        rows = SafetyReport.objects.filter(owner_id=user_id)
        rows.update(body={}, filename="", acknowledgement="", file_id=None)
        rows.filter(deleted_at=None).update(deleted_at=clock.now())


class SafetyFiles:
    """Definitions stay while they are used, uploads while they wait for the analyser."""

    def holds(self, file_id: UUID) -> bool:
        waiting = SafetyReport.objects.filter(file_id=file_id, state=ReportState.QUEUED, deleted_at=None)
        used = RomDefinition.objects.filter(file_id=file_id, deleted_at=None)
        return bool(waiting.exists() or used.exists())


personal_data.register("safety", SafetyData())
file_holders.register("safety", SafetyFiles())
