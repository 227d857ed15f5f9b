"""Conversations about a vehicle."""

from uuid import UUID

from chat.ports import About, contexts
from garage.models import Vehicle


class VehicleTalk:
    """Its owner asks support about it."""

    def about(self, id: UUID, user_id: UUID) -> About | None:  # noqa: A002 -- the port's own word
        row = Vehicle.objects.live().filter(pk=id, owner_id=user_id).first()
        if row is None:
            return None
        facts = {
            "Vehicle": f"{row.make} {row.model} {row.year or ''}".strip(),
            "ECU": " ".join(part for part in (row.ecu_family, row.ecu_software) if part),
            "Odometer": f"{row.odometer_km} km" if row.odometer_km is not None else "",
            "Dongle": row.get_dongle_connection_type_display() if row.dongle_id else "",
        }
        return About(
            title=str(row),
            facts=tuple((label, value) for label, value in facts.items() if value),
            link=f"garage/vehicle/{row.pk}/change/",
        )


contexts.register("vehicle", VehicleTalk())
