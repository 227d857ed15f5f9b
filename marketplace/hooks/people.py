"""Plugs about people: the right to review a tuner, personal data, and files that rows hold on to."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from core import clock
from core.ports import file_holders, personal_data
from core.refs import Ref
from marketplace.models import (
    Download,
    Entitlement,
    Favourite,
    Purchase,
    PurchaseStatus,
    Tune,
    TuneReview,
    TuneStatus,
    TuneVersion,
)
from marketplace.services.buying import KIND
from tuners.ports import review_rights


class BuyersMayReview:
    """Whoever bought a tune of this tuner, and kept it, may review them."""

    def right(self, author_id: UUID, tuner_id: UUID) -> Ref | None:
        bought = Purchase.objects.filter(
            user_id=author_id, tune__tuner__user_id=tuner_id, status=PurchaseStatus.PAID
        )
        newest = bought.order_by("-paid_at").values_list("pk", flat=True).first()
        return Ref(KIND, newest) if newest else None


class MarketplaceData:
    """A person's purchases, rights, downloads, reviews, wishlist, and the tunes that they made."""

    def export(self, user_id: UUID) -> Mapping[str, Any]:
        return {
            "purchases": list(
                Purchase.objects.filter(user_id=user_id).values(
                    "id", "tune__title", "vin", "price_minor", "currency", "status", "paid_at", "created_at"
                )
            ),
            "entitlements": list(
                Entitlement.objects.filter(user_id=user_id).values(
                    "tune__title", "vin", "status", "granted_at", "ended_at", "download_count"
                )
            ),
            "downloads": list(
                Download.objects.filter(user_id=user_id).values(
                    "at", "version__number", "entitlement__tune__title", "user_agent", "result"
                )
            ),
            "tune_reviews": list(
                TuneReview.objects.filter(author_id=user_id).values(
                    "tune__title", "rating", "text", "created_at"
                )
            ),
            "favourites": list(
                Favourite.objects.filter(owner_id=user_id, deleted_at=None).values("tune__title", "note")
            ),
            "tunes": list(
                Tune.objects.filter(tuner__user_id=user_id).values(
                    "title", "summary", "description", "status", "price_minor", "currency", "created_at"
                )
            ),
        }

    def erase(self, user_id: UUID) -> None:
        """Purchases stay for the books, without the vehicle; own tunes leave the shelf, buyers keep theirs."""
        now = clock.now()
        Purchase.objects.filter(user_id=user_id).update(vin="", vehicle=None)
        Entitlement.objects.filter(user_id=user_id).exclude(status="revoked").update(
            status="revoked", ended_at=now
        )
        Entitlement.objects.filter(user_id=user_id).update(vin="", vehicle=None)
        TuneReview.objects.filter(author_id=user_id).update(text="")
        Favourite.objects.filter(owner_id=user_id).update(note="", deleted_at=now)
        own = Tune.objects.filter(tuner__user_id=user_id)
        own.filter(status=TuneStatus.PUBLISHED).update(status=TuneStatus.RETIRED)
        own.exclude(status=TuneStatus.RETIRED).update(
            title="Removed", summary="", description="", deleted_at=now
        )


class TuneFiles:
    """Versions and pictures are kept: buyers have a right to what they bought."""

    def holds(self, file_id: UUID) -> bool:
        if TuneVersion.objects.filter(file_id=file_id, deleted_at=None).exists():
            return True
        shown = Tune.objects.filter(pictures__contains=[{"file_id": str(file_id)}], deleted_at=None)
        return bool(shown.exists())


review_rights.register(KIND, BuyersMayReview())
personal_data.register("marketplace", MarketplaceData())
file_holders.register("marketplace.files", TuneFiles())
