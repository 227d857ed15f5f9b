"""Between the rows and the machine: a membership is locked, read as a Term, and what became of it written back."""

from dataclasses import fields
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from core import audit, clock
from core.jobs import enqueue
from core.notes import notify
from memberships.calendar import DAY
from memberships.errors import PaymentUnderWay
from memberships.machine import Rules, Term, tick
from memberships.models import (
    InvoiceKind,
    InvoiceStatus,
    Membership,
    MembershipInvoice,
    MembershipStatus,
)
from memberships.states import LIVE
from payments.amounts import money
from payments.errors import PaymentClosed
from payments.models import Payment
from payments.models.money import OPEN
from payments.services import cancel_order

KIND = "membership"
GATEWAY_LAG = DAY  # a charge at the end of a period is told of some hours later
CANCEL_SUBSCRIPTION = "memberships.cancel_subscription"
CARRY_PLAN = "memberships.carry_plan"
_PLANS = {"plan": "plan_id", "next_plan": "next_plan_id"}
_WRITTEN = tuple(_PLANS.get(one.name, one.name) for one in fields(Term) if one.name != "created_at")


def rules() -> Rules:
    return Rules(
        first_payment=4 * DAY,  # an order's life and a little more
        grace=settings.MEMBERSHIP_GRACE,
        halted=settings.MEMBERSHIP_HALTED,
    )


def alone(user_id: UUID) -> None:
    """One deed on this person's membership at a time, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s::text, 0))", [f"membership:{user_id}"]
        )


def locked(membership_id: UUID) -> Membership | None:
    """The membership, after its payments: in the order in which the till locks them."""
    payments = Payment.objects.filter(subject_kind=KIND, subject_id=membership_id)
    list(payments.order_by("pk").select_for_update(no_key=True).values_list("pk"))
    return locked_alone(membership_id)


def locked_alone(membership_id: UUID) -> Membership | None:
    """The same where the till has its payment already."""
    rows = Membership.objects.select_related("plan", "next_plan", "user", "subscription")
    found: Membership | None = (
        rows.select_for_update(of=("self",), no_key=True).filter(pk=membership_id).first()
    )
    return found


def live_of(user_id: UUID) -> Membership | None:
    """The live membership of a person, locked as by `locked`."""
    found = Membership.objects.filter(user_id=user_id, status__in=LIVE).values_list("pk", flat=True).first()
    return locked(found) if found else None


def term_of(row: Membership) -> Term:
    return Term(
        status=row.status,
        created_at=row.created_at,
        plan=row.plan_id,
        next_plan=row.next_plan_id,
        period_start=row.period_start,
        period_end=row.period_end,
        cancel_at_period_end=row.cancel_at_period_end,
        halted_at=row.halted_at,
        ended_at=row.ended_at,
        end_reason=row.end_reason,
    )


def become(row: Membership, term: Term, **more: Any) -> None:
    """Write what the machine says, tell the person, and close what an ended membership still had to pay."""
    old = row.status
    for name in _WRITTEN:
        source = next((short for short, column in _PLANS.items() if column == name), name)
        setattr(row, name, getattr(term, source))
    for name, value in more.items():
        setattr(row, name, value)
    for status in _between(old, term.status):  # the trigger wants every step of the road
        Membership.objects.filter(pk=row.pk).update(status=status)
    row.save()
    if row.status != old:
        audit.record(f"membership.{row.status}", target=row.pk, was=old, reason=row.end_reason)
        _tell(row, old)
    if not term.live:
        void_open_invoice(row)


def _between(old: str, new: str) -> list[str]:
    """A job that was asleep may find an active membership halted or expired: by way of these states."""
    road = ["active", "past_due", "halted", "expired"]
    return road[road.index(old) + 1 : road.index(new)] if old in road and new in road else []


def settle_time(row: Membership) -> Term:
    """What time has done to it, written down; the term it is in now."""
    now = clock.now()
    if row.subscription_id is not None and row.status == MembershipStatus.ACTIVE:
        now -= GATEWAY_LAG
    term = tick(before := term_of(row), now, rules())
    if term != before:
        become(row, term)
    return term


def open_invoice(row: Membership) -> MembershipInvoice | None:
    found: MembershipInvoice | None = (
        MembershipInvoice.objects.select_related("plan")
        .filter(membership=row, status=InvoiceStatus.OPEN)
        .first()
    )
    return found


def void_open_invoice(row: Membership) -> None:
    """Nothing is to pay any more; an order for it is closed. Raises PaymentUnderWay when its money is coming."""
    for payment in Payment.objects.filter(
        subject_kind=KIND, subject_id=row.pk, status__in=OPEN, subscription=None
    ):
        try:
            cancel_order(payment)
        except PaymentClosed:
            if row.status in LIVE:
                raise PaymentUnderWay from None
    MembershipInvoice.objects.filter(membership=row, status=InvoiceStatus.OPEN).update(
        status=InvoiceStatus.VOID
    )


def drop_subscription(row: Membership, *, at_period_end: bool = False) -> None:
    """The standing order at the gateway ends, by a job; the row must be saved after it."""
    if row.subscription_id is not None:
        enqueue(CANCEL_SUBSCRIPTION, subscription_id=str(row.subscription_id), at_period_end=at_period_end)
        row.subscription = None


def carry_plan(row: Membership) -> None:
    """Its gateway is told, by a job, which plan to charge from the next cycle on: whatever holds when the job looks."""
    if row.subscription_id is not None:
        enqueue(CARRY_PLAN, lock=f"membership:{row.pk}", membership_id=str(row.pk))


def new_invoice(row: Membership, kind: InvoiceKind, plan: Any, **terms: Any) -> MembershipInvoice:
    """What is to pay next, at the plan's price of today where the terms say no other."""
    terms = {"price_minor": plan.price_minor, "currency": plan.currency} | terms
    made: MembershipInvoice = MembershipInvoice.objects.create(membership=row, plan=plan, kind=kind, **terms)
    return made


def _tell(row: Membership, old: str) -> None:
    text = _WORDS.get((old, row.status)) or _WORDS.get(("", row.status))
    if text is None or row.end_reason in {"erased", "replaced"}:
        return
    title, body = text
    facts = {
        "plan": row.plan.name,
        "price": money(row.price_minor, row.currency),
        "until": f"{row.period_end:%d %B %Y}" if row.period_end else "",
        "halts": f"{row.period_end + settings.MEMBERSHIP_GRACE:%d %B %Y}" if row.period_end else "",
    }
    notify(
        row.user_id,
        f"membership_{row.status}",
        title.format(**facts),
        body.format(**facts),
        membership_id=row.pk,
    )


_WORDS: dict[tuple[str, str], tuple[str, str]] = {
    ("", MembershipStatus.ACTIVE): ("You are a {plan} member", "Your membership runs until {until}."),
    ("", MembershipStatus.PAST_DUE): (
        "Your {plan} membership was not renewed",
        "The payment is missing. Your benefits stay until {halts}.",
    ),
    ("", MembershipStatus.HALTED): (
        "Your {plan} membership is halted",
        "Benefits come back as soon as it is paid for.",
    ),
    ("", MembershipStatus.EXPIRED): ("Your {plan} membership has ended", "You can join again at any time."),
    ("incomplete", MembershipStatus.EXPIRED): (
        "Your {plan} membership was not paid for",
        "The order has run out. You can join again at any time.",
    ),
    ("", MembershipStatus.CANCELLED): ("Your {plan} membership has ended", "You can join again at any time."),
}
