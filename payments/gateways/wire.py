"""Razorpay's JSON, read with mistrust: only status, amounts, currency and ids are taken, each checked for type.

The sandbox speaks the same shapes.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from django.utils.crypto import salted_hmac

from payments.errors import OddAnswer
from payments.gateways.signatures import checkout_message, demand
from payments.ports import (
    ClientResult,
    GatewayEvent,
    GatewayOrder,
    SeenDispute,
    SeenPayment,
    SeenRefund,
    SeenSubscription,
    SeenTransfer,
)

PAYMENT_EVENTS = {"order.paid", "payment.authorized", "payment.captured", "payment.failed"}
REFUND_EVENTS = {"refund.created", "refund.processed", "refund.failed"}
DISPUTE_EVENTS = {f"payment.dispute.{phase}" for phase in ("created", "won", "lost", "closed")}
SUBSCRIPTION_EVENTS = {
    f"subscription.{phase}"
    for phase in (
        "authenticated", "activated", "charged", "completed", "pending", "halted", "cancelled", "paused", "resumed",
    )
}  # fmt: skip
TRANSFER_EVENTS = {"transfer.processed", "transfer.failed"}


def text(data: Any, key: str, *, needed: bool = False, longest: int = 64) -> str:
    value = data.get(key) if isinstance(data, Mapping) else None
    if value is None and not needed:
        return ""
    if not isinstance(value, str) or (needed and not value) or len(value) > longest or "\x00" in value:
        raise OddAnswer(f"{key} is not a text of at most {longest} characters")
    return value


def amount(data: Any, key: str = "amount") -> int:
    value = data.get(key) if isinstance(data, Mapping) else None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**62:
        raise OddAnswer(f"{key} is not an amount")
    return value


def currency(data: Any) -> str:
    value = text(data, "currency", needed=True, longest=3).upper()
    if len(value) != 3 or not value.isascii() or not value.isalpha():
        raise OddAnswer("currency is not an ISO 4217 code")
    return value


def instant(data: Any, key: str) -> datetime | None:
    value = data.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 2**33:
        return None
    return datetime.fromtimestamp(value, UTC)


def read_order(data: Any) -> GatewayOrder:
    return GatewayOrder(text(data, "id", needed=True), text(data, "receipt"), amount(data), currency(data))


def read_payment(data: Any) -> SeenPayment:
    status = text(data, "status", needed=True)
    if status not in {"created", "authorized", "captured", "refunded", "failed"}:
        raise OddAnswer("status of the payment is unknown")
    if status == "refunded" and data.get("captured") is False:
        status = "failed"  # never captured: an authorisation that ran out and went back by itself
    return SeenPayment(
        id=text(data, "id", needed=True),
        order_id=text(data, "order_id"),
        status=status,
        amount_minor=amount(data),
        currency=currency(data),
        method=text(data, "method"),
        error=text(data, "error_description", longest=2000)[:200],
        instrument=instrument(data),
    )


def instrument(data: Any) -> str:
    """A keyed hash of the account or card that was paid with; "" where the gateway doesn't tell enough of it.

    It only ever serves to see that two people pay with the same one: what it was can't be read back.
    """
    parts = [text(data, "vpa", longest=256).lower()]
    card = data.get("card")
    if not parts[0] and isinstance(card, Mapping):
        names = ("last4", "network", "type", "issuer", "name")
        parts = [str(card.get(name) or "")[:80].lower() for name in names]
        parts = parts if parts[0] and parts[-1] else [""]
    if not any(parts):
        return ""
    return salted_hmac("payments.instrument", "|".join(parts), algorithm="sha256").hexdigest()


def read_refund(data: Any) -> SeenRefund:
    status = text(data, "status", needed=True)
    if status not in {"pending", "processed", "failed"}:
        raise OddAnswer("status of the refund is unknown")
    return SeenRefund(
        id=text(data, "id", needed=True),
        payment_id=text(data, "payment_id", needed=True),
        amount_minor=amount(data),
        currency=currency(data),
        status=status,
        key=text(_notes(data), "key", longest=80),
    )


def read_dispute(data: Any, phase: str) -> SeenDispute:
    return SeenDispute(
        id=text(data, "id", needed=True),
        payment_id=text(data, "payment_id", needed=True),
        amount_minor=amount(data),
        currency=currency(data),
        phase=phase,
        reason=text(data, "reason_code", longest=200),
    )


def read_subscription(data: Any) -> SeenSubscription:
    status = text(data, "status", needed=True)
    return SeenSubscription(
        id=text(data, "id", needed=True),
        status=status,
        plan_id=text(data, "plan_id"),
        period_start=instant(data, "current_start"),
        period_end=instant(data, "current_end"),
        short_url=text(data, "short_url", longest=300),
    )


def read_transfer(data: Any) -> SeenTransfer:
    status = text(data, "status") or "pending"
    return SeenTransfer(
        id=text(data, "id", needed=True),
        amount_minor=amount(data),
        currency=currency(data),
        status="pending" if status in {"created", "pending"} else status,
        key=text(_notes(data), "key", longest=80),
        error=text(data.get("error") or {}, "description", longest=2000)[:200],
    )


def read_reversal(data: Any) -> SeenTransfer:
    """A transfer that went back, or a part of it."""
    return SeenTransfer(
        id=text(data, "id", needed=True),
        amount_minor=amount(data),
        currency=currency(data),
        status="reversed",
        key=text(_notes(data), "key", longest=80),
    )


def _notes(data: Any) -> Any:
    notes = data.get("notes")
    return notes if isinstance(notes, Mapping) else {}  # Razorpay answers [] for no notes


# -- Signed things


def client_result(data: Mapping[str, Any], secrets: list[str]) -> ClientResult:
    """The three fields that a checkout gives to the client. Raises BadSignature."""
    payment_id = str(data.get("razorpay_payment_id") or "")
    order_id = str(data.get("razorpay_order_id") or "")
    subscription_id = str(data.get("razorpay_subscription_id") or "")
    demand(
        checkout_message(payment_id=payment_id, order_id=order_id, subscription_id=subscription_id),
        data.get("razorpay_signature"),
        secrets,
    )
    return ClientResult(payment_id, order_id, subscription_id)


def webhook(raw: bytes, headers: Mapping[str, str], secrets: list[str]) -> GatewayEvent:
    """Verify the raw bytes, then read them. Raises BadSignature; never fails on what is inside."""
    lower = {key.lower(): value for key, value in headers.items()}
    demand(raw, lower.get("x-razorpay-signature"), secrets)
    given = lower.get("x-razorpay-event-id", "")
    plausible = 0 < len(given) <= 64 and given.isascii() and given.isprintable()
    event_id = given if plausible else f"sha256:{hashlib.sha256(raw).hexdigest()}"
    try:
        return event(raw, event_id)
    except OddAnswer:
        return GatewayEvent(event_id, _kind(raw))  # stored; what is odd about it comes up when it is handled


def event(raw: bytes, event_id: str) -> GatewayEvent:
    """The event in a verified body. An unknown kind carries nothing; a known one that is odd raises
    OddAnswer, so that it stays pending and staff see it.
    """
    kind = _kind(raw)
    try:
        return _read(kind, event_id, orjson.loads(raw))
    except orjson.JSONDecodeError:
        return GatewayEvent(event_id, kind)
    except (KeyError, TypeError, AttributeError) as problem:
        raise OddAnswer(f"The event {kind} lacks {problem}.") from problem


def _kind(raw: bytes) -> str:
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return "unreadable"
    kind = body.get("event") if isinstance(body, dict) else None
    return kind[:60].replace("\x00", "") if isinstance(kind, str) and kind else "unreadable"


def _read(kind: str, event_id: str, body: Any) -> GatewayEvent:
    if kind in PAYMENT_EVENTS:
        order = body["payload"].get("order", {}).get("entity", {})
        return GatewayEvent(
            event_id, kind, payment=read_payment(_entity(body, "payment")), receipt=text(order, "receipt")
        )
    if kind in REFUND_EVENTS:
        return GatewayEvent(event_id, kind, refund=read_refund(_entity(body, "refund")))
    if kind in DISPUTE_EVENTS:
        found = read_dispute(_entity(body, "dispute"), kind.rpartition(".")[2])
        return GatewayEvent(event_id, kind, dispute=found)
    if kind in SUBSCRIPTION_EVENTS:
        charge = read_payment(_entity(body, "payment")) if kind == "subscription.charged" else None
        return GatewayEvent(
            event_id, kind, subscription=read_subscription(_entity(body, "subscription")), payment=charge
        )
    if kind in TRANSFER_EVENTS:
        return GatewayEvent(event_id, kind, transfer=read_transfer(_entity(body, "transfer")))
    return GatewayEvent(event_id, kind)


def _entity(body: Any, name: str) -> Any:
    return body["payload"][name]["entity"]
