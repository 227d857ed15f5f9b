"""Which state of an appointment may follow which; the migration puts the same table into a database trigger."""

STATES: dict[str, frozenset[str]] = {
    "pending_payment": frozenset({"confirmed", "pending", "expired", "cancelled"}),
    "expired": frozenset({"confirmed", "pending"}),  # the money came late, and the time is still free
    "pending": frozenset({"confirmed", "cancelled"}),
    "confirmed": frozenset({"in_progress", "completed", "cancelled", "no_show"}),
    "in_progress": frozenset({"completed"}),
    "completed": frozenset(),
    "cancelled": frozenset(),
    "no_show": frozenset(),
}
LIVE = ("pending_payment", "pending", "confirmed", "in_progress")  # they hold their place
MOVABLE = ("pending", "confirmed")  # may be rescheduled
CANCELLABLE = ("pending_payment", "pending", "confirmed")


def may(old: str, new: str) -> bool:
    """Is this move allowed? Staying is no move."""
    return new in STATES[old]
