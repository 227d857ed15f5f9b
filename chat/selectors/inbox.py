"""The list of conversations that staff answer, run as the system. Its number of statements does not grow with it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Greatest

from chat.models import Kind, Message, Part, Participant, Thread, ThreadKind, ThreadStatus
from chat.selectors.clock import FirstAnswer, first_answer
from core import clock
from users.models import User

PAGE: Final = 30
DEEPEST: Final = 100  # pages; whoever looks further back searches
_FOUND: Final = 2000  # messages that a search looks at, newest first
STAFFED: Final = (ThreadKind.SUPPORT, ThreadKind.SHOP)
UNDER_WAY: Final = (ThreadStatus.OPEN, ThreadStatus.PENDING, ThreadStatus.SNOOZED)
STAFF_PARTS: Final = (Part.SUPPORT, Part.SHOP)
PRIORITIES: Final = ((0, "Low"), (1, "Normal"), (2, "High"), (3, "Urgent"))

TABS: Final = {
    "open": "Open",
    "mine": "Mine",
    "unassigned": "Unassigned",
    "overdue": "Overdue",
    "pending": "Pending",
    "snoozed": "Snoozed",
    "resolved": "Resolved",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody looks at: a tab, words to search for (in all tabs then), one kind, a page from 0."""

    by: User
    tab: str = "open"
    words: str = ""
    kind: str = ""
    page: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the list."""

    thread: Thread
    customer: str
    said: str
    said_by_staff: bool
    unread: int
    clock: FirstAnswer
    priority: str


def staffed() -> Any:
    """Conversations of support and shop, with `unread`: messages that nobody of staff has seen."""
    read = (
        Participant.objects.filter(thread=OuterRef("pk"), role__in=STAFF_PARTS)
        .order_by("-read_seq")
        .values("read_seq")[:1]
    )
    said = (  # whose mark follows in a second
        Message.objects.filter(
            thread=OuterRef("pk"), rev__gt=OuterRef("head_rev"), kind=Kind.TEXT, sender_role__in=STAFF_PARTS
        )
        .order_by("-rev")
        .values("seq")[:1]
    )
    rows = Thread.objects.live().filter(kind__in=STAFFED)
    return rows.annotate(
        unread=F("last_seq")
        - Greatest(F("staff_seen_seq"), Coalesce(Subquery(read), 0), Coalesce(Subquery(said), 0))
    ).select_related("opened_by", "assignee")


def entries(asked: Asked) -> tuple[list[Entry], bool]:
    """One page, and whether there is another. Two statements."""
    rows = staffed()
    if asked.kind:
        rows = rows.filter(kind=asked.kind)
    rows = rows.filter(_matching(asked.words) if asked.words else _tab(asked.tab, asked.by, clock.now()))
    # Resolved ones are many: the index on (status, created_at) gives their newest without sorting all.
    newest = "-created_at" if asked.tab == "resolved" and not asked.words else "-last_message_at"
    start = min(asked.page, DEEPEST) * PAGE
    found = list(rows.order_by(newest, "-pk")[start : start + PAGE + 1])
    return _entries(found[:PAGE]), len(found) > PAGE


def counts(user: User) -> dict[str, int]:
    """How many are in each tab, but for the resolved. One statement."""
    now = clock.now()
    rows = Thread.objects.live().filter(kind__in=STAFFED)
    tabs = [tab for tab in TABS if tab != "resolved"]
    found: dict[str, int] = rows.filter(status__in=UNDER_WAY).aggregate(
        **{tab: Count("pk", filter=_tab(tab, user, now)) for tab in tabs}
    )
    return found


def _tab(tab: str, user: User, now: datetime) -> Q:
    if tab == "mine":
        return Q(assignee=user, status__in=UNDER_WAY)
    if tab == "unassigned":
        return Q(assignee=None, status__in=UNDER_WAY)
    if tab == "overdue":
        return Q(first_responded_at=None, first_response_due_at__lt=now, status__in=UNDER_WAY)
    return Q(status=tab if tab in ThreadStatus.values else ThreadStatus.OPEN)


def _matching(words: str) -> Q:
    """Subject, customer, or words of a message or note."""
    first, _, rest = words.partition(" ")
    person = (
        Q(email__istartswith=words)
        | Q(phone__startswith=words)
        | Q(first_name__istartswith=words)
        | Q(last_name__istartswith=words)
    )
    if rest := rest.strip():
        person |= Q(first_name__iexact=first, last_name__istartswith=rest)
    said = (
        Message.objects.annotate(words=SearchVector("body", config="simple"))
        .filter(
            words=SearchQuery(words, config="simple", search_type="websearch"),
            thread__kind__in=STAFFED,
            deleted_at=None,
        )
        .order_by("-pk")
    )
    return (
        Q(subject__icontains=words)
        | Q(opened_by__in=User.objects.filter(person).values("pk"))
        | Q(pk__in=said.values("thread_id")[:_FOUND])
    )


def _entries(threads: Sequence[Thread]) -> list[Entry]:
    last = _last_words(thread.pk for thread in threads)
    now = clock.now()
    return [_entry(thread, last.get(thread.pk), now) for thread in threads]


def _last_words(ids: Iterable[UUID]) -> dict[UUID, Message]:
    rows = Message.objects.filter(thread_id__in=list(ids), seq=F("thread__last_seq")).only(
        "thread_id", "body", "sender_role", "deleted_at", "kind"
    )
    return {row.thread_id: row for row in rows}


def _entry(thread: Any, last: Message | None, now: datetime) -> Entry:
    said = "" if last is None else "Message taken back" if last.deleted_at else " ".join(last.body.split())
    return Entry(
        thread=thread,
        customer=str(thread.opened_by) if thread.opened_by else "Somebody erased",
        said=(said or ("Sent a file" if last else "Nothing said yet"))[:160],
        said_by_staff=last is not None and last.kind == Kind.TEXT and last.sender_role in STAFF_PARTS,
        unread=max(0, thread.unread),
        clock=first_answer(thread, now),
        priority=dict(PRIORITIES).get(thread.priority, ""),
    )
