"""How money and bookings meet; called inside the settling transaction, short and repeatable."""

import hmac
from uuid import UUID

from django.db.models import F, Sum

from appointments.errors import SlotNotOffered, SlotUnavailable, StateConflict
from appointments.models import Allocation, Appointment, Status
from appointments.selectors.bookings import KIND
from appointments.selectors.pricing import job_of, share
from appointments.services.booking import first_status, token_hash
from appointments.services.guard import Wanted, allocate, claim, lock, release
from appointments.services.reminders import plan_reminders
from appointments.services.story import tell
from appointments.services.waitlist import freed
from appointments.states import CANCELLABLE
from core import clock
from core.errors import NotFound
from core.rls import as_system
from payments.models import Payment, PaymentStatus
from payments.models.money import OPEN, PAID
from payments.ports import Quote, QuoteLine
from payments.services import cancel_order, refund
from users.models import User


def quote(appointment_id: UUID, payer: User | None) -> Quote:
    """The deposit while the time is held, what is left of the total afterwards. Raises NotFound, StateConflict."""
    row = Appointment.objects.select_related("location").filter(pk=appointment_id, user=payer).first()
    if row is None:
        raise NotFound
    held = row.status == Status.PENDING_PAYMENT
    if held and row.hold_expires_at <= clock.now():
        raise StateConflict("The time was not paid for in time. Please book again.")
    if row.status in {Status.CANCELLED, Status.EXPIRED, Status.NO_SHOW}:
        raise StateConflict
    amount = row.due_minor if held else row.total_minor - row.paid_minor
    label = "Deposit" if held and amount < row.total_minor else "Booking"
    return Quote(
        amount_minor=amount,
        currency=row.currency,
        description=f"{label} {row.reference}, {row.location.name}",
        payee_id=row.payee_id,
        commission_bps=row.commission_bps,
        lines=_lines(row, label, amount),
        expires_at=row.hold_expires_at if held else None,
    )


def _lines(row: Appointment, label: str, amount: int) -> tuple[QuoteLine, ...]:
    """One line; a bill of the whole says what a member was spared."""
    spared = int(row.commission_free_minor) if amount == row.total_minor else 0
    bill = QuoteLine(f"{label} {row.reference}", amount + spared, tax_minor=_tax(row, amount))
    return (bill, QuoteLine("Commission, spared to members", -spared)) if spared else (bill,)


def _tax(row: Appointment, amount: int) -> int:
    """The part of the services' tax that falls on this amount."""
    lines = row.lines.aggregate(tax=Sum("tax_minor"), price=Sum("price_minor"))
    return amount * (lines["tax"] or 0) // lines["price"] if lines["price"] else 0


def admits(appointment_id: UUID, token: str) -> bool:
    """Is this the token that the guest was given?"""
    kept = Appointment.objects.filter(pk=appointment_id, user=None).values_list("guest_token_hash", flat=True)
    found = kept.first() or ""
    return bool(found) and hmac.compare_digest(str(found), token_hash(token))


def paid(appointment_id: UUID) -> bool:
    """The money is here: the held time is the customer's. One that was let go is placed again, if it is free.

    False: payments gives the money back. The payment is locked by the till already.
    """
    with as_system("the till settles for all"):
        found = Appointment.objects.filter(pk=appointment_id).values_list("location_id", flat=True).first()
        if found is None:
            return False
        location = lock(found)
        row = Appointment.objects.select_for_update(of=("self",), no_key=True).get(pk=appointment_id)
        row.location = location
        if row.status in {Status.CANCELLED, Status.NO_SHOW}:
            return False
        if row.status == Status.EXPIRED and not _place_again(row):
            return False
        row.paid_minor = _captured(appointment_id)
        if row.status in {Status.PENDING_PAYMENT, Status.EXPIRED}:
            _firm(row)
        row.save(update_fields=["paid_minor"])
    return True


def _firm(row: Appointment) -> None:
    """From a hold to a booking."""
    old, row.status = row.status, first_status(row.location)
    row.hold_expires_at = row.ended_at = None
    row.sequence += 1
    row.save(update_fields=["status", "hold_expires_at", "ended_at", "sequence"])
    Allocation.objects.filter(appointment=row).update(hold_expires_at=None)
    tell(row, old, reason="Paid")
    plan_reminders(row)


def _place_again(row: Appointment) -> bool:
    services = [line.service for line in row.lines.select_related("service")]
    minutes = sum(line.minutes for line in row.lines.all())
    at_home = row.service_location == "home"
    wanted = Wanted(row.start_at, at_home=at_home, lenient=True, user_id=row.user_id)
    if row.start_at <= clock.now():
        return False
    try:
        places = claim(row.location, job_of(minutes, services), wanted)
    except (SlotUnavailable, SlotNotOffered):
        return False
    row.hold_expires_at = None
    allocate(row.location, row, places)
    return True


def _captured(appointment_id: UUID) -> int:
    rows = Payment.objects.filter(
        subject_kind=KIND, subject_id=appointment_id, captured_at__isnull=False
    ).exclude(honoured=False)
    money = F("captured_minor") - F("refunded_minor")
    rewards = F("rewards_minor") - F("rewards_back_minor")
    total = rows.aggregate(sum=Sum(money + rewards))["sum"]
    return int(total or 0)


def refunded(appointment_id: UUID, amount_minor: int, *, full: bool) -> None:
    """Money went back. All of what held the time: the visit is off."""
    with as_system("the till settles for all"):
        row = Appointment.objects.select_for_update(of=("self",), no_key=True).get(pk=appointment_id)
        row.paid_minor = max(0, row.paid_minor - amount_minor)
        row.save(update_fields=["paid_minor"])
        if full and row.due_minor and row.paid_minor == 0 and row.status in CANCELLABLE:
            release(row, Status.CANCELLED, reason="Refunded")
            freed(row.location_id)


def expired(appointment_id: UUID) -> None:
    """Its payment ran out: the time is free again."""
    with as_system("the timer acts for all"):
        row = Appointment.objects.select_for_update(of=("self",), no_key=True).get(pk=appointment_id)
        if row.status == Status.PENDING_PAYMENT:
            release(row, Status.EXPIRED, reason="Not paid in time")
            freed(row.location_id)


def lock_payments(appointment_id: UUID) -> list[Payment]:
    """All payments of a booking, locked: always before the shop and the booking themselves."""
    rows = Payment.objects.filter(subject_kind=KIND, subject_id=appointment_id)
    return list(rows.order_by("pk").select_for_update(no_key=True))


def settle_end(row: Appointment, payments: list[Payment], *, fee_minor: int, by: User | None) -> None:
    """Close what is unpaid of an ended booking and give back what was paid, but for the fee."""
    for payment in payments:
        if payment.status in OPEN and not payment.captured_minor:
            if payment.status != PaymentStatus.AUTHORIZED:
                cancel_order(payment)
        elif payment.status in PAID or payment.captured_minor:
            left = payment.worth_left_minor
            back = max(0, left - fee_minor)
            fee_minor = max(0, fee_minor - left)
            if back:
                refund(
                    payment=payment,
                    amount_minor=payment.money_in(back),
                    reason=f"{row.reference} {row.get_status_display().lower()}",
                    by=by,
                    key=f"booking-{payment.pk}",
                )


def late_fee(row: Appointment) -> int:
    """What the policy of the day of booking keeps now, never more than was paid."""
    notice = int(row.policy.get("cancel_notice", 0)) * 60
    late = (row.start_at - clock.now()).total_seconds() < notice
    return min(row.paid_minor, share(row.total_minor, int(row.policy.get("late_fee_bps", 0)))) if late else 0
