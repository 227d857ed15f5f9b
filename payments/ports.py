"""What payments lets others plug in: things that can be paid for, listeners, and gateways.

Amounts are integers of minor units (paise, cents; yen has none) beside an ISO 4217 code. Plugs of `payables` and
`settled` run inside the settling transaction, as the system role: short, repeatable, never the network.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, runtime_checkable
from uuid import UUID

from core.refs import Ref
from core.registry import Registry
from users.models import User

# -- Things that can be paid for


@dataclass(frozen=True, slots=True)
class QuoteLine:
    """One line of the bill; `amount_minor` is the line's total, tax included, and may be negative (a discount)."""

    label: str
    amount_minor: int
    quantity: int = 1
    tax_minor: int = 0


@dataclass(frozen=True, slots=True)
class Quote:
    """What a thing costs this payer now; kept on the payment as a snapshot.

    `payee_id` is a user (a tuner) whose ledger account earns `amount - commission`; the platform keeps
    `commission_bps` hundredths of a percent. Without a payee the platform earns all. `expires_at` is the end of a
    hold (None: the payment stays open for days). Lines, when given, sum to `amount_minor`.
    """

    amount_minor: int
    currency: str
    description: str
    payee_id: UUID | None = None
    commission_bps: int = 0
    lines: tuple[QuoteLine, ...] = ()
    expires_at: datetime | None = None


@runtime_checkable
class Payable(Protocol):
    """A kind of thing that can be paid for; registered under the kind of its `Ref`.

    `id_field` is its name in the body of create-order (`purchase_id`, `booking_id`, `membership_id`).
    """

    id_field: str

    def quote(self, id: UUID, payer: User | None) -> Quote:  # noqa: A002 -- the port's own word
        """What is due. Raises NotFound when absent or not this payer's, another DomainError when nothing is due.

        `payer` None is a guest whose right was proved by `GuestPayable.admits`, or by the calling service.
        Runs in the caller's context (row-level security of the payer).
        """
        ...

    def paid(self, id: UUID) -> bool:  # noqa: A002
        """The money is here: grant. False when it can't be honoured any more; payments then refunds it all.

        Called once per payment that settles. A later payment of the same thing calls it again: answer False if
        that one is too much.
        """
        ...

    def refunded(self, id: UUID, amount_minor: int, full: bool) -> None:  # noqa: A002
        """`amount_minor` of an honoured payment went back, money and rewards together; `full`: nothing of it is
        left, so access ends.

        A lost dispute is told like this too, while the dispute is still open (`disputed` came, its end did not).
        """
        ...

    def disputed(self, id: UUID, open: bool) -> None:  # noqa: A002
        """A chargeback was opened (suspend) or ended in our favour (`open` False: restore)."""
        ...


@runtime_checkable
class GuestPayable(Protocol):
    """A payable that people without an account may pay for: the token that they were given opens it."""

    def admits(self, id: UUID, token: str) -> bool: ...  # noqa: A002


@runtime_checkable
class ExpiringPayable(Protocol):
    """A payable that wants to know when its unpaid payment ran out (to free a slot). Money may still come later:
    then `paid` is asked, and may place it again or answer False.
    """

    def expired(self, id: UUID) -> None: ...  # noqa: A002


@dataclass(frozen=True, slots=True)
class Settled:
    """A capture or a refund, as listeners hear of it."""

    payment_id: UUID
    payer_id: UUID | None
    target: Ref
    gateway: str
    amount_minor: int
    currency: str
    at: datetime
    full: bool = True


@runtime_checkable
class SettledListener(Protocol):
    """Told in the settling transaction, after the payable; only of payments that were honoured."""

    def captured(self, fact: Settled) -> None: ...

    def refunded(self, fact: Settled) -> None: ...


@runtime_checkable
class Subscriber(Protocol):
    """A kind of thing that is paid again and again by a subscription at the gateway; registered by Ref kind."""

    def changed(self, id: UUID, status: str, period_end: datetime | None) -> None:  # noqa: A002
        """The gateway's state, forward only: created, authenticated, active, pending, halted, paused, cancelled,
        completed, expired.
        """
        ...

    def charged(self, id: UUID, payment_id: UUID, period_end: datetime | None) -> bool:  # noqa: A002
        """One period was paid, once per payment. False: it can't be honoured, payments refunds it."""
        ...


# -- Gateways: what they are told and what they say


@dataclass(frozen=True, slots=True)
class GatewayOrder:
    id: str
    receipt: str
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class SeenPayment:
    """A payment as the gateway shows it. Status: created, authorized, captured, refunded, failed."""

    id: str
    order_id: str
    status: str
    amount_minor: int
    currency: str
    method: str = ""
    error: str = ""
    subscription_id: str = ""
    instrument: str = ""  # a keyed hash of what was paid with, where the gateway tells it


@dataclass(frozen=True, slots=True)
class SeenRefund:
    """A refund as the gateway shows it. Status: pending, processed, failed. `key` is ours, when it is known."""

    id: str
    payment_id: str
    amount_minor: int
    currency: str
    status: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class SeenDispute:
    """Phase: created, won, lost, closed."""

    id: str
    payment_id: str
    amount_minor: int
    currency: str
    phase: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SeenSubscription:
    id: str
    status: str
    plan_id: str = ""
    period_start: datetime | None = None
    period_end: datetime | None = None
    short_url: str = ""


@dataclass(frozen=True, slots=True)
class SeenTransfer:
    """Status: pending, processed, failed, reversed."""

    id: str
    amount_minor: int
    currency: str
    status: str
    key: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class ClientResult:
    """What a checkout gave to the client, its signature verified. One of the two targets is empty."""

    payment_id: str
    order_id: str = ""
    subscription_id: str = ""


@dataclass(frozen=True, slots=True)
class GatewayEvent:
    """One webhook, verified and read. `kind` is the gateway's own name; unknown kinds carry nothing."""

    id: str
    kind: str
    payment: SeenPayment | None = None
    refund: SeenRefund | None = None
    dispute: SeenDispute | None = None
    subscription: SeenSubscription | None = None
    transfer: SeenTransfer | None = None
    receipt: str = ""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a gateway can do; services ask before they call."""

    online: bool = True
    orders: bool = True
    capture: bool = True
    subscriptions: bool = False
    plan_changes: bool = False  # of a subscription that runs
    transfers: bool = False
    currencies: frozenset[str] = frozenset()  # empty: all
    minimums: Mapping[str, int] = field(default_factory=dict)  # smallest amount by currency, minor units


@runtime_checkable
class Gateway(Protocol):
    """A way for money to come in. Calls may take seconds: never inside a transaction.

    They raise GatewayDeclined (a clear no), GatewayUnavailable (`outcome_unknown`: it may have happened) and
    BadSignature, all of payments.errors.
    """

    name: str
    can: Capabilities

    @property
    def enabled(self) -> bool:
        """Configured and allowed here."""
        ...

    @property
    def key_id(self) -> str:
        """The public key that a client's checkout needs; empty where it needs none."""
        ...

    def create_order(
        self, *, receipt: str, amount_minor: int, currency: str, notes: Mapping[str, str]
    ) -> GatewayOrder:
        """One order per receipt, however often it is asked for."""
        ...

    def find_order(self, receipt: str) -> GatewayOrder | None: ...

    def list_payments(self, order_id: str) -> list[SeenPayment]: ...

    def fetch_payment(self, payment_id: str) -> SeenPayment: ...

    def capture(self, payment_id: str, *, amount_minor: int, currency: str) -> SeenPayment: ...

    def refund(self, payment_id: str, *, amount_minor: int, currency: str, key: str) -> SeenRefund:
        """One refund per key, however often it is asked for."""
        ...

    def find_refunds(self, payment_id: str) -> list[SeenRefund]: ...

    def parse_client_result(self, data: Mapping[str, Any]) -> ClientResult: ...

    def parse_webhook(self, raw: bytes, headers: Mapping[str, str]) -> GatewayEvent:
        """Signature first, then the body."""
        ...

    def read_webhook(self, raw: bytes, event_id: str) -> GatewayEvent:
        """An event that was verified when it was stored."""
        ...


@runtime_checkable
class SubscriptionGateway(Protocol):
    """Gateways with `can.subscriptions`."""

    def create_plan(self, *, name: str, amount_minor: int, currency: str, interval: str) -> str: ...

    def create_subscription(
        self, *, plan_id: str, cycles: int, notes: Mapping[str, str]
    ) -> SeenSubscription: ...

    def fetch_subscription(self, subscription_id: str) -> SeenSubscription: ...

    def cancel_subscription(self, subscription_id: str, *, at_period_end: bool) -> SeenSubscription: ...

    def change_plan(self, subscription_id: str, *, plan_id: str) -> SeenSubscription:
        """Another plan when the present cycle ends; the newest wish counts, the same again changes nothing.

        GatewayDeclined where this subscription can't be changed (its state, or how it is paid).
        """
        ...

    def keep_plan(self, subscription_id: str) -> SeenSubscription:
        """Take such a wish back. GatewayDeclined where there is none."""
        ...


@runtime_checkable
class TransferGateway(Protocol):
    """Gateways with `can.transfers`: money to a payee's linked account, and back."""

    def transfer(self, *, account_id: str, amount_minor: int, currency: str, key: str) -> SeenTransfer: ...

    def find_transfer(self, key: str) -> SeenTransfer | None: ...

    def reverse(self, transfer_id: str, *, amount_minor: int, key: str) -> SeenTransfer: ...

    def find_reversal(self, transfer_id: str, key: str) -> SeenTransfer | None: ...


payables: Registry[Payable] = Registry("payables", Payable)
settled: Registry[SettledListener] = Registry("settled", SettledListener)
subscribers: Registry[Subscriber] = Registry("subscribers", Subscriber)
gateways: Registry[Gateway] = Registry("gateways", Gateway)
