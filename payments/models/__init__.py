"""Payments and what happened to them, the ledger, payouts, and the sandbox gateway's own books."""

from payments.models.gateway import PaymentEvent, SandboxOrder, SandboxPayment, SandboxRefund, WebhookEvent
from payments.models.ledger import AccountKind, Invoice, InvoiceSeries, JournalEntry, LedgerAccount, Posting
from payments.models.money import (
    Dispute,
    DisputeStatus,
    GatewayPayment,
    GatewayPaymentStatus,
    Payment,
    PaymentStatus,
    Refund,
    RefundStatus,
)
from payments.models.recurring import (
    GatewaySubscription,
    Payout,
    PayoutAccount,
    PayoutReversal,
    PayoutStatus,
    SubscriptionStatus,
)

__all__ = [
    "AccountKind",
    "Dispute",
    "DisputeStatus",
    "GatewayPayment",
    "GatewayPaymentStatus",
    "GatewaySubscription",
    "Invoice",
    "InvoiceSeries",
    "JournalEntry",
    "LedgerAccount",
    "Payment",
    "PaymentEvent",
    "PaymentStatus",
    "Payout",
    "PayoutAccount",
    "PayoutReversal",
    "PayoutStatus",
    "Posting",
    "Refund",
    "RefundStatus",
    "SandboxOrder",
    "SandboxPayment",
    "SandboxRefund",
    "SubscriptionStatus",
    "WebhookEvent",
]
