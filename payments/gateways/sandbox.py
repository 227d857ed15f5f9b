"""The embedded gateway for development and demonstrations: Razorpay's rules and shapes, its books in our tables.

Nobody's card is charged. It keeps its own orders, payments and refunds, as a real gateway would at its place, and
signs checkouts and webhooks with its own secrets.
"""

import secrets as randomness
import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from django.conf import settings

from core import clock
from core.rls import as_system
from payments.errors import GatewayDeclined, UnknownOrder
from payments.gateways import wire
from payments.gateways.signatures import checkout_message, sign
from payments.models import SandboxOrder, SandboxPayment, SandboxRefund
from payments.ports import Capabilities, ClientResult, GatewayEvent, GatewayOrder, SeenPayment, SeenRefund

ALPHABET = string.ascii_letters + string.digits
TEST_CARD = {"network": "Visa", "type": "debit", "issuer": "SBOX"}
REASON = "the sandbox gateway keeps its own books"


def new_id(prefix: str) -> str:
    """`order_` and friends, with fourteen random characters, like Razorpay's."""
    return prefix + "_" + "".join(randomness.choice(ALPHABET) for _ in range(14))


@dataclass(frozen=True, slots=True)
class SandboxResult:
    """What the checkout gives to the client, and the webhook that follows it."""

    order_id: str
    payment_id: str
    signature: str
    webhook: bytes
    headers: dict[str, str]


class Sandbox:
    name = "sandbox"
    can = Capabilities(minimums={"INR": 100})

    @property
    def enabled(self) -> bool:
        return bool(settings.DEBUG or settings.PAYMENTS_SANDBOX)

    @property
    def key_id(self) -> str:
        return "rzp_sandbox"

    # -- What every gateway can do

    def create_order(
        self, *, receipt: str, amount_minor: int, currency: str, notes: Mapping[str, str]
    ) -> GatewayOrder:
        row = SandboxOrder(
            id=new_id("order"),
            receipt=receipt,
            amount_minor=amount_minor,
            currency=currency,
            description=notes.get("description", "")[:200],
        )
        with as_system(REASON):
            SandboxOrder.objects.bulk_create([row], ignore_conflicts=True)
            return _order(SandboxOrder.objects.get(receipt=receipt))

    def find_order(self, receipt: str) -> GatewayOrder | None:
        with as_system(REASON):
            row = SandboxOrder.objects.filter(receipt=receipt).first()
        return _order(row) if row else None

    def list_payments(self, order_id: str) -> list[SeenPayment]:
        with as_system(REASON):
            return [
                _seen(row) for row in SandboxPayment.objects.filter(order_id=order_id).order_by("created_at")
            ]

    def fetch_payment(self, payment_id: str) -> SeenPayment:
        with as_system(REASON):
            row = SandboxPayment.objects.filter(pk=payment_id).first()
        if row is None:
            raise GatewayDeclined("The sandbox knows no such payment.")
        return _seen(row)

    def capture(self, payment_id: str, *, amount_minor: int, currency: str) -> SeenPayment:
        with as_system(REASON):
            SandboxPayment.objects.filter(
                pk=payment_id, status="authorized", amount_minor=amount_minor
            ).update(status="captured")
        return self.fetch_payment(payment_id)

    def refund(self, payment_id: str, *, amount_minor: int, currency: str, key: str) -> SeenRefund:
        with as_system(REASON):
            paid = SandboxPayment.objects.select_for_update().filter(pk=payment_id, status="captured").first()
            if paid is None:
                raise GatewayDeclined("Only captured payments can be refunded.")
            row = SandboxRefund.objects.filter(key=key).first()
            if row is None:
                gone = sum(SandboxRefund.objects.filter(payment=paid).values_list("amount_minor", flat=True))
                if gone + amount_minor > paid.amount_minor:
                    raise GatewayDeclined("The refund is more than what was paid.")
                row = SandboxRefund.objects.create(
                    id=new_id("rfnd"), payment=paid, key=key, amount_minor=amount_minor
                )
            return SeenRefund(row.pk, payment_id, row.amount_minor, paid.currency, "processed", key)

    def find_refunds(self, payment_id: str) -> list[SeenRefund]:
        with as_system(REASON):
            rows = SandboxRefund.objects.filter(payment_id=payment_id).select_related("payment")
            return [
                SeenRefund(row.pk, payment_id, row.amount_minor, row.payment.currency, "processed", row.key)
                for row in rows
            ]

    def parse_client_result(self, data: Mapping[str, Any]) -> ClientResult:
        return wire.client_result(data, [settings.SANDBOX_SECRET])

    def parse_webhook(self, raw: bytes, headers: Mapping[str, str]) -> GatewayEvent:
        return wire.webhook(raw, headers, [settings.SANDBOX_WEBHOOK_SECRET])

    def read_webhook(self, raw: bytes, event_id: str) -> GatewayEvent:
        return wire.event(raw, event_id)

    # -- What only a sandbox can do: the person at the checkout

    def check_out(
        self, order_id: str, *, succeeds: bool, card: Mapping[str, str] | None = None
    ) -> SandboxResult:
        """Somebody pays, or their bank refuses; `card` (`last4`, `name`) is told on as by Razorpay. Raises UnknownOrder; GatewayDeclined for an order that is paid."""
        with as_system(REASON):
            order = SandboxOrder.objects.select_for_update().filter(pk=order_id).first()
            if order is None:
                raise UnknownOrder
            if succeeds and SandboxPayment.objects.filter(order=order, status="captured").exists():
                raise GatewayDeclined("This order is paid already.")
            row = SandboxPayment.objects.create(
                id=new_id("pay"),
                order=order,
                status="captured" if succeeds else "failed",
                amount_minor=order.amount_minor,
                currency=order.currency,
                card=TEST_CARD | dict(card) if card else {},
            )
            return _result(order, row)


def _result(order: SandboxOrder, row: SandboxPayment) -> SandboxResult:
    kind = "payment.captured" if row.status == "captured" else "payment.failed"
    body = {
        "entity": "event",
        "account_id": "acc_sandbox",
        "event": kind,
        "contains": ["payment"],
        "payload": {"payment": {"entity": _entity(row)}},
        "created_at": int(clock.now().timestamp()),
    }
    raw = orjson.dumps(body)
    headers = {
        "X-Razorpay-Signature": sign(raw, settings.SANDBOX_WEBHOOK_SECRET),
        "X-Razorpay-Event-Id": new_id("evt"),
    }
    message = checkout_message(payment_id=row.pk, order_id=order.pk)
    return SandboxResult(order.pk, row.pk, sign(message, settings.SANDBOX_SECRET), raw, headers)


def _entity(row: SandboxPayment) -> dict[str, Any]:
    failed = row.status == "failed"
    return {
        "id": row.pk,
        "entity": "payment",
        "amount": row.amount_minor,
        "currency": row.currency,
        "status": row.status,
        "order_id": row.order_id,
        "method": "card",
        "card": row.card or None,
        "error_description": "The bank refused the card." if failed else None,
        "notes": [],
        "created_at": int(row.created_at.timestamp()),
    }


def _order(row: SandboxOrder) -> GatewayOrder:
    return GatewayOrder(row.pk, row.receipt, row.amount_minor, row.currency)


def _seen(row: SandboxPayment) -> SeenPayment:
    return wire.read_payment(_entity(row))
