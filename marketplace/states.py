"""Which state may follow which; the migration puts the same tables into database triggers."""

TUNE: dict[str, frozenset[str]] = {
    "draft": frozenset({"in_review", "published"}),
    "in_review": frozenset({"draft", "published"}),
    "published": frozenset({"retired"}),
    "retired": frozenset({"published"}),
}
PURCHASE: dict[str, frozenset[str]] = {
    "pending": frozenset({"paid", "expired"}),
    "expired": frozenset({"paid"}),  # the money came late, and the tune is still to be had
    "paid": frozenset({"refunded", "charged_back"}),
    "refunded": frozenset(),
    "charged_back": frozenset(),
}
ENTITLEMENT: dict[str, frozenset[str]] = {
    "active": frozenset({"suspended", "revoked"}),
    "suspended": frozenset({"active", "revoked"}),
    "revoked": frozenset(),
}
MACHINES = {
    "marketplace_tune": TUNE,
    "marketplace_purchase": PURCHASE,
    "marketplace_entitlement": ENTITLEMENT,
}


def may(machine: dict[str, frozenset[str]], old: str, new: str) -> bool:
    """Is this move allowed? Staying is no move."""
    return new in machine[old]
