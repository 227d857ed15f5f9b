"""A customer's vehicles, beside their conversation with support."""

from collections.abc import Sequence
from uuid import UUID

from chat.ports import Line, besides
from garage.models import Vehicle


class VehiclesBeside:
    """Which machine is it? No VIN: whoever needs it opens the vehicle, if they may."""

    title = "Vehicles"

    def lines(self, user_id: UUID, limit: int) -> Sequence[Line]:
        rows = Vehicle.objects.live().filter(owner_id=user_id).order_by("-created_at", "-id")[:limit]
        return [Line(str(row), _detail(row), "garage.vehicle", row.pk) for row in rows]


def _detail(row: Vehicle) -> str:
    known = (
        f"{row.year or ''} {row.make} {row.model}".strip() if row.nickname else "",
        row.license_plate,
        f"{row.odometer_km:,.0f} km" if row.odometer_km is not None else "",
        " ".join(part for part in (row.ecu_family, row.ecu_software) if part),
    )
    return ", ".join(part for part in known if part)


besides.register("vehicles", VehiclesBeside())
