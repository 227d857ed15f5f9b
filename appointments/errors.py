"""Refusals of the workshop."""

from typing import Any, Final

from appointments.slots import Reason
from core.errors import DomainError, Invalid, constraint_errors

WHY: Final[dict[str, str]] = {
    Reason.PAST: "This time has passed.",
    Reason.TOO_SOON: "This is too soon for the shop to prepare. Choose a later time.",
    Reason.TOO_FAR: "The shop's calendar does not go that far yet.",
    Reason.CLOSED: "The shop is not open for the whole of that time.",
    Reason.OFF_GRID: "Work does not start at this minute. Take one of the times on offer.",
    "missing_time": "The clocks skip this time on that day. Choose another.",
    "ambiguous_time": "The clocks show this time twice on that day. Give start_time as an instant instead.",
}


class StateConflict(DomainError):
    code, message = "state_conflict", "This is not possible in its present state."


class SlotUnavailable(DomainError):
    code, message = "slot_unavailable", "This time was just taken. Please choose another."


class SlotNotOffered(Invalid):
    """400 at the field that named the time; `fields.reason` is for programs."""

    code = "slot_not_offered"

    def __init__(self, reason: str, *, field: str = "start_time") -> None:
        self.reason = str(reason)
        super().__init__(WHY[reason], fields={field: [WHY[reason]], "reason": [str(reason)]})


class ServiceNotPriced(Invalid):
    code = "service_not_priced"

    def __init__(self, names: list[str], field: str = "services") -> None:
        text = f"There is no price for this vehicle at this shop: {', '.join(names)}."
        super().__init__(text, fields={field: [text]})


class NotAtHome(Invalid):
    code = "not_at_home"

    def __init__(self, names: list[str]) -> None:
        text = f"This can only be done at the shop: {', '.join(names)}."
        super().__init__(text, fields={"service_location": [text]})


class NoShop(DomainError):
    code, status, message = "no_shop", 409, "There is no shop to book at. Name one by location_id."


class TooLateToMove(DomainError):
    code, message = "too_late_to_move", "It is too late to move this appointment. Please call the shop."


class MovedTooOften(DomainError):
    code, message = "moved_too_often", "This appointment was moved as often as the shop allows."


class OfferNotValid(DomainError):
    code, message = "offer_not_valid", "This offer can't be used for this booking."


class NotIncluded(DomainError):
    code, message = "not_in_membership", "Your membership does not include these services."


class PriceOverlaps(DomainError):
    code, message = "price_overlaps", "Another price for the same model and shop holds on some of these days."


class NoSuchPlace(Invalid):
    code, message = "no_such_place", "This bay or technician is not of this shop, or lacks a skill."

    def __init__(self, field: str) -> None:
        super().__init__(fields={field: [self.message]})


_BY_CONSTRAINT: dict[str, Any] = {
    "appointments_no_overlap": SlotUnavailable,
    "appointments_forward_only": StateConflict,
    "appointments_price_overlaps": PriceOverlaps,
}
for _name, _error in _BY_CONSTRAINT.items():
    constraint_errors.register(_name, _error)
