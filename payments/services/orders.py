"""Opening an order: the quote becomes a Payment in the caller's transaction, the gateway's order follows outside."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import IntegrityError

from core import clock
from core.errors import NotFound
from core.ids import uuid7
from core.refs import Ref
from core.rls import as_system
from payments.errors import (
    AmountNotPossible,
    MoreRewardsThanDue,
    NotEnoughRewards,
    NothingToPay,
    PaymentClosed,
)
from payments.models import Payment, PaymentStatus
from payments.models.money import OPEN
from payments.outside import gateway_named
from payments.ports import ExpiringPayable, Gateway, Quote, gateways, payables
from payments.selectors import choose_gateway, payment_payload
from payments.services import rewards
from payments.services.settling import apply
from payments.services.timeline import note
from users.models import User

FIRST_CHECK = timedelta(minutes=15)
LIFETIME = timedelta(days=3)  # of an order without a hold


def open_order(
    *, payer: User | None, target: Ref, gateway: str | None = None, rewards_minor: int | None = None
) -> Payment:
    """The open payment of `target` for this payer (None: a guest), quoted now; call it in your transaction.

    Repeating returns the same payment while price, payer and gateway stay; a changed price or gateway closes the
    old one and opens a new one. `gateway` None or "razorpay" is the online default; "cash" is the counter.
    `rewards_minor` of the payer's rewards pay a part (None: as many as an open payment of it holds already); when
    they pay all, the payment is settled here and now. Raises PaymentsDisabled (503), UnknownGateway (400),
    AmountNotPossible, NotEnoughRewards, MoreRewardsThanDue (409), and what the quote raises.
    """
    way = choose_gateway(gateway)
    plug = payables.get(target.kind)
    if plug is None:
        raise NotFound
    quote = plug.quote(target.id, payer)
    with as_system("payment rows are written by the till alone"):
        found = _open_one(target)
        if rewards_minor is None:
            rewards_minor = found.rewards_minor if found and found.rewards_held else 0
        order = _Order.made(payer, target, way, quote, rewards_minor)
        if found and _still_good(found, order):
            return found
        return _insert(order)


def present_order(payment: Payment) -> dict[str, Any]:
    """The payment as clients see it, its gateway order made if it has none yet; call it outside transactions.

    Idempotent by receipt: after a lost answer the retry finds the same order. Raises GatewayUnavailable (503).
    """
    return payment_payload(ensure_gateway_order(payment))


def ensure_gateway_order(payment: Payment) -> Payment:
    """Make (or find) the order at the gateway and remember its id."""
    way = gateway_named(payment.gateway)
    if payment.gateway_order_id or not way.can.orders or payment.status not in OPEN:
        return payment
    order = way.create_order(
        receipt=payment.receipt,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        notes={
            "payment_id": str(payment.pk),
            "subject": str(payment.target),
            "description": payment.description,
        },
    )
    return remember_order(payment, order.id)


def remember_order(payment: Payment, order_id: str) -> Payment:
    """Keep the gateway's id; of two that raced, both hold the id of the one order."""
    with as_system("payment rows are written by the till alone"):
        if Payment.objects.filter(pk=payment.pk, gateway_order_id=None).update(gateway_order_id=order_id):
            note(payment, "order_created", "api", order_id)
        return Payment.objects.get(pk=payment.pk)


def expire(payment: Payment, *, source: str = "timer", abandoned: bool = False) -> bool:
    """Close an unpaid payment whose time is over and tell its payable. False when it isn't unpaid any more.

    `abandoned` closes an authorised one too: nobody captured it, so its gateway gives it back by itself.
    """
    unpaid = {PaymentStatus.CREATED, PaymentStatus.FAILED} | (
        {PaymentStatus.AUTHORIZED} if abandoned else set()
    )
    with as_system("the timer acts for all"):
        locked = Payment.objects.select_for_update().get(pk=payment.pk)
        if locked.status not in unpaid or locked.captured_minor:
            return False
        _close(locked, source)
        plug: object = payables.get(locked.subject_kind)
        if isinstance(plug, ExpiringPayable):
            plug.expired(locked.subject_id)
        return True


def cancel_order(payment: Payment) -> None:
    """Close an unpaid payment because its thing is gone (a cancelled booking). Money that still comes is refunded.

    Raises PaymentClosed when it is paid or being paid.
    """
    with as_system("payment rows are written by the till alone"):
        locked = Payment.objects.select_for_update().get(pk=payment.pk)
        if locked.status == PaymentStatus.EXPIRED:
            return
        if locked.status not in {PaymentStatus.CREATED, PaymentStatus.FAILED} or locked.captured_minor:
            raise PaymentClosed
        _close(locked, "api")


# -- Inside


@dataclass(frozen=True, slots=True)
class _Order:
    """What shall be paid: `amount_minor` by the gateway, `rewards_minor` from the payer's rewards on top."""

    payer: User | None
    target: Ref
    way: Gateway
    quote: Quote
    amount_minor: int
    rewards_minor: int

    @classmethod
    def made(
        cls, payer: User | None, target: Ref, way: Gateway, quote: Quote, rewards_minor: int
    ) -> "_Order":
        """Rewards that pay for all are a gateway of their own. Raises what `open_order` does."""
        _demand_sound(quote, way)
        if rewards_minor and payer is None:
            raise NotEnoughRewards("Please log in to use rewards.")
        if rewards_minor > quote.amount_minor:
            raise MoreRewardsThanDue(fields={"rewards_minor": [f"{quote.amount_minor} is due."]})
        due = quote.amount_minor - rewards_minor
        if due == 0:
            return cls(payer, target, gateways[rewards.GATEWAY], quote, quote.amount_minor, 0)
        if due < (least := way.can.minimums.get(quote.currency, 1)):
            raise AmountNotPossible(f"The smallest amount here is {least} minor units of {quote.currency}.")
        return cls(payer, target, way, quote, due, rewards_minor)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The quote's, and what the rewards take off; together the amount."""
        lines = [
            {
                "label": line.label,
                "quantity": line.quantity,
                "amount_minor": line.amount_minor,
                "tax_minor": line.tax_minor,
            }
            for line in self.quote.lines
        ]
        if not self.rewards_minor:
            return lines
        whole = {"label": self.quote.description, "amount_minor": self.quote.amount_minor}
        off = {"label": "Paid with rewards", "amount_minor": -self.rewards_minor}
        return [
            *(lines or [whole | {"quantity": 1, "tax_minor": 0}]),
            off | {"quantity": 1, "tax_minor": 0},
        ]


def _demand_sound(quote: Quote, way: Gateway) -> None:
    if quote.amount_minor <= 0:
        raise NothingToPay
    if quote.lines and sum(line.amount_minor for line in quote.lines) != quote.amount_minor:
        raise ValueError("The lines of a quote must sum to its amount.")
    if way.can.currencies and quote.currency not in way.can.currencies:
        raise AmountNotPossible(f"{way.name} doesn't take {quote.currency}.")


def _open_one(target: Ref) -> Payment | None:
    found: Payment | None = (
        Payment.objects.select_for_update()
        .filter(subject_kind=target.kind, subject_id=target.id, status__in=OPEN)
        .first()
    )
    return found


def _still_good(found: Payment, order: _Order) -> bool:
    """May the open payment go on? One that differs is closed, unless its money is under way."""
    same = (found.amount_minor, found.rewards_minor, found.currency, found.gateway, found.user_id) == (
        order.amount_minor,
        order.rewards_minor,
        order.quote.currency,
        order.way.name,
        order.payer.pk if order.payer else None,
    )
    over = found.expires_at is not None and found.expires_at <= clock.now()
    if (same and not over) or found.status == PaymentStatus.AUTHORIZED or found.captured_minor:
        return True
    _close(found, "api")
    return False


def _insert(order: _Order) -> Payment:
    payment_id, now = uuid7(), clock.now()
    target, way, quote = order.target, order.way, order.quote
    try:
        with as_system("a savepoint: another request may open the same payment just now"):
            payment: Payment = Payment.objects.create(
                id=payment_id,
                subject_kind=target.kind,
                subject_id=target.id,
                user=order.payer,
                gateway=way.name,
                amount_minor=order.amount_minor,
                rewards_minor=order.rewards_minor,
                currency=quote.currency,
                description=quote.description[:200],
                lines=order.lines,
                payee_id=quote.payee_id,
                commission_bps=quote.commission_bps,
                receipt=str(payment_id),
                expires_at=quote.expires_at or (now + LIFETIME if way.can.online else None),
                next_check_at=now + FIRST_CHECK if way.can.online else None,
            )
    except IntegrityError:
        found: Payment = Payment.objects.get(subject_kind=target.kind, subject_id=target.id, status__in=OPEN)
        return found
    note(payment, "opened", "api", f"{payment.amount_minor} {payment.currency}")
    rewards.hold(payment)
    if way.name == rewards.GATEWAY:
        rewards.demand(payment.user_id, payment.amount_minor, payment.currency)
        apply(payment, rewards.seen(payment), "rewards")
    return payment


def _close(payment: Payment, source: str) -> None:
    payment.status = PaymentStatus.EXPIRED
    payment.save(update_fields=["status"])
    note(payment, "expired", source)
    rewards.release(payment)
