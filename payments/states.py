"""Which state may follow which. Forward only; the migration puts the same tables into database triggers."""

PAYMENT: dict[str, frozenset[str]] = {
    "created": frozenset({"authorized", "captured", "failed", "expired", "review"}),
    "failed": frozenset({"authorized", "captured", "expired", "review"}),
    "authorized": frozenset({"captured", "expired", "review"}),
    "expired": frozenset({"captured", "review"}),
    "captured": frozenset({"partially_refunded", "refunded", "disputed", "review"}),
    "partially_refunded": frozenset({"refunded", "disputed", "review"}),
    "disputed": frozenset({"captured", "partially_refunded", "refunded", "charged_back", "review"}),
    "refunded": frozenset({"review"}),
    "charged_back": frozenset({"review"}),
    "review": frozenset({"captured", "refunded", "expired"}),  # by a person's decision
}
ATTEMPT: dict[str, frozenset[str]] = {
    "created": frozenset({"failed", "authorized", "captured"}),
    "failed": frozenset({"authorized", "captured"}),  # legal at Razorpay: a late authorisation
    "authorized": frozenset({"captured"}),
    "captured": frozenset(),
}
REFUND: dict[str, frozenset[str]] = {
    "requested": frozenset({"processing", "unknown", "processed", "failed"}),
    "unknown": frozenset({"processing", "processed", "failed"}),
    "processing": frozenset({"processed", "failed"}),
    "processed": frozenset(),
    "failed": frozenset(),
}
UNDER_WAY = ("requested", "processing", "unknown")  # a refund that may still go through
SUBSCRIPTION: dict[str, frozenset[str]] = {
    "created": frozenset(
        {"authenticated", "active", "pending", "halted", "cancelled", "completed", "expired"}
    ),
    "authenticated": frozenset(
        {"active", "pending", "halted", "paused", "cancelled", "completed", "expired"}
    ),
    "active": frozenset({"pending", "halted", "paused", "cancelled", "completed", "expired"}),
    "pending": frozenset({"active", "halted", "paused", "cancelled", "completed", "expired"}),
    "halted": frozenset({"active", "paused", "cancelled", "completed", "expired"}),
    "paused": frozenset({"active", "cancelled", "completed", "expired"}),
    "cancelled": frozenset(),
    "completed": frozenset(),
    "expired": frozenset(),
}
PAYOUT: dict[str, frozenset[str]] = {
    "scheduled": frozenset({"processing", "paid", "failed"}),
    "processing": frozenset({"paid", "failed"}),
    "paid": frozenset({"reversed"}),
    "failed": frozenset(),
    "reversed": frozenset(),
}
REVERSAL: dict[str, frozenset[str]] = {
    "requested": frozenset({"processed", "failed"}),
    "processed": frozenset(),
    "failed": frozenset(),
}
MACHINES = {
    "payments_payment": PAYMENT,
    "payments_gatewaypayment": ATTEMPT,
    "payments_refund": REFUND,
    "payments_gatewaysubscription": SUBSCRIPTION,
    "payments_payout": PAYOUT,
    "payments_payoutreversal": REVERSAL,
}


def may(machine: dict[str, frozenset[str]], old: str, new: str) -> bool:
    """Is this move forward? Staying is no move."""
    return new in machine[old]
