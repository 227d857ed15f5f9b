"""Plugs for staff and newcomers: the start page and the demo world."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models import Count
from django.db.models.functions import TruncDate

from core import clock
from core.ports import dashboard_cards, demo_worlds
from marketplace.demo import fill_shelf
from marketplace.models import Purchase, PurchaseStatus, Tune, TuneStatus

DEMO_TUNES = 320


class MarketplaceCard:
    title = "Marketplace"

    def rows(self) -> list[tuple[str, str]]:
        since = clock.now() - timedelta(days=30)
        sold = Purchase.objects.filter(status=PurchaseStatus.PAID, paid_at__gte=since)
        return [
            ("Published tunes", str(Tune.objects.filter(status=TuneStatus.PUBLISHED).count())),
            ("Waiting for moderation", str(Tune.objects.filter(status=TuneStatus.IN_REVIEW).count())),
            ("Sold in 30 days", str(sold.count())),
        ]

    def chart(self) -> Mapping[str, Any] | None:
        since = clock.now() - timedelta(days=13)
        sold = Purchase.objects.filter(status=PurchaseStatus.PAID, paid_at__date__gte=since.date())
        by_day = dict(
            sold.annotate(day=TruncDate("paid_at"))
            .values("day")
            .annotate(number=Count("pk"))
            .values_list("day", "number")
        )
        days = [(since + timedelta(days=number)).date() for number in range(14)]
        return {
            "labels": [f"{day:%d %b}" for day in days],
            "datasets": [{"label": "Tunes sold", "data": [by_day.get(day, 0) for day in days]}],
        }


class DemoShelf:
    """Hundreds of tunes over real models, Tara's first."""

    def fill(self, world: dict[str, Any]) -> None:
        fill_shelf(DEMO_TUNES, tara=world["tara_tuner"])


dashboard_cards.register("marketplace", MarketplaceCard())
demo_worlds.register("marketplace", DemoShelf())
