"""What the assistant may know of a membership."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from chat.ports import Block, Fact, Pattern, PlainKnowledge, Question, Reply, Source, Tool, words
from memberships.benefits import KINDS
from memberships.models import Plan
from memberships.selectors.members import membership_of
from payments.amounts import money
from users.models import User

API: Final = "/api/v1/memberships/"
NONE: Final = "You have no membership."


def own(user: User) -> list[Fact]:
    """The live membership, else the one that ended last."""
    row = membership_of(user)
    if row is None:
        return []
    until = f", the period ends on {row.period_end.day} {row.period_end:%B %Y}" if row.period_end else ""
    ends = " and is not renewed" if row.cancel_at_period_end else ""
    text = (
        f"Your membership {row.plan.name} is {row.get_status_display().lower()}: "
        f"{money(row.price_minor, row.currency)} a {row.interval}{until}{ends}. {_gives(row.plan)}"
    )
    return [Fact(text.strip(), Source("membership", str(row.pk), row.plan.name, f"{API}me/"))]


def plans() -> list[Fact]:
    return [
        Fact(
            f"Plan {row.name}: {money(row.price_minor, row.currency)} a {row.interval}. {_gives(row)}".strip(),
            Source("plan", str(row.pk), row.name, f"{API}plans/"),
        )
        for row in Plan.objects.live().filter(active=True).order_by("rank", "price_minor")[:6]
    ]


def _gives(plan: Plan) -> str:
    told = [
        f"{KINDS[code].label}: {KINDS[code].show(value)}"
        for code, value in plan.benefits.items()
        if code in KINDS
    ]
    return f"{'; '.join(told)}." if told else ""


def _said(found: Sequence[Fact], nothing: str) -> Reply:
    return Reply("\n".join(fact.text for fact in found) or nothing, tuple(fact.source for fact in found))


def _own(question: Question) -> Reply:
    return _said(own(question.user), NONE)


def _plans(question: Question) -> Reply:
    return _said(plans(), "There are no plans to join now.")


PATTERNS: Final = (
    Pattern(
        "membership",
        (words("membership member subscription subscribed tier benefits benefit"),),
        _own,
        likes=words("my do i have which what when does end renew am a is status include"),
        unlike=words("plans price cost upgrade join mean means"),
    ),
    Pattern(
        "plans",
        (
            words("plan plans membership memberships"),
            words("plans price prices cost costs upgrade join available which options"),
        ),
        _plans,
        likes=words("much what are there how do you can"),
        unlike=words("maintenance oil service"),
    ),
)


def _get(user: User, arguments: Mapping[str, Any]) -> Sequence[Fact]:
    return own(user)


class MembershipKnowledge(PlainKnowledge):
    order = 50

    def blocks(self, user: User) -> Sequence[Block]:
        return [Block("membership", own(user))]

    def patterns(self) -> Sequence[Pattern]:
        return PATTERNS

    def tools(self) -> Sequence[Tool]:
        return [Tool("get_membership", "The membership of this person and what it gives.", _get)]
