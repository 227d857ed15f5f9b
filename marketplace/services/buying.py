"""Buying: a purchase at today's price, its right when the money is there, its end when the money goes back."""

import hashlib
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import F

from core import clock
from core.errors import NotFound
from core.refs import Ref
from core.rls import as_system, as_user
from garage.models import Vehicle
from marketplace.errors import AlreadyOwned, NotForSale, OwnTune, VinNeeded
from marketplace.models import (
    Entitlement,
    EntitlementStatus,
    Purchase,
    PurchaseStatus,
    Tune,
    TuneStatus,
    TuneVersion,
)
from marketplace.ports import bought
from payments.services import open_order, present_order
from sync.services.live import poke
from users.models import User

KIND = "tune_purchase"
LIVE = (EntitlementStatus.ACTIVE, EntitlementStatus.SUSPENDED)


def purchase_tune(
    *,
    buyer: User,
    tune: Tune,
    vehicle: Vehicle | None = None,
    gateway: str | None = None,
    rewards_minor: int | None = None,
) -> tuple[Purchase, dict[str, Any] | None]:
    """Reserve the tune at today's price and open its order; a free one is paid at once (no payment).

    `rewards_minor` of the buyer's rewards pay a part, or all of it at once. Repeating answers the same pair while
    the price stays. Call it outside of transactions: it talks to the
    gateway. Raises AlreadyOwned, OwnTune, NotForSale (409), VinNeeded (400), and what payments raises.
    """
    with as_user(buyer):
        _alone(buyer.pk, tune.pk)
        purchase = _reserve(buyer, tune, vehicle)
        if purchase.price_minor == 0:
            if not complete_purchase(purchase.pk):
                raise AlreadyOwned
            return Purchase.objects.get(pk=purchase.pk), None
        order = open_order(
            payer=buyer, target=Ref(KIND, purchase.pk), gateway=gateway, rewards_minor=rewards_minor
        )
        if order.captured_at:
            purchase.refresh_from_db()
    return purchase, present_order(order)


def complete_purchase(purchase_id: UUID) -> bool:
    """The money is here: purchase paid, right granted. False when it can't be honoured any more.

    Runs in the settling transaction and may be repeated. A purchase that had expired is honoured late, unless the
    tune is owned by now or gone.
    """
    with as_system("the till settles for all"):
        purchase = Purchase.objects.select_for_update().select_related("tune").filter(pk=purchase_id).first()
        if purchase is None or purchase.status not in {PurchaseStatus.PENDING, PurchaseStatus.EXPIRED}:
            return False
        if purchase.status == PurchaseStatus.EXPIRED and purchase.tune.status != TuneStatus.PUBLISHED:
            return False
        now = clock.now()
        try:
            with transaction.atomic():
                Entitlement.objects.create(
                    user_id=purchase.user_id,
                    tune_id=purchase.tune_id,
                    vehicle_id=purchase.vehicle_id,
                    vin=purchase.vin,
                    purchase=purchase,
                    granted_at=now,
                )
        except IntegrityError:
            return False
        purchase.status = PurchaseStatus.PAID
        purchase.paid_at = now
        purchase.save(update_fields=["status", "paid_at"])
        _count_sale(purchase.tune_id, 1)
        poke(purchase.user_id)
        for listener in bought.values():
            listener.bought(purchase)
    return True


def expire_purchase(purchase_id: UUID) -> None:
    """Its order ran out unpaid: the next purchase is at the price of its own day."""
    with as_system("the timer acts for all"):
        Purchase.objects.filter(pk=purchase_id, status=PurchaseStatus.PENDING).update(
            status=PurchaseStatus.EXPIRED
        )


def refund_purchase(purchase_id: UUID, amount_minor: int, *, full: bool) -> None:
    """Money went back. Part of it leaves the right alone; all of it ends the right on every channel."""
    with as_system("the till settles for all"):
        purchase = Purchase.objects.select_for_update().get(pk=purchase_id)
        purchase.refunded_minor = purchase.price_minor if full else purchase.refunded_minor + amount_minor
        right = Entitlement.objects.select_for_update().filter(purchase=purchase).first()
        if full and purchase.status == PurchaseStatus.PAID:
            disputed = right is not None and right.status == EntitlementStatus.SUSPENDED
            purchase.status = PurchaseStatus.CHARGED_BACK if disputed else PurchaseStatus.REFUNDED
            purchase.ended_at = clock.now()
            _count_sale(purchase.tune_id, -1)
            if right is not None:
                right.status = EntitlementStatus.REVOKED
                right.ended_at = purchase.ended_at
                right.save(update_fields=["status", "ended_at"])
        purchase.save(update_fields=["refunded_minor", "status", "ended_at"])
        poke(purchase.user_id)


def dispute_purchase(purchase_id: UUID, *, is_open: bool) -> None:
    """While the bank looks into it the right rests."""
    old, new = EntitlementStatus.ACTIVE, EntitlementStatus.SUSPENDED
    if not is_open:
        old, new = new, old
    with as_system("the till settles for all"):
        right = Entitlement.objects.select_for_update().filter(purchase_id=purchase_id, status=old).first()
        if right is not None:
            right.status = new
            right.save(update_fields=["status"])
            poke(right.user_id)


def _alone(buyer_id: UUID, tune_id: UUID) -> None:
    """One purchase of this tune by this person at a time, until the transaction ends.

    The unique index is not enough: a free purchase that is paid at once leaves it while a second one waits.
    """
    digest = hashlib.sha256(f"{KIND}:{buyer_id}:{tune_id}".encode()).digest()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(digest[:8], "big", signed=True)])


def _reserve(buyer: User, tune: Tune, vehicle: Vehicle | None) -> Purchase:
    seen = Tune.objects.visible_to(buyer).select_related("tuner").filter(pk=tune.pk).first()
    if seen is None:
        raise NotFound
    if seen.tuner.user_id == buyer.pk:
        raise OwnTune
    if seen.vin_bound and (vehicle is None or not vehicle.vin):
        raise VinNeeded
    vin = vehicle.vin if seen.vin_bound and vehicle else ""
    if Entitlement.objects.filter(user=buyer, tune=seen, vin=vin, status__in=LIVE).exists():
        raise AlreadyOwned
    if seen.status != TuneStatus.PUBLISHED or not seen.tuner.verified:
        raise NotForSale
    version = TuneVersion.objects.filter(tune=seen, published_at__isnull=False).order_by("-number").first()
    if version is None:
        raise NotForSale
    return _open_purchase(
        buyer,
        seen,
        {
            "version": version,
            "vehicle": vehicle,
            "vin": vin,
            "price_minor": seen.price_minor,
            "currency": seen.currency,
        },
    )


def _open_purchase(buyer: User, tune: Tune, terms: dict[str, Any]) -> Purchase:
    """The one open purchase on these terms; on other ones it expires and a new one takes its place."""
    open_now = Purchase.objects.filter(user=buyer, tune=tune, status=PurchaseStatus.PENDING)
    found = open_now.select_for_update().first()
    if found is not None:
        if all(getattr(found, name) == terms[name] for name in ("vin", "price_minor", "currency")):
            return found  # type: ignore[no-any-return]
        open_now.update(status=PurchaseStatus.EXPIRED)
    try:
        with transaction.atomic():
            purchase: Purchase = Purchase.objects.create(user=buyer, tune=tune, **terms)
    except IntegrityError:
        purchase = open_now.get()
    return purchase


def _count_sale(tune_id: UUID, more: int) -> None:
    Tune.objects.filter(pk=tune_id).update(sales_count=F("sales_count") + more)
