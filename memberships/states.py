"""Which state may follow which; the migration puts the same tables into database triggers."""

MEMBERSHIP: dict[str, frozenset[str]] = {
    "incomplete": frozenset({"active", "cancelled", "expired"}),
    "active": frozenset({"past_due", "halted", "cancelled"}),
    "past_due": frozenset({"active", "halted", "cancelled"}),
    "halted": frozenset({"active", "cancelled", "expired"}),
    "cancelled": frozenset(),
    "expired": frozenset(),
}
REFERRAL: dict[str, frozenset[str]] = {
    "pending": frozenset({"qualified", "rejected"}),
    "qualified": frozenset({"credited", "rejected"}),
    "credited": frozenset({"reversed"}),
    "reversed": frozenset(),
    "rejected": frozenset({"pending", "qualified"}),  # by a person who looked at it
}
INVOICE: dict[str, frozenset[str]] = {
    "open": frozenset({"paid", "void"}),
    "paid": frozenset({"refunded"}),
    "void": frozenset(),
    "refunded": frozenset(),
}
MACHINES = {
    "memberships_membership": MEMBERSHIP,
    "memberships_referral": REFERRAL,
    "memberships_membershipinvoice": INVOICE,
}
LIVE = ("incomplete", "active", "past_due", "halted")
ENTITLED = ("active", "past_due")  # benefits stay through the grace


def may(machine: dict[str, frozenset[str]], old: str, new: str) -> bool:
    """Is this move allowed? Staying is no move."""
    return new in machine[old]
