"""A message changed by who wrote it: the thread's `rev` moves on, its `seq` stays."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.conf import settings

from chat import frames
from chat.errors import EditClosed, MessageAbsent, NotYours
from chat.models import Attachment, Kind, Message, MessageEdit, Participant, Thread
from chat.services import live
from chat.services.sending import STAFFED, check_body, later_than, read_message
from chat.services.settling import settle
from core import clock
from core.errors import PreconditionFailed
from core.rls import as_system


def edit(
    *, thread_id: UUID, message_id: UUID, user_id: UUID, body: str, rev: int | None = None
) -> frames.Said:
    """New words within CHAT_EDIT_WINDOW. `rev`: only if it is still that one.

    Raises MessageAbsent, NotYours, EditClosed, Invalid, PreconditionFailed.
    """
    check_body(body)

    def change(row: Message) -> bool:
        if row.deleted_at is not None or clock.now() - row.created_at > settings.CHAT_EDIT_WINDOW:
            raise EditClosed
        if row.body == body:
            return False
        row.body, row.edited_at = body, _stamp(row)
        return True

    return _change(thread_id, message_id, user_id, change, rev)


def delete(*, thread_id: UUID, message_id: UUID, user_id: UUID | None, rev: int | None = None) -> frames.Said:
    """A tombstone in its place; repeating changes nothing. None: staff take it away. `rev`: only if it is still that.

    Raises MessageAbsent, NotYours, PreconditionFailed.
    """

    def change(row: Message) -> bool:
        if row.deleted_at is not None:
            return False
        row.body, row.deleted_at = "", _stamp(row)
        Attachment.objects.filter(message=row).delete()
        return True

    return _change(thread_id, message_id, user_id, change, rev)


def _change(
    thread_id: UUID,
    message_id: UUID,
    user_id: UUID | None,
    change: Callable[[Message], bool],
    rev: int | None,
) -> frames.Said:
    with as_system("the thread's counter is everybody's"):
        thread = Thread.objects.live().select_for_update().filter(pk=thread_id).first()
        row = Message.objects.filter(pk=message_id, thread_id=thread_id).exclude(kind=Kind.NOTE).first()
        if thread is None or row is None or not _sees(row, user_id):
            raise MessageAbsent
        if user_id is not None and row.sender_id != user_id:
            raise NotYours
        if rev is not None and row.rev != rev:
            raise PreconditionFailed
        before = MessageEdit(message=row, body=row.body, rev=row.rev or 0)
        if not change(row):
            return read_message(row.pk)
        thread.last_rev += 1
        row.rev = thread.last_rev
        before.save(force_insert=True)
        row.save(update_fields=["body", "edited_at", "deleted_at", "rev"])
        thread.save(update_fields=["last_rev"])
        said = read_message(row.pk)
        live.tell_change(said, staff=thread.kind in STAFFED)
        settle([thread_id])
        return said


def _stamp(row: Message) -> datetime:
    """Later than any change of the thread: `since` relies on it."""
    last = Message.objects.filter(thread_id=row.thread_id, rev__isnull=False).order_by("-rev").first() or row
    return later_than(max(filter(None, (last.created_at, last.edited_at, last.deleted_at))))


def _sees(row: Message, user_id: UUID | None) -> bool:
    if user_id is None:
        return True
    mine = Participant.objects.filter(
        thread_id=row.thread_id, user_id=user_id, left_at=None, joined_seq__lt=row.seq
    )
    return bool(mine.exists())
