"""Threads: opened once, joined, left, read, muted, moved through the states of support."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Q

from chat import frames
from chat.errors import Blocked, NoSuchPerson, NoSuchUser, ThreadAbsent
from chat.models import Block, Part, Participant, Thread, ThreadKind, ThreadStatus
from chat.ports import About, contexts
from chat.services import live
from chat.services.sending import STAFFED, append
from chat.statements import READ
from core import clock
from core.errors import Invalid, NotAllowed
from core.rls import as_system
from users.models import User

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta
    from uuid import UUID

    from core.refs import Ref

MAX_PEOPLE: Final = 50


def open_thread(
    *,
    opener: UUID,
    people: Mapping[UUID, str] | None = None,
    kind: str | None = None,
    subject: str = "",
    context: Ref | None = None,
) -> tuple[Thread, bool]:
    """The thread, and whether it is new: one direct thread a pair, one about a context for all who belong to it.

    `people`: user id -> Part, without the opener. A context says by itself who belongs to it. Raises Invalid, Blocked.
    """
    with as_system("a thread has several people"):
        about = _about(opener, context)
        everybody = {**(about.people if about else {}), **(people or {})}
        everybody.pop(opener, None)
        kind = kind or (about.kind if about else ThreadKind.DIRECT if people else ThreadKind.SUPPORT)
        _check(opener, everybody, kind)
        pair = _pair(opener, *everybody) if kind == ThreadKind.DIRECT else None
        if context is not None:
            _wait_for_others(context)
        if (found := _found(opener, pair, context)) is not None:
            return found, False
        try:
            with transaction.atomic():
                thread = _made(
                    opener,
                    everybody,
                    kind=kind,
                    subject=subject or (about.title if about else ""),
                    context=context,
                    pair=pair,
                )
        except IntegrityError:  # a twin was committed meanwhile
            if (found := _found(opener, pair, context)) is None:
                raise
            return found, False
        for user_id in (opener, *everybody):
            live.tell_access(user_id, thread.pk, joined=True)
        if kind in STAFFED:
            live.tell_frame(thread.pk, frames.thread(thread), staff=True)
        return thread, True


def _about(opener: UUID, context: Ref | None) -> About | None:
    if context is None:
        return None
    plug = contexts.get(context.kind)
    about = plug.about(context.id, opener) if plug else None
    if about is None:
        raise Invalid(fields={"context": ["There is no such record."]})
    return about


def _check(opener: UUID, others: Mapping[UUID, str], kind: str) -> None:
    if len(others) >= MAX_PEOPLE:
        raise Invalid(fields={"participants": [f"At most {MAX_PEOPLE} people."]})
    if kind == ThreadKind.DIRECT and len(others) != 1:
        raise Invalid(fields={"participants": ["A direct thread has exactly one other person."]})
    if unknown := set(others.values()) - set(Part.values):
        raise Invalid(fields={"participants": [f"{', '.join(unknown)} is no part."]})
    there = User.objects.filter(pk__in=others, is_active=True, deleted_at=None).count()
    if there != len(others):
        raise NoSuchPerson
    if kind == ThreadKind.DIRECT and any(_blocked(opener, other) for other in others):
        raise Blocked


def _blocked(one: UUID, other: UUID) -> bool:
    rows = Block.objects.live()
    return bool(
        rows.filter(user_id=one, other_id=other).exists() or rows.filter(user_id=other, other_id=one).exists()
    )


def _pair(one: UUID, other: UUID) -> str:
    return "+".join(sorted((one.hex, other.hex)))


def _found(opener: UUID, pair: str | None, context: Ref | None) -> Thread | None:
    rows = Thread.objects.live()
    if pair is not None:
        rows = rows.filter(pair=pair)
    elif context is not None:
        inside = Participant.objects.filter(user_id=opener, left_at=None).values("thread_id")
        rows = rows.filter(context_type=context.kind, context_id=context.id)
        rows = rows.filter(Q(opened_by=opener) | Q(pk__in=inside)).order_by("created_at")
    else:
        return None
    found: Thread | None = rows.first()
    return found


def _wait_for_others(context: Ref) -> None:
    """Two who open the talk about one thing at the same time do it one after the other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"chat {context}"])


def _made(
    opener: UUID,
    others: Mapping[UUID, str],
    *,
    kind: str,
    subject: str,
    context: Ref | None,
    pair: str | None,
) -> Thread:
    now = clock.now()
    roles = dict(User.objects.filter(pk=opener).values_list("pk", "role"))
    mine = Part.TUNER if roles.get(opener) in {"TUNER", "CREATOR"} else Part.USER
    thread: Thread = Thread.objects.create(
        kind=kind,
        subject=subject[:200],
        pair=pair,
        context_type=context.kind if context else "",
        context_id=context.id if context else None,
        opened_by_id=opener,
        first_response_due_at=now + settings.CHAT_FIRST_RESPONSE if kind in STAFFED else None,
    )
    Participant.objects.bulk_create(
        Participant(thread=thread, user_id=user_id, role=role)
        for user_id, role in {opener: mine, **others}.items()
    )
    return thread


# -- Who is in it


def add_person(
    *, thread_id: UUID, user_id: UUID, role: str = Part.USER, by: UUID | None = None
) -> Participant:
    """They see what comes from now on; staff see all. `by` must be in it. Raises ThreadAbsent, Invalid, NotAllowed."""
    with as_system("a thread has several people"):
        thread = _locked(thread_id, member=by)
        if thread.kind == ThreadKind.DIRECT:
            raise NotAllowed("A direct thread has two people. Open another one.")
        if not User.objects.filter(pk=user_id, is_active=True, deleted_at=None).exists():
            raise NoSuchUser
        since = 0 if role in {Part.SUPPORT, Part.SHOP} else thread.last_seq
        row: Participant | None = Participant.objects.filter(thread=thread, user_id=user_id).first()
        if row is None:
            row = Participant.objects.create(
                thread=thread, user_id=user_id, role=role, joined_seq=since, read_seq=thread.last_seq
            )
        elif row.left_at is not None:
            row.left_at, row.role, row.joined_seq, row.read_seq = None, role, since, thread.last_seq
            row.save(update_fields=["left_at", "role", "joined_seq", "read_seq"])
        else:
            return row
        live.tell_access(user_id, thread_id, joined=True)
        return row


def join_as_staff(*, thread_id: UUID, user_id: UUID) -> Participant:
    """A member of staff who answers becomes part of the conversation, as support (or workshop)."""
    with as_system("staff answer customers"):
        thread = _locked(thread_id)
        if thread.kind not in STAFFED:
            raise ThreadAbsent
        role = Part.SHOP if thread.kind == ThreadKind.SHOP else Part.SUPPORT
        return add_person(thread_id=thread_id, user_id=user_id, role=role)


def leave(*, thread_id: UUID, user_id: UUID) -> None:
    """Nothing of the thread is seen any more. A direct one can't be left: block instead. Raises ThreadAbsent."""
    with as_system("a thread has several people"):
        thread = _locked(thread_id, member=user_id)
        if thread.kind == ThreadKind.DIRECT:
            raise NotAllowed("A direct thread can't be left. Mute it, or block the other.")
        Participant.objects.filter(thread=thread, user_id=user_id).update(left_at=clock.now())
        live.tell_access(user_id, thread_id, joined=False)


def _locked(thread_id: UUID, *, member: UUID | None = None) -> Thread:
    thread: Thread | None = Thread.objects.live().select_for_update().filter(pk=thread_id).first()
    if thread is None:
        raise ThreadAbsent
    if member and not Participant.objects.filter(thread=thread, user_id=member, left_at=None).exists():
        raise ThreadAbsent
    return thread


# -- One person's own view of it


def mark_read(*, thread_id: UUID, user_id: UUID, seq: int) -> int | None:
    """Move the read mark forwards; the new mark, or None when it stands there already. The others are told."""
    with as_system("the statement tests membership itself"), connection.cursor() as cursor:
        cursor.execute(READ, {"thread": thread_id, "user": user_id, "seq": seq})
        row = cursor.fetchone()
        if row is None:
            return None
        seq, kind = row
        live.tell_frame(thread_id, frames.read(thread_id, user_id, seq), staff=kind in STAFFED)
        return int(seq)


def mute(*, thread_id: UUID, user_id: UUID, until: datetime | None) -> None:
    """No notes of this thread until then; None ends it. Raises ThreadAbsent."""
    with as_system("the row is looked up by person"):
        rows = Participant.objects.filter(thread_id=thread_id, user_id=user_id, left_at=None)
        if not rows.update(muted_until=until):
            raise ThreadAbsent


def rename(*, thread_id: UUID, user_id: UUID, subject: str) -> None:
    """Another subject, for all; whoever opened the thread may. Raises ThreadAbsent, NotAllowed."""
    with as_system("a thread has several people"):
        thread = _locked(thread_id, member=user_id)
        if thread.opened_by_id != user_id:
            raise NotAllowed("Only who opened a thread may rename it.")
        thread.subject = subject
        thread.save(update_fields=["subject"])
        live.tell_frame(thread_id, frames.thread(thread), staff=thread.kind in STAFFED)


# -- States


def set_status(
    *,
    thread_id: UUID,
    status: str | None = None,
    assignee: User | None = None,
    unassign: bool = False,
    priority: int | None = None,
    snooze: timedelta | None = None,
) -> Thread:
    """What staff decide about a conversation; everybody in it is told. Raises ThreadAbsent, Invalid."""
    with as_system("staff see all conversations"):
        thread = _locked(thread_id)
        if status is not None:
            if status not in ThreadStatus.values:
                raise Invalid(fields={"status": [f"Choose one of: {', '.join(ThreadStatus.values)}."]})
            thread.status = status
            thread.snoozed_until = clock.now() + snooze if status == ThreadStatus.SNOOZED and snooze else None
        if assignee is not None or unassign:
            thread.assignee = assignee
        if priority is not None:
            if not 0 <= priority <= 3:
                raise Invalid(fields={"priority": ["From 0 to 3."]})
            thread.priority = priority
        thread.save(update_fields=["status", "snoozed_until", "assignee", "priority"])
        live.tell_frame(thread_id, frames.thread(thread), staff=thread.kind in STAFFED)
        return thread


def close_context(context: Ref, *, words: str = "") -> int:
    """What the threads were about is over: they are resolved, with a last line of the system. How many were open."""
    with as_system("the context closes for all who talk about it"):
        rows = Thread.objects.live().filter(context_type=context.kind, context_id=context.id)
        ids = list(rows.exclude(status=ThreadStatus.RESOLVED).order_by("pk").values_list("pk", flat=True))
        for thread_id in ids:
            if words:
                append(thread_id=thread_id, body=words)
            set_status(thread_id=thread_id, status=ThreadStatus.RESOLVED)
        return len(ids)
