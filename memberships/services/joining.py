"""Joining, changing, leaving and coming back; each deed once, by the member."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from core import audit, clock
from core.refs import Ref
from core.rls import as_system
from memberships import machine
from memberships.calendar import credit, period_end
from memberships.errors import (
    BelowUsage,
    LossNotAccepted,
    MembershipExists,
    MembershipNotActive,
    NoMembership,
    NotResumable,
    PlanNotForSale,
    SamePlan,
)
from memberships.machine import Term
from memberships.models import EndReason, InvoiceKind, Membership, MembershipInvoice, Plan
from memberships.selectors.usage import shortfalls
from memberships.services import standing
from memberships.services.lives import (
    KIND,
    alone,
    become,
    carry_plan,
    drop_subscription,
    live_of,
    new_invoice,
    open_invoice,
    rules,
    settle_time,
    term_of,
    void_open_invoice,
)
from memberships.services.paying import apply_paid, give_rest
from memberships.services.renewing import offer_renewal
from payments.models import GatewaySubscription, Payment
from payments.services import open_order, present_order
from users.models import User


@dataclass(frozen=True, slots=True)
class Standing:
    """A membership, and what there is to pay for it: an order, or a standing order to authorise."""

    membership: Membership
    payment: dict[str, Any] | None = None
    subscription: GatewaySubscription | None = None
    credit_minor: int = 0


def subscribe(
    *,
    user: User,
    plan: Plan,
    gateway: str | None = None,
    rewards_minor: int | None = None,
    auto_renew: bool = True,
) -> Standing:
    """Join: a membership that waits for its first payment. Repeating gives the same; another plan takes its place.

    Where the gateway renews by itself (and `auto_renew`, and no rewards are spent) the first payment is a standing
    order to authorise, else an order. Call it outside of transactions. Raises MembershipExists, PlanNotForSale
    (409), and what payments raises.
    """
    stands = auto_renew and not rewards_minor and standing.can_stand(gateway, plan)
    with as_system("memberships are written by their services alone"):
        alone(user.pk)
        row = _reserve(user, plan, gateway)
        order = None
        if not stands:
            drop_subscription(row)
            row.save(update_fields=["subscription"])
            order = _order(row, user, gateway, rewards_minor)
    if order is not None:
        return Standing(_fresh(row), present_order(order))
    subscription = standing.start(row, user, gateway)
    return Standing(_fresh(row), subscription=subscription)


def _reserve(user: User, plan: Plan, gateway: str | None) -> Membership:
    row = live_of(user.pk)
    if row is not None and settle_time(row).live:
        if row.status != "incomplete":
            raise MembershipExists
        invoice = open_invoice(row)
        if row.plan_id == plan.pk and invoice and invoice.price_minor == plan.price_minor:
            if row.gateway != (gateway or ""):
                row.gateway = gateway or ""
                row.save(update_fields=["gateway"])
            return row
        drop_subscription(row)
        void_open_invoice(row)
        become(row, term_of(row).ended("cancelled", clock.now(), EndReason.REPLACED))
    if not plan.active or plan.deleted_at is not None:
        raise PlanNotForSale
    try:
        with transaction.atomic():
            made: Membership = Membership.objects.create(
                user=user,
                plan=plan,
                price_minor=plan.price_minor,
                currency=plan.currency,
                interval=plan.interval,
                gateway=gateway or "",
            )
    except IntegrityError:
        raise MembershipExists from None
    new_invoice(made, InvoiceKind.FIRST, plan)
    audit.record("membership.subscribe", actor=user.pk, target=made.pk, plan=plan.code)
    return made


def change(
    *,
    user: User,
    plan: Plan,
    gateway: str | None = None,
    rewards_minor: int | None = None,
    accept_losses: Collection[str] = (),
) -> Standing:
    """Another plan: a better one now, with credit for the days that are left; a smaller one from the next period.

    The present plan takes a scheduled smaller one back. `accept_losses` are codes of benefits that the person gives
    up knowingly. Call it outside of transactions. Raises NoMembership (404), MembershipNotActive, SamePlan,
    PlanNotForSale, BelowUsage, LossNotAccepted (409), and what payments raises.
    """
    order, given = None, 0
    with as_system("memberships are written by their services alone"):
        alone(user.pk)
        row = _live(user)
        term = settle_time(row)
        if term.status != "active":
            raise MembershipNotActive
        if plan.pk == row.plan_id:
            _take_back_change(row, term)
        elif not plan.active or plan.deleted_at is not None or plan.currency != row.currency:
            raise PlanNotForSale
        elif plan.rank > row.plan.rank:
            invoice = _upgrade_invoice(row, plan)
            given = int(invoice.credit_minor)
            order = _pay_upgrade(row, invoice, user, gateway, rewards_minor)
        else:
            _schedule(row, term, plan, user, accept_losses)
        audit.record(
            "membership.change", actor=user.pk, target=row.pk, plan=plan.code, accepted=sorted(accept_losses)
        )
    return Standing(_fresh(row), present_order(order) if order else None, credit_minor=given)


def _upgrade_invoice(row: Membership, plan: Plan) -> MembershipInvoice:
    """The step up at today's credit; the same one while both stay.

    A whole new period, or, where the gateway charges the next cycle, what is left of the present one at the new price:
    then the cycle stays, and no day is paid for twice.
    """
    now, price, until = clock.now(), plan.price_minor, period_end(clock.now(), plan.interval, clock.now().day)
    worth = 0
    if row.period_start and row.period_end:
        worth = credit(row.price_minor, row.period_start, row.period_end, now)
        rest = credit(plan.price_minor, row.period_start, row.period_end, now)
        if standing.can_carry(row, plan) and rest > 0:
            price, until = rest, row.period_end
    found = open_invoice(row)
    if found and found.kind == InvoiceKind.UPGRADE:
        same = (found.plan_id, found.price_minor, found.credit_minor) == (plan.pk, price, worth)
        if same:
            return found
    void_open_invoice(row)
    return new_invoice(
        row,
        InvoiceKind.UPGRADE,
        plan,
        price_minor=price,
        credit_minor=worth,
        old_plan=row.plan,
        old_period_end=row.period_end,
        period_start=now,
        period_end=until,
    )


def _pay_upgrade(
    row: Membership, invoice: MembershipInvoice, user: User, gateway: str | None, rewards_minor: int | None
) -> Payment | None:
    if invoice.due_minor:
        return _order(row, user, gateway or row.gateway or None, rewards_minor)
    if not apply_paid(row, invoice, None):
        raise MembershipNotActive
    give_rest(invoice, user.pk)
    return None


def _schedule(row: Membership, term: Term, plan: Plan, user: User, accepted: Collection[str]) -> None:
    """Raises BelowUsage, LossNotAccepted."""
    demand_accepted(user, plan, term.period_end or clock.now(), accepted)
    after = machine.downgrade(term, clock.now(), rules(), plan=plan.pk)
    if after is None:
        raise MembershipNotActive
    void_open_invoice(row)
    if standing.can_carry(row, plan):
        carry_plan(row)
    else:
        drop_subscription(row, at_period_end=True)  # it would go on charging the old price
    become(row, after, told_until=None)


def _take_back_change(row: Membership, term: Term) -> None:
    after = machine.downgrade(term, clock.now(), rules(), plan=row.plan_id)
    if row.next_plan_id is None or after is None:
        raise SamePlan
    void_open_invoice(row)
    carry_plan(row)
    become(row, after, told_until=None)


def demand_accepted(user: User, plan: Plan, at: datetime, accepted: Collection[str]) -> None:
    """Does this person use no more than the plan gives from `at` on, but for what they accept to lose?

    Raises BelowUsage for what can't be given up, LossNotAccepted for what could be.
    """
    found = shortfalls(user, plan.code, plan.benefits, at)
    final = [one.text for one in found.values() if one.final]
    losses = {code: [one.text] for code, one in found.items() if not one.final and code not in accepted}
    if final:
        raise BelowUsage(final, losses)
    if losses:
        raise LossNotAccepted(losses)


def cancel(*, user: User, reason: str = "", note: str = "") -> Membership:
    """Leave at the end of what is paid, at once where nothing is. Repeating is fine. Raises NoMembership."""
    with as_system("memberships are written by their services alone"):
        alone(user.pk)
        row = _live(user)
        settle_time(row)
        after = machine.cancel(term_of(row), clock.now(), rules())
        if after is None:
            raise NoMembership
        void_open_invoice(row)
        drop_subscription(row, at_period_end=after.live)
        become(
            row,
            after,
            churn_reason=reason or row.churn_reason,
            churn_note=note or row.churn_note,
            told_until=None,
        )
        audit.record("membership.cancel", actor=user.pk, target=row.pk, reason=reason)
        return _fresh(row)


def resume(*, user: User, gateway: str | None = None) -> Standing:
    """Take a cancellation back, or get the order for a period that was not paid. Call it outside of transactions.

    A standing order that ended at its gateway does not come back: the periods are then sold as orders. Raises
    NoMembership (404), NotResumable (409), and what payments raises.
    """
    order = None
    with as_system("memberships are written by their services alone"):
        alone(user.pk)
        row = _live(user)
        term = settle_time(row)
        if term.status in {"past_due", "halted"}:
            offer_renewal(row)
            order = _order(row, user, gateway or row.gateway or None, None)
        else:
            after = machine.resume(term, clock.now(), rules())
            if after is None:
                raise NotResumable
            become(row, after, churn_reason="", churn_note="", told_until=None)
        audit.record("membership.resume", actor=user.pk, target=row.pk)
    return Standing(_fresh(row), present_order(order) if order else None)


def _live(user: User) -> Membership:
    row = live_of(user.pk)
    if row is None or not settle_time(row).live:
        raise NoMembership
    return row


def _order(row: Membership, user: User, gateway: str | None, rewards_minor: int | None) -> Payment:
    return open_order(payer=user, target=Ref(KIND, row.pk), gateway=gateway, rewards_minor=rewards_minor)


def _fresh(row: Membership) -> Membership:
    with as_system("the caller's own membership"):
        found: Membership = Membership.objects.select_related("plan", "next_plan", "subscription").get(
            pk=row.pk
        )
        return found
