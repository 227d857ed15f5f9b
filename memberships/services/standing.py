"""Standing orders at gateways that have them: the gateway renews, and tells us of each charge.

A membership believes only the subscription that it holds: news of one that it let go changes nothing, and its
charges go back.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from core import audit, clock
from core.refs import Ref
from core.rls import as_system
from memberships.calendar import period_end
from memberships.machine import failed, next_start, paid
from memberships.models import InvoiceKind, InvoiceStatus, Membership, MembershipInvoice, Plan, PlanAtGateway
from memberships.services.lives import (
    KIND,
    become,
    carry_plan,
    drop_subscription,
    locked,
    locked_alone,
    new_invoice,
    rules,
    term_of,
    void_open_invoice,
)
from memberships.services.paying import begin
from memberships.states import LIVE
from payments.errors import GatewayDeclined, NotSupported
from payments.models import GatewaySubscription, Payment, SubscriptionStatus
from payments.selectors import choose_gateway
from payments.services import refund, subscriptions
from users.models import User

CYCLES = {"week": 520, "month": 120, "quarter": 40, "year": 10}  # ten years, as long as Razorpay allows
AT_GATEWAYS = {"week", "month", "year"}  # intervals that gateways know
CHANGEABLE = {
    SubscriptionStatus.AUTHENTICATED,
    SubscriptionStatus.ACTIVE,
}  # in others gateways refuse a change
OVER = {SubscriptionStatus.CANCELLED, SubscriptionStatus.COMPLETED, SubscriptionStatus.EXPIRED}


def can_stand(gateway: str | None, plan: Plan) -> bool:
    """Would the gateway renew this plan by itself? Raises what `choose_gateway` does."""
    way = choose_gateway(gateway)
    return way.can.subscriptions and way.enabled and plan.interval in AT_GATEWAYS


def start(row: Membership, user: User, gateway: str | None) -> GatewaySubscription:
    """The standing order of a membership that waits for its first payment; call it outside transactions.

    Repeating gives the same one while plan and price stay. Raises GatewayUnavailable, GatewayDeclined.
    """
    plan = row.plan
    found = row.subscription
    if found and (found.amount_minor, found.status) == (plan.price_minor, SubscriptionStatus.CREATED):
        return found
    made = subscriptions.subscribe(
        payer=user,
        target=Ref(KIND, row.pk),
        plan_id=_plan_there(plan, gateway),
        amount_minor=plan.price_minor,
        currency=plan.currency,
        description=f"{plan.name} membership",
        cycles=CYCLES[plan.interval],
        gateway=gateway,
    )
    with as_system("memberships are written by their services alone"):
        Membership.objects.filter(pk=row.pk, status="incomplete").update(subscription=made)
    return made


def _plan_there(plan: Plan, gateway: str | None) -> str:
    """The plan's id at the gateway, made when first needed."""
    terms: dict[str, Any] = {
        "plan": plan,
        "gateway": choose_gateway(gateway).name,
        "price_minor": plan.price_minor,
        "currency": plan.currency,
        "interval": plan.interval,
    }
    with as_system("plans at gateways are nobody's"):
        known = PlanAtGateway.objects.filter(**terms).first()
    if known:
        return known.gateway_plan_id
    _, made = subscriptions.make_plan(
        name=plan.name,
        amount_minor=plan.price_minor,
        currency=plan.currency,
        interval=plan.interval,
        gateway=gateway,
    )
    with as_system("plans at gateways are nobody's"):
        PlanAtGateway.objects.bulk_create(
            [PlanAtGateway(**terms, gateway_plan_id=made)], ignore_conflicts=True
        )
        return PlanAtGateway.objects.get(**terms).gateway_plan_id


def can_carry(row: Membership, plan: Plan) -> bool:
    """Would the gateway that renews this membership charge another plan from the next cycle on?

    It keeps its cycles, so the interval must be the same.
    """
    if row.subscription is None or plan.interval != row.interval or plan.interval not in AT_GATEWAYS:
        return False
    return row.subscription.status in CHANGEABLE and subscriptions.can_change(row.subscription)


def carry(membership_id: UUID) -> None:
    """Let the gateway charge what the membership wants from the next cycle on; call it outside transactions.

    Where the gateway says no (how this one is paid, its state), the standing order ends with the paid period and our
    own job sells the next. Raises GatewayUnavailable when it has to be tried again.
    """
    with as_system("memberships are kept for all"):
        rows = Membership.objects.select_related("plan", "next_plan", "subscription")
        row = rows.filter(pk=membership_id, status__in=LIVE, subscription__isnull=False).first()
        now_charged = _plan_of(row.subscription.gateway, row.subscription.gateway_plan_id) if row else None
    if row is None or row.subscription.status in OVER:
        return
    wanted: Plan = row.next_plan or row.plan
    try:
        if wanted == now_charged:
            subscriptions.keep_plan(row.subscription)
        else:
            there = _plan_there(wanted, row.subscription.gateway)
            subscriptions.change_plan(row.subscription, plan_id=there, amount_minor=wanted.price_minor)
    except (GatewayDeclined, NotSupported):
        _let_go(membership_id, row.subscription_id)


def _let_go(membership_id: UUID, subscription_id: UUID) -> None:
    """The standing order can't be changed: it ends with what is paid."""
    with as_system("memberships are kept for all"):
        row = locked(membership_id)
        if row is not None and row.subscription_id == subscription_id:
            drop_subscription(row, at_period_end=True)
            row.told_until = None  # the next period is for sale now, and they must hear of it
            row.save(update_fields=["subscription", "told_until"])
            audit.record("membership.gateway_keeps_no_plan", target=row.pk)


def _plan_of(gateway: str, gateway_plan_id: str) -> Plan | None:
    """Our plan that a gateway knows by this id."""
    found = PlanAtGateway.objects.select_related("plan").filter(
        gateway=gateway, gateway_plan_id=gateway_plan_id
    )
    known = found.first()
    return known.plan if known else None


def stop(subscription_id: UUID, *, at_period_end: bool) -> None:
    """End a standing order at its gateway, outside transactions; one that is over already is fine.

    Raises GatewayUnavailable when it has to be tried again.
    """
    with as_system("memberships are kept for all"):
        row = GatewaySubscription.objects.get(pk=subscription_id)
    if row.status in OVER:
        return
    try:
        subscriptions.cancel(row, at_period_end=at_period_end)
    except GatewayDeclined:
        return  # not cancellable there: never authorised, or over


def changed(membership_id: UUID, status: str) -> None:
    """The gateway's state of the subscription that the membership holds; called while it is settled."""
    with as_system("the till settles for all"):
        row = locked_alone(membership_id)
        if row is None or row.subscription is None or row.subscription.status != status:
            return
        if status in OVER:  # from now on our own job sells the periods
            row.subscription = None
            row.save(update_fields=["subscription"])
            return
        if status in {SubscriptionStatus.PENDING, SubscriptionStatus.HALTED}:
            final = status == SubscriptionStatus.HALTED
            after = failed(term_of(row), clock.now(), rules(), final=final)
            if after is not None:
                become(row, after)


def charged(membership_id: UUID, payment_id: UUID, until: datetime | None) -> bool:
    """One period was charged; False when it isn't ours to take: payments gives it back."""
    with as_system("the till settles for all"):
        row = locked_alone(membership_id)
        payment = Payment.objects.get(pk=payment_id)
        if row is None or row.subscription_id is None or payment.subscription_id != row.subscription_id:
            return False
        now, term = clock.now(), term_of(row)
        begins = next_start(term, now, rules())
        ends = until or period_end(begins, row.interval, row.anchor_day)
        after = paid(term, now, rules(), start=begins, end=ends)
        charged_plan = _plan_of(payment.gateway, payment.gateway_plan_id) or row.plan
        if after is None:
            return term.live and _out_of_order(row, payment, charged_plan)
        if charged_plan.pk not in {row.plan_id, row.next_plan_id}:
            return _of_another_plan(row)
        void_open_invoice(row)
        wanted: Plan = row.next_plan or row.plan
        invoice = _charged_invoice(row, payment, wanted, begins, ends)
        if charged_plan != wanted:  # the change came too late for this cycle
            _give_difference(invoice, payment)
            carry_plan(row)
        begin(row, after, invoice, begins)
        return True


def _of_another_plan(row: Membership) -> bool:
    """The gateway charged a plan that the member neither has nor wants any more: it goes back, and no more of them."""
    drop_subscription(row)
    row.save(update_fields=["subscription"])
    return False


def _give_difference(invoice: MembershipInvoice, payment: Payment) -> None:
    """The larger plan was charged once more: the member has the smaller one, at its price."""
    above = int(payment.worth_minor - invoice.plan.price_minor)
    if above > 0:
        refund(
            payment=payment,
            amount_minor=above,
            reason="The smaller plan costs less",
            key=f"plan-{payment.pk}",
        )
        invoice.price_minor = invoice.plan.price_minor
        invoice.save(update_fields=["price_minor"])


def _charged_invoice(
    row: Membership,
    payment: Payment,
    plan: Plan,
    start: datetime | None = None,
    end: datetime | None = None,
) -> MembershipInvoice:
    """Paid from its first moment on: another one may be open. The price is what was agreed, whatever it is by now."""
    return new_invoice(
        row,
        InvoiceKind.RENEWAL if row.started_at else InvoiceKind.FIRST,
        plan,
        price_minor=payment.worth_minor,
        status=InvoiceStatus.PAID,
        paid_at=clock.now(),
        payment_id=payment.pk,
        period_start=start,
        period_end=end,
    )


def _out_of_order(row: Membership, payment: Payment, plan: Plan) -> bool:
    """A charge of a period that is covered: the news of a later one came first, or it is one too many."""
    charged = MembershipInvoice.objects.filter(
        membership=row,
        status=InvoiceStatus.PAID,
        payment_id__in=Payment.objects.filter(subscription_id=row.subscription_id).values("pk"),
    )
    if charged.count() >= _periods(row):
        return False
    _charged_invoice(row, payment, plan)
    return True


def _periods(row: Membership) -> int:
    """How many periods lie between the beginning of the membership and the end of what is paid."""
    at, number = row.started_at, 0
    while at and row.period_end and number < 1000 and at < row.period_end:
        at, number = period_end(at, row.interval, row.anchor_day), number + 1
    return number
