"""The nearest verified tune of the same engine, where a vehicle has no backup."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.files.services import read_bytes
from core.models import StoredFile
from marketplace.models import TuneStatus
from safety.formats.base import LIMITS
from safety.models import FitmentReport, Verdict
from safety.nearest import Candidate, nearest
from safety.vehicle import VehicleProfile

MOST = 500  # candidates that are compared


@dataclass(frozen=True)
class StandIn:
    """Somebody else's tune that passed; its bytes are read outside of transactions."""

    file: StoredFile
    name: str

    @property
    def sha256(self) -> str:
        return self.file.sha256

    def read(self) -> tuple[bytes, str]:
        return read_bytes(self.file, LIMITS.record_bytes), self.name


def stand_in(vehicle: VehicleProfile, tune: Mapping[str, Any], tune_sha256: str) -> StandIn | None:
    """The tune on sale whose engine is nearest to this vehicle's, or None. Needs the system role.

    tune: what the reader says of the file (family, signature). A tune can't stand in for itself.
    """
    rows = (
        FitmentReport.objects.live()
        .filter(
            verdict=Verdict.PASS,
            version__family=tune["family"],
            version__published_at__isnull=False,
            version__deleted_at=None,
            version__tune__status=TuneStatus.PUBLISHED,
            version__tune__deleted_at=None,
            profile__cylinders=vehicle.cylinders,
        )
        .exclude(version__sha256=tune_sha256)
        .order_by("-checked_at")
        .select_related("version")
        .defer("body")[:MOST]
    )
    by_key = {str(row.pk): row for row in rows}
    candidates = [
        Candidate(key, VehicleProfile.from_dict(row.profile), row.version.family, row.version.signature)
        for key, row in by_key.items()
    ]
    chosen = nearest(vehicle, tune["family"], tune["signature"], candidates)
    if chosen is None:
        return None
    version = by_key[chosen.key].version
    return StandIn(StoredFile.objects.get(pk=version.file_id), version.filename)
