"""What a person may ask in a day. A plan's benefit counts before the house's own limits."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import Count, F, Max, Sum
from django.db.models.functions import TruncDate

from chat.assistant.errors import QuotaUsedUp
from chat.assistant.models import AnswerUsage
from core import clock
from users.models import User
from users.ports import Shortfall, benefits

MESSAGES: Final = "assistant_quota"  # messages a day
TOKENS: Final = "assistant_tokens_per_day"


@dataclass(frozen=True, slots=True)
class Allowance:
    """A day's limits and what is used of them; a day begins at midnight UTC."""

    messages: int
    tokens: int
    messages_used: int
    tokens_used: int
    ends_at: datetime

    @property
    def model_allowed(self) -> bool:
        return self.tokens_used < self.tokens


def limit(user: User, code: str, default: int) -> int:
    plug = benefits.get(code)
    value: Any = plug.value_for(user) if plug is not None else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else default


def allowance_of(user: User) -> Allowance:
    """Answers of the built-in count as messages; its tokens cost nothing and are none."""
    now = clock.now()
    begins = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    used = (
        AnswerUsage.objects.visible_to(user)
        .filter(at__gte=begins)
        .aggregate(messages=Count("id"), tokens=Sum(F("prompt_tokens") + F("completion_tokens")))
    )
    return Allowance(
        limit(user, MESSAGES, settings.AI_MESSAGES_PER_DAY),
        limit(user, TOKENS, settings.AI_TOKENS_PER_DAY),
        used["messages"],
        used["tokens"] or 0,
        begins + timedelta(days=1),
    )


def demand_message(user: User) -> Allowance:
    """Raises QuotaUsedUp (429, Retry-After until midnight UTC). The caller holds the person's lock."""
    found = allowance_of(user)
    if found.messages_used >= found.messages:
        raise QuotaUsedUp(retry_after=int((found.ends_at - clock.now()).total_seconds()) + 1)
    return found


class BusiestDay:
    """How much somebody asked on their busiest day of the last month, beside a smaller plan's day.

    A day's allowance is new each morning and nothing of it can be lost, so it is theirs to accept; but who asks more
    than that day by day should hear of it before the change, not in the middle of a conversation after it.
    """

    DAYS = timedelta(days=30)

    def __init__(self, code: str, default: str, unit: str, counted: Any) -> None:
        self.code, self.default, self.unit, self.counted = code, default, unit, counted

    def shortfall(self, user: User, given: Any, at: datetime) -> Shortfall | None:
        allowed = given if isinstance(given, int) else int(getattr(settings, self.default))
        days = AnswerUsage.objects.filter(owner=user, at__gte=clock.now() - self.DAYS).order_by()
        days = days.annotate(day=TruncDate("at", tzinfo=UTC)).values("day").annotate(used=self.counted)
        most = days.aggregate(most=Max("used"))["most"] or 0
        if most <= allowed:
            return None
        return Shortfall(
            f"your busiest day of the last {self.DAYS.days} took {most} {self.unit}, "
            f"the plan gives {allowed} a day.",
            final=False,
        )


METERS: Final = (
    BusiestDay(MESSAGES, "AI_MESSAGES_PER_DAY", "messages", Count("id")),
    BusiestDay(TOKENS, "AI_TOKENS_PER_DAY", "tokens", Sum(F("prompt_tokens") + F("completion_tokens"))),
)
