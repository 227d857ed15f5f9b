"""One conversation as staff see it: what was said and noted, who takes part, and what stands beside it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.models import Group
from django.db.models import Prefetch, Q, Subquery

from chat.models import Attachment, CannedReply, Kind, Message, Participant, Thread
from chat.ports import About, Line, besides, contexts
from chat.selectors.clock import FirstAnswer, first_answer
from chat.selectors.inbox import STAFF_PARTS, staffed
from core import clock
from users.models import User

SHOWN: Final = 60  # messages of one page
NOTES: Final = 200
BESIDE: Final = 5  # things of each kind
SUPPORT: Final = "support"  # the staff group


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the conversation. `side`: customer, staff, system or note."""

    row: Message
    side: str
    who: str
    files: Sequence[Attachment] = ()
    answers: str = ""
    seen: bool = False


@dataclass(frozen=True, slots=True)
class Conversation:
    thread: Any
    customer: User | None
    items: Sequence[Item]
    people: Sequence[Participant]
    clock: FirstAnswer
    joined: bool
    earlier: int | None  # the seq before which there is more


@dataclass(frozen=True, slots=True)
class Panel:
    title: str
    lines: Sequence[Line]
    more: bool = False


@dataclass(frozen=True, slots=True)
class Canned:
    """A ready answer with the customer's name in it."""

    shortcut: str
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Side:
    about: About | None = None
    panels: Sequence[Panel] = field(default_factory=list)


def conversation(thread_id: UUID, viewer: User, *, before: int | None = None) -> Conversation | None:
    """Its newest page, or the one before a seq. None when there is no such conversation of staff."""
    thread: Any = staffed().filter(pk=thread_id).first()
    if thread is None:
        return None
    people = list(
        Participant.objects.filter(thread=thread, left_at=None).select_related("user").order_by("created_at")
    )
    rows, earlier = _page(thread, before)
    mark = next((one.read_seq for one in people if one.user_id == thread.opened_by_id), 0)
    read = max([mark, *(row.seq or 0 for row in rows if row.sender_id == thread.opened_by_id)])
    items = [_item(row, thread, read) for row in rows]
    return Conversation(
        thread=thread,
        customer=thread.opened_by,
        items=items,
        people=people,
        clock=first_answer(thread, clock.now()),
        joined=any(one.user_id == viewer.pk for one in people),
        earlier=earlier,
    )


def _page(thread: Thread, before: int | None) -> tuple[list[Message], int | None]:
    """Messages by number, and the notes that were written among them."""
    files = Prefetch("attachments", Attachment.objects.select_related("file"))
    said = Message.objects.filter(thread=thread, seq__isnull=False).select_related("sender", "reply_to")
    if before is not None:
        said = said.filter(seq__lt=before)
    public = list(said.order_by("-seq").prefetch_related(files)[: SHOWN + 1])
    more, public = len(public) > SHOWN, public[:SHOWN]
    notes = Message.objects.filter(thread=thread, kind=Kind.NOTE).select_related("sender")
    if more:
        notes = notes.filter(created_at__gte=public[-1].created_at)
    if before is not None:
        later = Message.objects.filter(thread=thread, seq=before).values("created_at")
        notes = notes.filter(created_at__lt=Subquery(later[:1]))
    rows = [*public, *notes.order_by("-created_at")[:NOTES]]
    return sorted(rows, key=_place), public[-1].seq if more else None


def _place(row: Message) -> tuple[datetime, int]:
    return row.created_at, row.seq or 0


def _item(row: Message, thread: Thread, read: int) -> Item:
    if row.kind == Kind.NOTE:
        return Item(row, "note", _name(row.sender))
    staff = row.sender_role in STAFF_PARTS
    if row.kind == Kind.SYSTEM:  # a tool of staff may speak as support
        return Item(
            row, "staff" if staff else "system", row.get_sender_role_display() if staff else "RevSync"
        )
    return Item(
        row,
        "staff" if staff else "customer",
        _name(row.sender),
        files=[] if row.deleted_at else list(row.attachments.all()),
        answers=" ".join(row.reply_to.body.split())[:120] if row.reply_to else "",
        seen=staff and (row.seq or 0) <= read,
    )


def _name(person: User | None) -> str:
    return str(person) if person else "Somebody erased"


def side_of(found: Conversation) -> Side:
    """One statement for each app that knows something of the customer, and one for what the thread is about."""
    thread, customer = found.thread, found.customer
    if customer is None:
        return Side()
    plug = contexts.get(thread.context_type) if thread.context_id else None
    panels = []
    for beside in besides.values():
        lines = beside.lines(customer.pk, BESIDE + 1)
        if lines:
            panels.append(Panel(beside.title, lines[:BESIDE], more=len(lines) > BESIDE))
    return Side(plug.about(thread.context_id, customer.pk) if plug else None, panels)


def colleagues() -> list[User]:
    """Who may be given a conversation."""
    group = Group.objects.filter(name=SUPPORT).values("user")
    rows = User.objects.filter(is_staff=True, is_active=True, deleted_at=None)
    return list(
        rows.filter(Q(is_superuser=True) | Q(pk__in=group)).order_by("first_name", "last_name", "pk")[:200]
    )


def canned_replies(viewer: User, thread: Thread) -> list[Canned]:
    """Those for everybody and for the viewer's groups, with `{name}`, `{me}` and `{subject}` filled in."""
    rows = CannedReply.objects.filter(deleted_at=None)
    if not viewer.is_superuser:
        rows = rows.filter(Q(team="") | Q(team__in=viewer.groups.values("name")))
    words = {
        "{name}": (thread.opened_by.first_name if thread.opened_by else "") or "there",
        "{me}": viewer.first_name or viewer.name,
        "{subject}": thread.subject,
    }
    return [Canned(row.shortcut, row.title, _filled(row.body, words)) for row in rows[:200]]


def _filled(body: str, words: dict[str, str]) -> str:
    for name, value in words.items():
        body = body.replace(name, value)
    return body
