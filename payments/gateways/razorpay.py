"""Razorpay, by its own SDK; the only file that knows it. What the SDK gets wrong is put right here:

it has no time-out, prints to stdout when a connection fails, loses the HTTP status, chokes on a body that isn't
JSON, and its retries make second orders. So it gets a session of our own, which lets through JSON answers only and
raises the rest as `NoAnswer`; retries are ours, with keys.
"""

import re
import threading
from collections.abc import Callable, Mapping
from typing import Any

import razorpay
import requests
from django.conf import settings
from razorpay.errors import BadRequestError, GatewayError, ServerError

from payments.errors import GatewayDeclined, GatewayUnavailable, OddAnswer
from payments.gateways import wire
from payments.ports import (
    Capabilities,
    ClientResult,
    GatewayEvent,
    GatewayOrder,
    SeenPayment,
    SeenRefund,
    SeenSubscription,
    SeenTransfer,
)

PATH_SAFE = re.compile(r"[A-Za-z0-9_]{1,64}")
PERIODS = {"day": "daily", "week": "weekly", "month": "monthly", "year": "yearly"}
MANY = 100
_mine = threading.local()


class NoAnswer(Exception):
    """No JSON came back. `sent`: the request may have reached Razorpay."""

    def __init__(self, what: str, *, sent: bool) -> None:
        self.sent = sent
        super().__init__(what)


class Session(requests.Session):
    """Time-outs always; the status is kept; failures don't reach the SDK, which would print them."""

    status = 0

    def request(self, method: str | bytes, url: str | bytes, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        self.status = 0
        try:
            response = super().request(method, url, **kwargs | {"timeout": settings.RAZORPAY_TIMEOUT})
        except requests.ConnectTimeout as problem:
            raise NoAnswer("no connection", sent=False) from problem
        except requests.RequestException as problem:
            raise NoAnswer(type(problem).__name__, sent=True) from problem
        self.status = response.status_code
        if response.status_code >= 500 or response.status_code in {408, 429}:
            raise NoAnswer(f"status {response.status_code}", sent=response.status_code != 429)
        try:
            body = {} if response.status_code == 204 else response.json()
        except requests.JSONDecodeError as problem:
            raise NoAnswer(f"status {response.status_code} without JSON", sent=True) from problem
        if response.status_code >= 400 and not (
            isinstance(body, dict) and isinstance(body.get("error"), dict)
        ):
            raise NoAnswer(f"status {response.status_code} without an error", sent=True)
        return response


class Razorpay:
    name = "razorpay"
    can = Capabilities(subscriptions=True, plan_changes=True, transfers=True, minimums={"INR": 100})

    @property
    def enabled(self) -> bool:
        return bool(settings.RAZORPAY_KEY_ID and settings.RAZORPAY_KEY_SECRET)

    @property
    def key_id(self) -> str:
        return str(settings.RAZORPAY_KEY_ID)

    # -- Orders and payments

    def create_order(
        self, *, receipt: str, amount_minor: int, currency: str, notes: Mapping[str, str]
    ) -> GatewayOrder:
        """A second order for the same receipt is refused upstream: then the first one is found and returned."""
        body = {
            "amount": amount_minor,
            "currency": currency,
            "receipt": receipt,
            "unique_receipt": True,
            "payment": {"capture": "automatic", "capture_options": {"automatic_expiry_period": 7200}},
            "notes": {key: value[:250] for key, value in notes.items()},
        }
        try:
            return wire.read_order(_call(lambda client: client.order.create(body)))
        except GatewayDeclined:
            found = self.find_order(receipt)
            if found is None or (found.amount_minor, found.currency) != (amount_minor, currency):
                raise
            return found

    def find_order(self, receipt: str) -> GatewayOrder | None:
        found = [
            wire.read_order(item)
            for item in _items(lambda c: c.order.all({"receipt": receipt, "count": MANY}))
        ]
        return next((order for order in found if order.receipt == receipt), None)

    def list_payments(self, order_id: str) -> list[SeenPayment]:
        return [
            wire.read_payment(item) for item in _items(lambda client: client.order.payments(_safe(order_id)))
        ]

    def fetch_payment(self, payment_id: str) -> SeenPayment:
        return wire.read_payment(_call(lambda client: client.payment.fetch(_safe(payment_id))))

    def capture(self, payment_id: str, *, amount_minor: int, currency: str) -> SeenPayment:
        """Captured by us or by somebody before us: the payment as it is now."""
        body = {"currency": currency}  # a fresh dict each time: the SDK writes into it
        try:
            answer = _call(lambda client: client.payment.capture(_safe(payment_id), amount_minor, body))
        except GatewayDeclined:
            return self.fetch_payment(payment_id)
        return wire.read_payment(answer)

    # -- Refunds

    def refund(self, payment_id: str, *, amount_minor: int, currency: str, key: str) -> SeenRefund:
        body = {"amount": amount_minor, "notes": {"key": key}}
        headers = {"X-Refund-Idempotency": f"revsync-{key}"}  # Razorpay wants at least ten characters
        return wire.read_refund(
            _call(lambda client: client.payment.refund(_safe(payment_id), body, headers=headers))
        )

    def find_refunds(self, payment_id: str) -> list[SeenRefund]:
        found = _items(
            lambda client: client.payment.fetch_multiple_refund(_safe(payment_id), {"count": MANY})
        )
        return [wire.read_refund(item) for item in found]

    # -- Signed things

    def parse_client_result(self, data: Mapping[str, Any]) -> ClientResult:
        return wire.client_result(data, [settings.RAZORPAY_KEY_SECRET])

    def parse_webhook(self, raw: bytes, headers: Mapping[str, str]) -> GatewayEvent:
        return wire.webhook(raw, headers, settings.RAZORPAY_WEBHOOK_SECRETS)

    def read_webhook(self, raw: bytes, event_id: str) -> GatewayEvent:
        return wire.event(raw, event_id)

    # -- Subscriptions

    def create_plan(self, *, name: str, amount_minor: int, currency: str, interval: str) -> str:
        item = {"name": name, "amount": amount_minor, "currency": currency}
        body = {"period": PERIODS[interval], "interval": 1, "item": item}
        return wire.text(_call(lambda client: client.plan.create(body)), "id", needed=True)

    def create_subscription(self, *, plan_id: str, cycles: int, notes: Mapping[str, str]) -> SeenSubscription:
        body = {"plan_id": plan_id, "total_count": cycles, "customer_notify": True, "notes": dict(notes)}
        return wire.read_subscription(_call(lambda client: client.subscription.create(body)))

    def fetch_subscription(self, subscription_id: str) -> SeenSubscription:
        return wire.read_subscription(_call(lambda client: client.subscription.fetch(_safe(subscription_id))))

    def cancel_subscription(self, subscription_id: str, *, at_period_end: bool) -> SeenSubscription:
        body = {"cancel_at_cycle_end": at_period_end}
        return wire.read_subscription(
            _call(lambda client: client.subscription.cancel(_safe(subscription_id), body))
        )

    def change_plan(self, subscription_id: str, *, plan_id: str) -> SeenSubscription:
        """At the end of the cycle: at once, Razorpay would charge or give back a difference of its own reckoning."""
        body = {"plan_id": plan_id, "schedule_change_at": "cycle_end", "customer_notify": True}
        return wire.read_subscription(
            _call(lambda client: client.subscription.edit(_safe(subscription_id), body))
        )

    def keep_plan(self, subscription_id: str) -> SeenSubscription:
        return wire.read_subscription(
            _call(lambda client: client.subscription.cancel_scheduled_changes(_safe(subscription_id), {}))
        )

    # -- Money to payees (Route)

    def transfer(self, *, account_id: str, amount_minor: int, currency: str, key: str) -> SeenTransfer:
        body = {"account": account_id, "amount": amount_minor, "currency": currency, "notes": {"key": key}}
        return wire.read_transfer(_call(lambda client: client.transfer.create(body)))

    def find_transfer(self, key: str) -> SeenTransfer | None:
        found = [
            wire.read_transfer(item) for item in _items(lambda client: client.transfer.all({"count": MANY}))
        ]
        return next((transfer for transfer in found if transfer.key == key), None)

    def reverse(self, transfer_id: str, *, amount_minor: int, key: str) -> SeenTransfer:
        """The reversal, as a transfer that went back."""
        body = {"amount": amount_minor, "notes": {"key": key}}
        return wire.read_reversal(_call(lambda client: client.transfer.reverse(_safe(transfer_id), body)))

    def find_reversal(self, transfer_id: str, key: str) -> SeenTransfer | None:
        items = _items(lambda client: client.transfer.reversals(_safe(transfer_id), {"count": MANY}))
        return next((back for back in map(wire.read_reversal, items) if back.key == key), None)


# -- Inside


def _client() -> Any:
    """One client a thread: a session is not made for several."""
    key = (settings.RAZORPAY_KEY_ID, settings.RAZORPAY_KEY_SECRET, settings.RAZORPAY_BASE_URL)
    if getattr(_mine, "key", None) != key:
        _mine.key = key
        _mine.client = razorpay.Client(session=Session(), auth=key[:2], base_url=key[2])
    return _mine.client


def _call(deed: Callable[[Any], Any]) -> dict[str, Any]:
    """Ask Razorpay. GatewayDeclined: a clear no. GatewayUnavailable: no usable answer."""
    client = _client()
    try:
        answer = deed(client)
    except NoAnswer as problem:
        raise GatewayUnavailable(outcome_unknown=problem.sent) from problem
    except (BadRequestError, GatewayError, ServerError) as problem:
        if client.session.status in {401, 403}:  # the SDK calls a wrong key a bad request
            raise GatewayUnavailable(
                "The payment service refuses our keys.", outcome_unknown=False
            ) from problem
        raise GatewayDeclined(f"The payment service refused this: {problem}"[:200]) from problem
    if not isinstance(answer, dict):
        raise OddAnswer
    return answer


def _items(deed: Callable[[Any], Any]) -> list[Any]:
    items = _call(deed).get("items")
    if not isinstance(items, list):
        raise OddAnswer
    return items


def _safe(wanted: str) -> str:
    """An id that may stand in a path."""
    if not PATH_SAFE.fullmatch(wanted):
        raise GatewayDeclined("This is no id of the payment service.")
    return wanted
