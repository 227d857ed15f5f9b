"""Notes to people who are not looking, and what is done from time to time."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import F

from chat.models import Kind, Message, Participant, Presence, SocketTicket, Thread, ThreadStatus
from chat.services.settling import settle
from chat.services.threads import set_status
from core import clock
from core.ids import NIL
from core.notes import notify
from core.rls import as_system

PREVIEW: Final = 140  # characters
_SWEPT: Final = timedelta(minutes=15)
_FORGOTTEN: Final = timedelta(days=30)


def tell_absent(thread_id: UUID, people: Sequence[UUID]) -> None:
    """One note to each who still has not read the last message."""
    with as_system("notes to several people"):
        last = (
            Message.objects.filter(thread_id=thread_id, deleted_at=None)
            .exclude(kind=Kind.NOTE)
            .select_related("sender", "thread")
            .order_by("-seq")
            .first()
        )
        if last is None:
            return
        name = last.sender.name if last.sender else ""
        title = name or last.thread.subject or "New message"
        rows = Participant.objects.filter(thread_id=thread_id, user_id__in=people, left_at=None)
        for row in rows.filter(read_seq__lt=last.seq).exclude(user_id=last.sender_id or NIL):
            body = " ".join(last.body.split())[:PREVIEW] or "Sent a file."
            notify(row.user_id, "chat.message", title, body, thread_id=thread_id, seq=last.seq)


def _first_id(instant: datetime) -> UUID:
    """The smallest UUIDv7 of that millisecond: ids of messages are made by the server, so their index tells time."""
    return UUID(int=int(instant.timestamp() * 1000) << 80)


def sweep() -> None:
    """Threads that nobody settled, snoozes that are over, tickets and presence of long ago."""
    now = clock.now()
    with as_system("threads of many people"):
        recent = Message.objects.filter(pk__gte=_first_id(now - _SWEPT)).values("thread_id")
        unsettled = Thread.objects.live().filter(pk__in=recent, head_rev__lt=F("last_rev"))
        settle(list(unsettled.values_list("pk", flat=True)[:1000]))
        due = Thread.objects.live().filter(status=ThreadStatus.SNOOZED, snoozed_until__lte=now)
        for thread_id in due.values_list("pk", flat=True)[:200]:
            set_status(thread_id=thread_id, status=ThreadStatus.OPEN)
        SocketTicket.objects.filter(expires_at__lt=now - timedelta(hours=1)).delete()
        Presence.objects.filter(seen_at__lt=now - _FORGOTTEN).delete()
