"""Numbers for the staff start page."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Sum
from django.db.models.functions import TruncDate

from core import clock
from payments.amounts import decimals, money
from payments.models import Payment, PaymentStatus, Refund, RefundStatus, WebhookEvent
from payments.states import UNDER_WAY

DAYS = 14
COLOURS = {"razorpay": "var(--color-primary-600)", "cash": "var(--color-primary-400)"}
OTHER = "var(--color-primary-300)"


class RevenueCard:
    """What came in, by day and gateway, in the currency that is used most."""

    title = "Revenue"

    def rows(self) -> list[tuple[str, str]]:
        since = clock.now() - timedelta(days=30)
        taken = (
            Payment.objects.filter(captured_at__gte=since, honoured=True)
            .values("currency")
            .annotate(taken=Sum("captured_minor"), back=Sum("refunded_minor"))
            .order_by("-taken")
        )
        return [
            (f"Last 30 days, {row['currency']}", money(row["taken"] - row["back"], row["currency"]))
            for row in taken
        ] or [("Last 30 days", "nothing yet")]

    def chart(self) -> Mapping[str, Any] | None:
        """Bars by day, one colour a gateway, in major units."""
        currency = main_currency()
        if currency is None:
            return None
        today = clock.now().date()
        days = [today - timedelta(days=back) for back in reversed(range(DAYS))]
        sums = revenue_by_day(currency, days[0])
        gateways = sorted({gateway for _, gateway in sums})
        unit = 10 ** decimals(currency)
        return {
            "labels": [f"{day:%d %b}" for day in days],
            "datasets": [
                {
                    "label": f"{gateway} ({currency})",
                    "data": [sums.get((day, gateway), 0) / unit for day in days],
                    "backgroundColor": COLOURS.get(gateway, OTHER),
                }
                for gateway in gateways
            ],
        }


class TillCard:
    """What waits for a person."""

    title = "Payments to look at"

    def rows(self) -> list[tuple[str, str]]:
        statuses = (PaymentStatus.REVIEW, PaymentStatus.DISPUTED)
        found = dict(
            Payment.objects.filter(status__in=statuses)
            .values_list("status")
            .annotate(n=Count("pk"))
            .order_by()
        )
        failed = WebhookEvent.objects.filter(state=WebhookEvent.State.FAILED).count()
        return [
            ("In review", str(found.get(PaymentStatus.REVIEW, 0))),
            ("Disputed", str(found.get(PaymentStatus.DISPUTED, 0))),
            ("Webhooks that fail", str(failed)),
            ("Refunds under way", str(Refund.objects.filter(status__in=UNDER_WAY).count())),
            ("Refunds that failed", str(Refund.objects.filter(status=RefundStatus.FAILED).count())),
        ]

    def chart(self) -> Mapping[str, Any] | None:
        return None


def main_currency() -> str | None:
    """The currency of most payments in the chart's days."""
    since = clock.now() - timedelta(days=DAYS)
    rows = Payment.objects.filter(captured_at__gte=since, honoured=True).values_list("currency")
    first = rows.annotate(n=Count("pk")).order_by("-n", "currency").first()
    return str(first[0]) if first else None


def revenue_by_day(currency: str, since: date) -> dict[tuple[date, str], int]:
    """(UTC day, gateway) -> minor units that were captured and honoured."""
    rows = (
        Payment.objects.filter(captured_at__date__gte=since, currency=currency, honoured=True)
        .annotate(day=TruncDate("captured_at"))
        .values_list("day", "gateway")
        .annotate(sum=Sum("captured_minor"))
        .order_by()
    )
    return {(day, gateway): int(total) for day, gateway, total in rows}
