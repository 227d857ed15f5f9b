"""Standing orders at the gateway, for things that are paid again and again."""

from contextlib import suppress
from typing import Any

from core.ids import uuid7
from core.refs import Ref
from core.rls import as_system
from payments import states
from payments.errors import GatewayDeclined, NotSupported, UnknownOrder
from payments.models import GatewayPayment, GatewaySubscription, Payment, SubscriptionStatus
from payments.outside import gateway_named
from payments.ports import SeenPayment, SeenSubscription, SubscriptionGateway, gateways, subscribers
from payments.selectors import choose_gateway
from payments.services.again import again
from payments.services.settling import apply
from payments.services.timeline import note
from users.models import User


def make_plan(
    *, name: str, amount_minor: int, currency: str, interval: str, gateway: str | None = None
) -> tuple[str, str]:
    """(gateway, plan id) of a new plan; `interval` is day, week, month or year. Call it outside transactions.

    Raises NotSupported where the gateway has no subscriptions: then sell each period as an order of its own.
    """
    way, service = _service(gateway)
    plan = service.create_plan(name=name, amount_minor=amount_minor, currency=currency, interval=interval)
    return way, plan


def subscribe(
    *,
    payer: User,
    target: Ref,
    plan_id: str,
    amount_minor: int,
    currency: str,
    description: str,
    cycles: int,
    gateway: str | None = None,
) -> GatewaySubscription:
    """Open a subscription at the gateway; the payer authorises it at `short_url` or in the client's checkout.

    Call it outside transactions. An answer that is lost leaves a subscription that nobody authorises: it never
    charges.
    """
    way, service = _service(gateway)
    seen = service.create_subscription(plan_id=plan_id, cycles=cycles, notes={"subject": str(target)})
    with as_system("payment rows are written by the till alone"):
        made: GatewaySubscription = GatewaySubscription.objects.create(
            subject_kind=target.kind,
            subject_id=target.id,
            user=payer,
            gateway=way,
            gateway_subscription_id=seen.id,
            gateway_plan_id=plan_id,
            amount_minor=amount_minor,
            terms={plan_id: amount_minor},
            currency=currency,
            description=description[:200],
            short_url=seen.short_url,
        )
        return made


def cancel(subscription: GatewaySubscription, *, at_period_end: bool) -> GatewaySubscription:
    """Cancel at the gateway; call it outside transactions."""
    _, service = _service(subscription.gateway)
    seen = service.cancel_subscription(subscription.gateway_subscription_id, at_period_end=at_period_end)
    return settle_subscription(gateway=subscription.gateway, seen=seen, source="api")


def can_change(subscription: GatewaySubscription) -> bool:
    """Does its gateway know how to change the plan of a subscription? One of them may still be refused."""
    return gateways[subscription.gateway].can.plan_changes


def change_plan(subscription: GatewaySubscription, *, plan_id: str, amount_minor: int) -> GatewaySubscription:
    """Charge another plan from the next cycle on; call it outside transactions, the same again is fine.

    What was agreed is written down first, so that a charge finds its price whatever becomes of the answer. Raises
    GatewayDeclined where this one can't be changed, GatewayUnavailable when it has to be tried again.
    """
    with as_system("payment rows are written by the till alone"):
        rows: Any = GatewaySubscription.objects.select_for_update(no_key=True)
        row: GatewaySubscription = rows.get(pk=subscription.pk)
        row.terms = {row.gateway_plan_id: row.amount_minor} | row.terms | {plan_id: amount_minor}
        row.next_gateway_plan_id = plan_id
        row.save(update_fields=["terms", "next_gateway_plan_id"])
    _, service = _service(row.gateway)
    service.change_plan(row.gateway_subscription_id, plan_id=plan_id)
    return row


def keep_plan(subscription: GatewaySubscription) -> None:
    """Take back a change that was asked for; call it outside transactions. Fine where none is waiting any more."""
    if not subscription.next_gateway_plan_id:
        return
    _, service = _service(subscription.gateway)
    with suppress(GatewayDeclined):  # it never arrived, or its cycle has begun: then a charge tells
        service.keep_plan(subscription.gateway_subscription_id)
    with as_system("payment rows are written by the till alone"):
        GatewaySubscription.objects.filter(
            pk=subscription.pk, next_gateway_plan_id=subscription.next_gateway_plan_id
        ).update(next_gateway_plan_id="")


def settle_subscription(
    *, gateway: str, seen: SeenSubscription, source: str, charge: SeenPayment | None = None
) -> GatewaySubscription:
    """Take note of a subscription as its gateway shows it, and of the charge that came with it, once each.

    Raises UnknownOrder when it is not ours.
    """

    def deed() -> GatewaySubscription:
        with as_system("money is settled for all"):
            rows: Any = GatewaySubscription.objects.select_for_update(no_key=True)
            row: GatewaySubscription | None = rows.filter(
                gateway=gateway, gateway_subscription_id=seen.id
            ).first()
            if row is None:
                raise UnknownOrder
            _move(row, seen)
            if charge is not None and charge.status in {"captured", "refunded"}:
                _charge(row, charge, seen.plan_id or row.gateway_plan_id, source)
            return row

    return again(deed)


# -- Inside


def _service(gateway: str | None) -> tuple[str, SubscriptionGateway]:
    way = gateway_named(choose_gateway(gateway).name)
    service: object = way
    if not way.can.subscriptions or not isinstance(service, SubscriptionGateway):
        raise NotSupported
    return way.name, service


def _move(row: GatewaySubscription, seen: SeenSubscription) -> None:
    """Status and period, forward only: an old event changes nothing."""
    known = seen.status in SubscriptionStatus.values
    older = bool(seen.period_end and row.period_end and seen.period_end < row.period_end)
    moved = known and not older and states.may(states.SUBSCRIPTION, row.status, seen.status)
    longer = bool(seen.period_end and (row.period_end is None or seen.period_end > row.period_end))
    if moved:
        row.status = seen.status
    if longer:
        row.period_start, row.period_end = seen.period_start, seen.period_end
        if seen.plan_id in row.terms:
            row.gateway_plan_id, row.amount_minor = seen.plan_id, row.agreed(seen.plan_id)
            if row.next_gateway_plan_id == seen.plan_id:
                row.next_gateway_plan_id = ""
    if moved or longer:
        row.save(
            update_fields=[
                "status", "period_start", "period_end", "gateway_plan_id", "amount_minor", "next_gateway_plan_id",
            ]
        )  # fmt: skip
        subscribers[row.subject_kind].changed(row.subject_id, row.status, row.period_end)


def _charge(row: GatewaySubscription, charge: SeenPayment, plan_id: str, source: str) -> None:
    """One paid period is one payment; the amount is compared with what was agreed."""
    if GatewayPayment.objects.filter(gateway=row.gateway, gateway_payment_id=charge.id).exists():
        return
    identity = uuid7()
    payment: Payment = Payment.objects.create(
        id=identity,
        subject_kind=row.subject_kind,
        subject_id=row.subject_id,
        user_id=row.user_id,
        subscription=row,
        gateway=row.gateway,
        gateway_plan_id=plan_id,
        amount_minor=row.agreed(plan_id),
        currency=row.currency,
        description=row.description,
        receipt=str(identity),
        gateway_order_id=charge.order_id or None,
    )
    note(payment, "charged", source, row.gateway_subscription_id)
    apply(payment, charge, source)
