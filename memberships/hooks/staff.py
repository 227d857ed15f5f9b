"""Plugs for staff and newcomers: the start page and the demo world."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from core import clock
from core.ports import dashboard_cards, demo_worlds
from memberships.demo import fill_club
from memberships.models import Membership, Referral, ReferralStatus
from memberships.selectors.figures import (
    active_by_plan,
    churned,
    main_currency,
    month_starts,
    reasons,
    recurring,
)
from payments.amounts import decimals, money


class MembersCard:
    """Who is a member, by plan, and what waits for a person."""

    title = "Members"

    def rows(self) -> list[tuple[str, str]]:
        waiting = Referral.objects.filter(status=ReferralStatus.REJECTED, judged_by=None).count()
        rows = [(name, str(number)) for name, number in active_by_plan()]
        due = Membership.objects.filter(status="past_due").count()
        return [*rows, ("Payment due", str(due)), ("Referrals to look at", str(waiting))] if rows else []

    def chart(self) -> Mapping[str, Any] | None:
        found = active_by_plan()
        if not found:
            return None
        numbers = [number for _, number in found]
        return {
            "labels": [name for name, _ in found],
            "datasets": [
                {"label": "Members", "data": numbers, "backgroundColor": "var(--color-primary-600)"}
            ],
        }


class RecurringCard:
    """Monthly recurring revenue at the end of each of the last months, and now."""

    title = "Recurring revenue"

    def rows(self) -> list[tuple[str, str]]:
        currency = main_currency()
        if currency is None:
            return []
        return [("A month", money(recurring(clock.now(), currency), currency))]

    def chart(self) -> Mapping[str, Any] | None:
        currency = main_currency()
        if currency is None:
            return None
        unit = 10 ** decimals(currency)
        starts = month_starts()
        ends = [*starts[1:], clock.now()]
        return {
            "labels": [f"{start:%b %Y}" for start in starts],
            "datasets": [
                {
                    "label": f"A month ({currency})",
                    "data": [recurring(end, currency) / unit for end in ends],
                    "backgroundColor": "var(--color-primary-600)",
                }
            ],
        }


class ChurnCard:
    """Who left, of those who were members when the month began."""

    title = "Churn"

    def rows(self) -> list[tuple[str, str]]:
        now = clock.now()
        since = now - timedelta(days=30)
        ended, before = churned(since, now)
        if not Membership.objects.filter(started_at__isnull=False).exists():
            return []
        share = f"{100 * ended / before:.1f} %" if before else "-"
        return [
            ("Left in 30 days", str(ended)),
            ("Share", share),
            *((text, str(n)) for text, n in reasons(since)[:3]),
        ]

    def chart(self) -> Mapping[str, Any] | None:
        if not self.rows():
            return None
        starts = month_starts()
        ends = [*starts[1:], clock.now()]
        found = [churned(start, end) for start, end in zip(starts, ends, strict=True)]
        shares = [round(100 * ended / before, 1) if before else 0 for ended, before in found]
        return {
            "labels": [f"{start:%b %Y}" for start in starts],
            "datasets": [
                {"label": "Churn, percent", "data": shares, "backgroundColor": "var(--color-primary-400)"}
            ],
        }


class DemoClub:
    """Two plans, Alice a plus member, Bob came by her code."""

    def fill(self, world: dict[str, Any]) -> None:
        fill_club(world)


dashboard_cards.register("members", MembersCard())
dashboard_cards.register("recurring", RecurringCard())
dashboard_cards.register("churn", ChurnCard())
demo_worlds.register("memberships", DemoClub())
