"""What a person may ask in a day. A plan's benefit counts before the house's own limits."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import Count, F, Sum

from chat.assistant.errors import QuotaUsedUp
from chat.assistant.models import AnswerUsage
from core import clock
from users.models import User
from users.ports import benefits

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
