"""Plugs of trade: payments ask what a purchase costs, the garage which file a rider may write."""

from uuid import UUID

from django.conf import settings

from core.errors import NotFound
from garage.models import Vehicle
from garage.ports import TUNE, FlashFile, flash_sources
from marketplace.errors import NotForSale, WrongVehicle
from marketplace.models import Compatibility, Purchase, PurchaseStatus
from marketplace.services import (
    complete_purchase,
    dispute_purchase,
    expire_purchase,
    refund_purchase,
)
from marketplace.services.buying import KIND
from marketplace.services.downloads import demand_active, newest_published, right_for_vehicle
from payments.ports import Quote, payables
from users.models import User


class TunePurchase:
    """How payments sees a purchase."""

    id_field = "purchase_id"

    def quote(self, id: UUID, payer: User | None) -> Quote:  # noqa: A002 -- the port's own word
        rows = Purchase.objects.select_related("tune__tuner").filter(pk=id, user=payer)
        purchase = rows.first() if payer is not None else None
        if purchase is None:
            raise NotFound
        if purchase.status != PurchaseStatus.PENDING:
            raise NotForSale("This purchase is no longer open.")
        return Quote(
            amount_minor=purchase.price_minor,
            currency=purchase.currency,
            description=purchase.tune.title,
            payee_id=purchase.tune.tuner.user_id,
            commission_bps=settings.MARKETPLACE_COMMISSION_BPS,
        )

    def paid(self, id: UUID) -> bool:  # noqa: A002
        return complete_purchase(id)

    def refunded(self, id: UUID, amount_minor: int, full: bool) -> None:  # noqa: A002
        refund_purchase(id, amount_minor, full=full)

    def disputed(self, id: UUID, open: bool) -> None:  # noqa: A002
        dispute_purchase(id, is_open=open)

    def expired(self, id: UUID) -> None:  # noqa: A002
        expire_purchase(id)


class TuneSource:
    """The file to write: the newest version of a tune that the rider owns, on the vehicle of the licence."""

    def file_for(self, user: User, vehicle: Vehicle, source_id: UUID) -> FlashFile:
        right = right_for_vehicle(user, source_id, vehicle.vin)
        demand_active(right)
        if right.vin and right.vin != vehicle.vin:
            raise WrongVehicle
        version = newest_published(source_id)
        return FlashFile(
            stored_file=version.file_id,
            sha256=version.sha256,
            size=version.size,
            label=f"{right.tune.title} v{version.number}",
            kind=TUNE,
            ecu_expected=expected_ecu(right.tune_id, version.family, version.signature),
            format=version.format,
        )


def expected_ecu(tune_id: UUID, family: str, signature: str) -> dict[str, str]:
    """What the ECU must show: what the file says, and the hardware if all rows of the tune name the same."""
    rows = Compatibility.objects.filter(tune_id=tune_id, deleted_at=None)
    hardware = set(rows.values_list("ecu_hardware", flat=True))
    expected = {"family": family, "signature": signature}
    if len(hardware) == 1:
        expected["hardware"] = hardware.pop()
    return {name: value for name, value in expected.items() if value}


payables.register(KIND, TunePurchase())
flash_sources.register(TUNE, TuneSource())
