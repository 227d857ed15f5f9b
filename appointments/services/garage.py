"""What a finished visit leaves in the garage: the reading of the odometer and a service record."""

from appointments.models import Appointment
from appointments.selectors.hours import local_day
from garage.models import ServiceRecord
from garage.services.log import learn_from


def write_service_record(row: Appointment) -> None:
    """Once, when the appointment is completed; nothing for a guest or a vehicle that is gone."""
    vehicle = row.vehicle
    if row.user_id is None or vehicle is None or vehicle.deleted_at is not None:
        return
    titles = ", ".join(row.lines.values_list("name", flat=True))
    record = ServiceRecord.objects.create(
        owner_id=row.user_id,
        vehicle=vehicle,
        title=titles[:120],
        done_on=local_day(row.location, row.start_at),
        odometer_km=row.odometer_km,
        amount_minor=row.total_minor,
        currency=row.currency,
        notes=f"{row.location.name}, {row.reference}",
    )
    learn_from(record)
