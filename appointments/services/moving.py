"""What happens to a booking after it was made: confirmed, moved, cancelled, begun, done, or nobody came."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from appointments.errors import MovedTooOften, StateConflict, TooLateToMove
from appointments.models import Allocation, Appointment, PaymentMethod, ResourceKind, Status
from appointments.selectors.bookings import KIND
from appointments.selectors.pricing import job_of
from appointments.services import money
from appointments.services.garage import write_service_record
from appointments.services.guard import Wanted, allocate, claim, demand_bounded, guarded, lock, release
from appointments.services.reminders import plan_reminders
from appointments.services.story import tell
from appointments.services.waitlist import freed
from appointments.states import CANCELLABLE, LIVE, MOVABLE, may
from core import audit, clock
from core.errors import NotFound
from core.refs import Ref
from core.rls import as_system
from payments.services import open_order
from users.models import User


def cancel(appointment_id: UUID, *, by: User | None, reason: str = "", by_staff: bool = False) -> Appointment:
    """Free the time; what was paid goes back, but for the fee that the policy keeps of a late cancellation.

    Staff cancel without a fee. Cancelling twice is cancelling once. Raises NotFound, StateConflict.
    """

    def deed() -> Appointment:
        with as_system("places and payments belong to the shop"):
            payments = money.lock_payments(appointment_id)
            row = _locked(appointment_id)
            if row.status == Status.CANCELLED:
                return row
            if row.status not in CANCELLABLE:
                raise StateConflict
            fee = 0 if by_staff else money.late_fee(row)
            row.fee_minor = fee
            row.save(update_fields=["fee_minor"])
            release(row, Status.CANCELLED, actor=by.pk if by else None, reason=reason)
            money.settle_end(row, payments, fee_minor=fee, by=by if by_staff else None)
            freed(row.location_id)
            return row

    return guarded(deed)


def reschedule(
    appointment_id: UUID,
    start: datetime,
    *,
    by: User | None,
    by_staff: bool = False,
    bay_id: UUID | None = None,
    technician_id: UUID | None = None,
    sequence: int | None = None,
) -> Appointment:
    """The same appointment at another time or in another bay, through the guard of a booking.

    `sequence`: what the caller saw; another one is StateConflict (two people at two desks). Staff are not held to
    notice and count. Raises NotFound, StateConflict, TooLateToMove, MovedTooOften, SlotNotOffered, SlotUnavailable.
    """

    def deed() -> Appointment:
        with as_system("the calendar must see everybody's bookings"):
            return _reschedule(
                appointment_id,
                start,
                by=by,
                by_staff=by_staff,
                bay_id=bay_id,
                technician_id=technician_id,
                sequence=sequence,
            )

    return guarded(deed)


def _reschedule(
    appointment_id: UUID,
    start: datetime,
    *,
    by: User | None,
    by_staff: bool,
    bay_id: UUID | None,
    technician_id: UUID | None,
    sequence: int | None,
) -> Appointment:
    demand_bounded(start)
    location = lock(_location_of(appointment_id))
    row = _locked(appointment_id)
    if row.status not in MOVABLE or (sequence is not None and sequence != row.sequence):
        raise StateConflict
    if not by_staff:
        _demand_movable(row)
    old_start = row.start_at
    lines = list(row.lines.select_related("service"))
    job = job_of(sum(line.minutes for line in lines), [line.service for line in lines])
    Allocation.objects.filter(appointment=row).delete()
    wanted = Wanted(
        start,
        at_home=row.service_location == "home",
        lenient=by_staff,
        bay_id=bay_id,
        technician_id=technician_id,
        user_id=row.user_id,
    )
    places = claim(location, job, wanted)
    row.start_at, row.end_at = start, start + job.duration
    if start != old_start:
        row.sequence += 1
        row.reschedule_count += 0 if by_staff else 1
    row.save(update_fields=["start_at", "end_at", "sequence", "reschedule_count"])
    allocate(location, row, places)
    tell(row, row.status, actor=by.pk if by else None, reason=f"Moved from {old_start:%Y-%m-%d %H:%M} UTC")
    if start != old_start:
        plan_reminders(row)
        freed(location.pk)
    return row


def _demand_movable(row: Appointment) -> None:
    if row.reschedule_count >= int(row.policy.get("reschedule_limit", 0)):
        raise MovedTooOften
    notice = timedelta(minutes=int(row.policy.get("reschedule_notice", 0)))
    if clock.now() > row.start_at - notice:
        raise TooLateToMove


def update_status(
    appointment_id: UUID,
    status: str,
    *,
    by: User | None,
    reason: str = "",
    odometer_km: Decimal | None = None,
) -> Appointment:
    """A deed of staff. The status that it has already changes nothing. Raises NotFound, StateConflict."""
    deeds: dict[str, Any] = {
        Status.CANCELLED: lambda: cancel(appointment_id, by=by, reason=reason, by_staff=True),
        Status.NO_SHOW: lambda: _no_show(appointment_id, by, reason),
    }
    if status in deeds:
        ended: Appointment = deeds[status]()
        return ended

    def deed() -> Appointment:
        with as_system("staff act for the shop"):
            money.lock_payments(appointment_id)
            row = _locked(appointment_id)
            if row.status == status:
                return row
            if status == Status.EXPIRED or not may(row.status, status):
                raise StateConflict
            if row.status == Status.PENDING_PAYMENT:
                raise StateConflict("It waits for a payment. Cancel it, or let it be paid.")
            return _step(row, status, by, reason, odometer_km)

    return guarded(deed)


def _step(
    row: Appointment, status: str, by: User | None, reason: str, odometer_km: Decimal | None
) -> Appointment:
    old, row.status = row.status, status
    if odometer_km is not None:
        row.odometer_km = odometer_km
    if status == Status.COMPLETED:
        row.ended_at = clock.now()
        _end_allocations(row)
    row.save(update_fields=["status", "odometer_km", "ended_at"])
    tell(row, old, actor=by.pk if by else None, reason=reason)
    if status in {Status.IN_PROGRESS, Status.COMPLETED}:
        _bill(row)
    if status == Status.COMPLETED:
        write_service_record(row)
    return row


def _end_allocations(row: Appointment) -> None:
    """Work that ended early leaves the rest of its time to others."""
    if row.ended_at is not None and row.start_at < row.ended_at < row.end_at:
        Allocation.objects.filter(appointment=row).update(period=(row.start_at, row.ended_at))
        freed(row.location_id)


def _bill(row: Appointment) -> None:
    """What is left to pay is paid at the counter."""
    if row.payment_method != PaymentMethod.MEMBERSHIP and row.total_minor > row.paid_minor:
        open_order(payer=row.user, target=Ref(KIND, row.pk), gateway="cash")


def _no_show(appointment_id: UUID, by: User | None, reason: str) -> Appointment:
    """Nobody came: the policy keeps its fee of what was paid, the rest goes back."""

    def deed() -> Appointment:
        with as_system("staff act for the shop"):
            payments = money.lock_payments(appointment_id)
            row = _locked(appointment_id)
            if row.status == Status.NO_SHOW:
                return row
            if row.status != Status.CONFIRMED or row.start_at > clock.now():
                raise StateConflict("Only a confirmed appointment whose time has come can be missed.")
            row.fee_minor = money.late_fee(row)
            row.save(update_fields=["fee_minor"])
            release(row, Status.NO_SHOW, actor=by.pk if by else None, reason=reason)
            money.settle_end(row, payments, fee_minor=row.fee_minor, by=by)
            return row

    return guarded(deed)


def reassign(
    appointment_id: UUID, *, by: User | None, bay_id: UUID | None, technician_id: UUID | None
) -> Appointment:
    """Another bay or technician at the same time, through the guard; what is not named stays where it can.

    Raises NotFound, StateConflict, SlotUnavailable, NoSuchPlace.
    """

    def deed() -> Appointment:
        with as_system("staff act for the shop"):
            location = lock(_location_of(appointment_id))
            row = _locked(appointment_id)
            if row.status not in LIVE:
                raise StateConflict
            kept = _kept_places(row)
            lines = list(row.lines.select_related("service"))
            job = job_of(sum(line.minutes for line in lines), [line.service for line in lines])
            Allocation.objects.filter(appointment=row).delete()
            wanted = Wanted(
                row.start_at,
                at_home=row.service_location == "home",
                lenient=True,
                bay_id=bay_id or kept.get("place"),
                technician_id=technician_id or kept.get("technician"),
            )
            allocate(location, row, claim(location, job, wanted))
            tell(row, row.status, actor=by.pk if by else None, reason="Reassigned")
            audit.record("booking.reassign", actor=by.pk if by else None, target=row.pk)
            return row

    return guarded(deed)


def _kept_places(row: Appointment) -> dict[str, UUID]:
    kinds = row.allocations.values_list("resource__kind", "resource_id")
    return {
        "technician" if kind == ResourceKind.TECHNICIAN else "place": resource for kind, resource in kinds
    }


def _location_of(appointment_id: UUID) -> UUID:
    found: UUID | None = (
        Appointment.objects.filter(pk=appointment_id).values_list("location_id", flat=True).first()
    )
    if found is None:
        raise NotFound
    return found


def _locked(appointment_id: UUID) -> Appointment:
    rows = Appointment.objects.select_related("location", "user", "vehicle")
    row: Appointment | None = (
        rows.select_for_update(of=("self",), no_key=True).filter(pk=appointment_id).first()
    )
    if row is None:
        raise NotFound
    return row
