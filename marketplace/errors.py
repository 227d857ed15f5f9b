"""Refusals of the marketplace. Codes never change."""

from core.errors import DomainError, Invalid, constraint_errors


class StateConflict(DomainError):
    code, message = "state_conflict", "This is not possible in its present state."


class AlreadyOwned(DomainError):
    code, message = "tune_already_owned", "You already own this tune."


class NotForSale(DomainError):
    code, message = "tune_not_for_sale", "This tune is not for sale now."


class OwnTune(DomainError):
    code, message = "own_tune", "This is your own tune."


class VinNeeded(Invalid):
    code, message = "vin_needed", "This licence is for one vehicle: name one that has a VIN."

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message, fields={"vehicle_id": [message or self.message]})


class PriceTooLow(Invalid):
    code = "price_too_low"

    def __init__(self, least: int = 0, currency: str = "") -> None:
        text = f"The smallest price in {currency} is {least} minor units; 0 makes it free."
        super().__init__(text, fields={"price_minor": [text]})


class HashMismatch(Invalid):
    code, message = "sha256_mismatch", "The uploaded file has another SHA-256."

    def __init__(self) -> None:
        super().__init__(fields={"sha256": [self.message]})


class VersionExists(DomainError):
    code, message = "version_exists", "This tune already has a version with this very content."


class VersionImmutable(DomainError):
    code, message = "version_immutable", "A version never changes. Upload a new one."


class PublishBlocked(DomainError):
    """409 with every objection under fields.gates."""

    code, message = "publish_blocked", "This tune can't be published yet."


class PurchaseUnpaid(DomainError):
    code, message = "purchase_unpaid", "This purchase is not paid."


class RightEnded(DomainError):
    code, status, message = "entitlement_ended", 403, "Your right to this tune has ended."


class RightSuspended(DomainError):
    code, status = "entitlement_suspended", 403
    message = "Your right to this tune rests while a payment is disputed."


class DownloadLimit(DomainError):
    code, message = (
        "download_limit_reached",
        "All downloads of this licence are used. Support can renew them.",
    )


class WrongVehicle(DomainError):
    code, message = "licence_for_other_vehicle", "This licence is for another vehicle (VIN)."


class BuyersOnly(DomainError):
    code, status, message = "review_not_allowed", 403, "Only people who bought this tune may review it."


for _name, _error in {
    "marketplace_forward_only": StateConflict,
    "marketplace_version_immutable": VersionImmutable,
    "marketplace_version_content_once": VersionExists,
    "marketplace_one_live_right": AlreadyOwned,
}.items():
    constraint_errors.register(_name, _error)
