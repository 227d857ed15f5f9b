"""Numbers for staff: members by plan, monthly recurring revenue, churn, and whom an edit of a plan would touch."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Q

from core import clock
from memberships.benefits import KINDS
from memberships.models import Membership, Plan
from memberships.selectors.usage import shortfalls
from memberships.states import ENTITLED, LIVE
from payments.amounts import money

PER_MONTH = {"week": (52, 12), "month": (1, 1), "quarter": (1, 3), "year": (1, 12)}
MONTHS = 6
LISTED = 50


def monthly(price_minor: int, interval: str) -> int:
    """A period's price as a price a month, minor units, rounded down."""
    times, divided = PER_MONTH[interval]
    return price_minor * times // divided


def active_by_plan() -> list[tuple[str, int]]:
    """(plan, members whose benefits hold), in the order of rank."""
    return list(
        Plan.objects.filter(deleted_at=None)
        .annotate(number=Count("memberships", filter=Q(memberships__status__in=ENTITLED)))
        .order_by("rank", "name")
        .values_list("name", "number")
    )


def recurring(at: datetime, currency: str) -> int:
    """Monthly recurring revenue at an instant, minor units: of memberships that had begun and not ended.

    At the price of their newest period; a cancelled one counts until it ends.
    """
    rows = Membership.objects.filter(started_at__lte=at, currency=currency)
    rows = rows.filter(Q(ended_at=None, status__in=ENTITLED) | Q(ended_at__gt=at))
    counted = rows.values_list("price_minor", "interval").annotate(n=Count("pk")).order_by()
    return sum(monthly(price, interval) * number for price, interval, number in counted)


def churned(since: datetime, until: datetime) -> tuple[int, int]:
    """(memberships that ended in between, members at its start); one that moved to another plan did neither."""
    ended = Membership.objects.filter(
        ended_at__gt=since, ended_at__lte=until, started_at__isnull=False
    ).count()
    rows = Membership.objects.filter(started_at__lte=since)
    at_start = rows.filter(Q(ended_at=None) | Q(ended_at__gt=since)).count()
    return ended, at_start


def month_starts(count: int = MONTHS) -> list[datetime]:
    """The first instants of the last months, the present one last (UTC)."""
    first = clock.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    found = [first]
    while len(found) < count:
        found.append((found[-1] - timedelta(days=1)).replace(day=1))
    return found[::-1]


def reasons(since: datetime) -> list[tuple[str, int]]:
    """Why members left, in words, the most frequent first."""
    rows = (
        Membership.objects.filter(ended_at__gt=since, started_at__isnull=False)
        .values_list("end_reason", "churn_reason")
        .annotate(n=Count("pk"))
        .order_by("-n")
    )
    end_words: dict[str, str] = dict(Membership._meta.get_field("end_reason").flatchoices)
    own_words: dict[str, str] = dict(Membership._meta.get_field("churn_reason").flatchoices)
    return [
        (": ".join(filter(None, (end_words.get(end, end), own_words.get(own, "")))), number)
        for end, own, number in rows
    ]


@dataclass(frozen=True, slots=True)
class Effect:
    """What an edit of a plan would do. Members keep their price until they renew; benefits change at once."""

    counts: Sequence[tuple[str, int]]
    changes: Sequence[tuple[str, str, str]]
    revenue: tuple[str, str]
    members: Sequence[Membership]
    losing: Sequence[tuple[str, str]]


def effect_of(plan: Plan, price_minor: int, benefits: dict[str, Any]) -> Effect:
    """Whom this price and these benefits would touch, and who uses more than they would give."""
    rows = Membership.objects.filter(plan=plan, status__in=LIVE)
    held = rows.filter(status__in=ENTITLED)
    now = sum(monthly(row.price_minor, row.interval) for row in held.only("price_minor", "interval"))
    then = monthly(price_minor, plan.interval) * held.count()
    counts = [
        ("Benefits change at once for", held.count()),
        ("Renew at the new price", held.filter(cancel_at_period_end=False, subscription=None).count()),
        ("Renew at their gateway, at the old price", held.filter(subscription__isnull=False).count()),
        ("Leave at the end of their period", held.filter(cancel_at_period_end=True).count()),
        ("Have not paid yet", rows.filter(status="incomplete").count()),
        ("Come to it from another plan", Membership.objects.filter(next_plan=plan, status__in=LIVE).count()),
    ]
    members = list(held.select_related("user").order_by(F("period_end").asc(nulls_last=True))[:LISTED])
    return Effect(
        counts=counts,
        changes=_changes(plan, price_minor, benefits),
        revenue=(money(now, plan.currency), money(then, plan.currency)),
        members=members,
        losing=[loss for row in members for loss in _losses(row, plan, benefits)],
    )


def _changes(plan: Plan, price_minor: int, benefits: dict[str, Any]) -> list[tuple[str, str, str]]:
    found = []
    if price_minor != plan.price_minor:
        found.append(("Price", money(plan.price_minor, plan.currency), money(price_minor, plan.currency)))
    for code, kind in KINDS.items():
        old, new = plan.benefits.get(code), benefits.get(code)
        if old != new:
            found.append((kind.label, kind.show(old), kind.show(new)))
    return found


def _losses(row: Membership, plan: Plan, benefits: dict[str, Any]) -> list[tuple[str, str]]:
    found = shortfalls(row.user, plan.code, benefits, clock.now())
    return [(str(row.user), one.text) for one in found.values()]


def main_currency() -> str | None:
    """The currency of most memberships that ever began; None when there are none."""
    rows = Membership.objects.filter(started_at__isnull=False).values_list("currency")
    first = rows.annotate(n=Count("pk")).order_by("-n", "currency").first()
    return str(first[0]) if first else None
