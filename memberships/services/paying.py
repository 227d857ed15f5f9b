"""How money and memberships meet; called inside the settling transaction, short and repeatable."""

from typing import Any
from uuid import UUID

from django.db.models import F

from core import clock
from core.errors import NotFound
from core.rls import as_system
from memberships.calendar import period_end
from memberships.machine import Term, end, next_start, paid, upgraded
from memberships.models import EndReason, InvoiceKind, InvoiceStatus, Membership, MembershipInvoice, Plan
from memberships.services.lives import (
    KIND,
    become,
    carry_plan,
    drop_subscription,
    locked_alone,
    open_invoice,
    rules,
    settle_time,
    term_of,
    void_open_invoice,
)
from payments.errors import NothingToPay
from payments.models import Payment, PaymentStatus
from payments.ports import Quote, QuoteLine
from payments.services import rewards
from users.models import User


def quote(membership_id: UUID, payer: User | None) -> Quote:
    """What the open invoice asks for. Raises NotFound, NothingToPay."""
    row = Membership.objects.select_related("plan").filter(pk=membership_id, user=payer).first()
    if row is None or payer is None:
        raise NotFound
    invoice = open_invoice(row)
    if invoice is None:
        raise NothingToPay
    price = QuoteLine(
        f"{invoice.plan.name}, one {invoice.plan.interval}",
        invoice.price_minor,
        tax_minor=included_tax(invoice.price_minor, invoice.plan.tax_bps),
    )
    lines = [price]
    if invoice.credit_minor:
        back = included_tax(invoice.credit_minor, invoice.plan.tax_bps)
        lines.append(
            QuoteLine(f"Credit for the rest of {row.plan.name}", -invoice.credit_minor, tax_minor=-back)
        )
    return Quote(
        amount_minor=invoice.due_minor,
        currency=invoice.currency,
        description=f"{invoice.plan.name} membership, {invoice.get_kind_display().lower()}",
        lines=tuple(lines),
    )


def included_tax(amount_minor: int, tax_bps: int) -> int:
    """The tax inside a price of `tax_bps` hundredths of a percent, rounded half up."""
    whole = 10_000 + tax_bps
    return (2 * amount_minor * tax_bps + whole) // (2 * whole)


def settle_invoice(membership_id: UUID) -> bool:
    """The money is here: the open invoice is paid and its period begins. False: too late, it goes back.

    The payment must have been opened for this invoice: one of an older, void invoice is never taken for it.
    """
    with as_system("the till settles for all"):
        row = locked_alone(membership_id)
        payment = _just_captured(membership_id)
        if row is None or payment is None:
            return False
        invoice = open_invoice(row)
        fits = invoice is not None and payment.created_at >= invoice.created_at
        if invoice is None or not fits or payment.worth_minor != invoice.due_minor:
            return False
        return apply_paid(row, invoice, payment.pk)


def apply_paid(row: Membership, invoice: MembershipInvoice, payment_id: UUID | None) -> bool:
    """Under the membership's lock: one invoice is paid; False when the membership can't take it any more."""
    now, term = clock.now(), term_of(row)
    if invoice.keeps_cycle and (row.subscription_id is None or invoice.old_period_end != row.period_end):
        invoice.status = (
            InvoiceStatus.VOID
        )  # the rest of a cycle that is over, or that nobody goes on charging
        invoice.save(update_fields=["status"])
        return False
    start, until = _period(row, term, invoice, now)
    if invoice.kind == InvoiceKind.UPGRADE:
        after = upgraded(term, now, rules(), plan=invoice.plan_id, end=until, start=start)
    else:
        after = paid(term, now, rules(), start=start, end=until)
    if after is None:
        return False
    _mark_paid(invoice, payment_id, now if invoice.keeps_cycle else start, until)
    if invoice.keeps_cycle:
        carry_plan(row)
    else:
        drop_subscription(row)  # who pays by an order renews by orders
    begin(row, after, invoice, start)
    return True


def begin(row: Membership, term: Term, invoice: MembershipInvoice, start: Any) -> None:
    """The paid period runs, at its own plan and price."""
    goes_on = start == row.period_end or invoice.keeps_cycle
    anchor = row.anchor_day if goes_on else start.day
    row.plan = invoice.plan
    become(
        row,
        term,
        plan_id=invoice.plan_id,
        price_minor=invoice.plan.price_minor if invoice.keeps_cycle else invoice.price_minor,
        currency=invoice.currency,
        interval=invoice.plan.interval,
        anchor_day=anchor,
        started_at=row.started_at or start,
    )


def _period(row: Membership, term: Term, invoice: MembershipInvoice, now: Any) -> tuple[Any, Any]:
    """The paid period; a stretch after a halt, a first and an upgraded one begin today."""
    if invoice.keeps_cycle:
        return row.period_start, invoice.period_end
    start = now if invoice.kind == InvoiceKind.UPGRADE else next_start(term, now, rules())
    fresh = start == now
    return start, period_end(start, invoice.plan.interval, start.day if fresh else row.anchor_day)


def _mark_paid(invoice: MembershipInvoice, payment_id: UUID | None, start: Any, until: Any) -> None:
    invoice.status, invoice.paid_at, invoice.payment_id = InvoiceStatus.PAID, clock.now(), payment_id
    invoice.period_start, invoice.period_end = start, until
    invoice.save()


def give_rest(invoice: MembershipInvoice, user_id: UUID) -> int:
    """Credit above the new price becomes rewards, paid by the income that it was; how much, minor units."""
    rest = int(max(0, invoice.credit_minor - invoice.price_minor))
    if rest:
        rewards.earn(
            user_id=user_id,
            amount_minor=rest,
            currency=invoice.currency,
            source=f"invoice:{invoice.pk}",
            kind="credit",
            description="Credit for the rest of a period",
            against=f"income:{KIND}",
        )
    return rest


def _just_captured(membership_id: UUID) -> Payment | None:
    """The payment that the till is settling: captured, its payable not asked yet."""
    rows = Payment.objects.filter(
        subject_kind=KIND, subject_id=membership_id, status=PaymentStatus.CAPTURED, honoured=None
    )
    found: Payment | None = rows.filter(subscription=None).order_by("-captured_at").first()
    return found


def order_ran_out(membership_id: UUID) -> None:
    """Nobody paid: a membership that never began is over, a step up is forgotten, a renewal stays to pay."""
    with as_system("the timer acts for all"):
        row = locked_alone(membership_id)
        invoice = open_invoice(row) if row else None
        if row is None or invoice is None or invoice.kind == InvoiceKind.RENEWAL:
            return
        invoice.status = InvoiceStatus.VOID
        invoice.save(update_fields=["status"])
        if invoice.kind == InvoiceKind.FIRST and row.status == "incomplete":
            become(row, term_of(row).ended("expired", clock.now(), EndReason.NEVER_PAID))


def take_back(membership_id: UUID, *, full: bool) -> None:
    """Money went back. A part leaves the membership alone; all of a period's ends it, all of an upgrade's undoes it."""
    if not full:
        return
    with as_system("the till settles for all"):
        row = locked_alone(membership_id)
        invoice = _gone_back(membership_id) if row else None
        if row is None or invoice is None:
            return
        by_bank = Payment.objects.filter(subject_id=row.pk, status=PaymentStatus.CHARGED_BACK)
        charged_back = invoice.payment_id in set(by_bank.values_list("pk", flat=True))
        invoice.status = InvoiceStatus.REFUNDED
        invoice.save(update_fields=["status"])
        now, term = clock.now(), settle_time(row)
        until = invoice.period_end
        if not term.live or (until and row.period_end and until <= now and until < row.period_end):
            return  # a period of long ago, and another one was paid since
        if invoice.old_plan is not None and not charged_back:
            _step_down(row, invoice, invoice.old_plan)
            return
        drop_subscription(row)
        reason = EndReason.CHARGED_BACK if charged_back else EndReason.REFUNDED
        after = end(term, now, rules(), reason=reason)
        if after is not None:
            become(row, after)


def _step_down(row: Membership, upgrade: MembershipInvoice, old: Plan) -> None:
    """An upgrade is undone: the plan, price and period from before it."""
    void_open_invoice(row)
    if upgrade.keeps_cycle:
        carry_plan(row)
    else:
        drop_subscription(row)
    row.plan, row.next_plan, row.period_end = old, None, upgrade.old_period_end
    paid_ones = MembershipInvoice.objects.filter(membership=row, status=InvoiceStatus.PAID, plan=old)
    before = paid_ones.order_by("-paid_at").first()
    if before is not None:
        row.price_minor, row.period_start = before.price_minor, before.period_start or row.period_start
    row.save()
    settle_time(row)


def _gone_back(membership_id: UUID) -> MembershipInvoice | None:
    """The paid invoice whose money is all back."""
    empty = Payment.objects.filter(
        subject_kind=KIND, subject_id=membership_id, captured_minor__gt=0, refunded_minor=F("captured_minor")
    )
    rows = MembershipInvoice.objects.filter(membership_id=membership_id, status=InvoiceStatus.PAID)
    found: MembershipInvoice | None = (
        rows.filter(payment_id__in=empty.values("pk")).order_by("-paid_at").first()
    )
    return found


def suspend(membership_id: UUID, *, is_open: bool) -> None:
    """While a bank looks into a payment the benefits rest."""
    with as_system("the till settles for all"):
        Membership.objects.filter(pk=membership_id).update(suspended_at=clock.now() if is_open else None)
