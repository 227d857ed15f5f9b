"""What staff do in the inbox. All run as the system; the view audits them."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.db.models import F
from django.db.models.functions import Least

from chat import frames
from chat.errors import ThreadAbsent
from chat.models import Kind, Message, Participant, Thread, ThreadStatus
from chat.selectors.conversation import canned_replies
from chat.services import live
from chat.services.sending import STAFFED, Sent, append, check_body, send
from chat.services.threads import join_as_staff, mark_read, set_status
from core.errors import Invalid
from core.files.purposes import MIB, PURPOSES
from core.files.services import put_bytes
from core.models import FilePurpose
from core.notes import notify
from core.rls import as_system
from users.models import User

MAX_FILES: Final = 5  # of one answer
LONGEST_SNOOZE: Final = timedelta(days=90)
_SHORTCUT: Final = re.compile(r"/[a-zA-Z0-9_-]{1,40}")


def reply(
    *, thread_id: UUID, by: User, body: str, client_id: str = "", files: Sequence[UploadedFile[Any]] = ()
) -> Sent:
    """Answer as staff, becoming part of the conversation; who answers one that nobody has takes it.

    A body that is only a `/shortcut` sends the canned reply. Repeating a `client_id` sends nothing again.
    Raises ThreadAbsent, Invalid.
    """
    check_body(body, empty=bool(files))
    with as_system("staff answer customers"):
        thread = _staffed(thread_id)
        said = Message.objects.filter(thread=thread, sender=by, client_id=client_id or None).first()
        return answer(
            thread_id=thread_id,
            by=by,
            body=_expanded(body, thread, by),
            client_id=client_id,
            attachments=_attached(said) if said else _stored(by, files),
        )


def answer(
    *,
    thread_id: UUID,
    by: User,
    body: str,
    client_id: str = "",
    attachments: Sequence[UUID] = (),
    reply_to: UUID | None = None,
) -> Sent:
    """The same with files that staff uploaded before, word for word. Raises ThreadAbsent, Invalid."""
    with as_system("staff answer customers"):
        thread = _staffed(thread_id)
        join_as_staff(thread_id=thread_id, user_id=by.pk)
        sent = send(
            thread_id=thread_id,
            sender_id=by.pk,
            body=body,
            client_id=client_id,
            attachments=attachments,
            reply_to=reply_to,
        )
        if not sent.duplicate and thread.assignee_id is None:
            set_status(thread_id=thread_id, assignee=by)
        return sent


def note(*, thread_id: UUID, by: User, body: str) -> frames.Said:
    """Words that never leave staff. Raises ThreadAbsent, Invalid."""
    with as_system("notes belong to all staff"):
        _staffed(thread_id)
        return append(thread_id=thread_id, body=body, kind=Kind.NOTE, author=by.pk)


def assign(*, thread_id: UUID, to: User | None, by: User) -> Thread:
    """Give a conversation to a colleague (who is told), take it, or put it back. Raises ThreadAbsent."""
    with as_system("staff see all conversations"):
        before = _staffed(thread_id).assignee_id
        thread = set_status(thread_id=thread_id, assignee=to, unassign=to is None)
        if to is not None and to.pk not in {by.pk, before}:
            title = f"{by} gave you a conversation"
            notify(to.pk, "chat.assigned", title, thread.subject, thread_id=thread_id)
        return thread


def move(*, thread_id: UUID, status: str, snooze: timedelta | None = None) -> Thread:
    """Open, pending, snoozed for a while, or resolved. Raises ThreadAbsent, Invalid."""
    if status == ThreadStatus.SNOOZED and not (snooze and timedelta() < snooze <= LONGEST_SNOOZE):
        raise Invalid(fields={"snooze": [f"Up to {LONGEST_SNOOZE.days} days."]})
    with as_system("staff see all conversations"):
        _staffed(thread_id)
        return set_status(thread_id=thread_id, status=status, snooze=snooze)


def weigh(*, thread_id: UUID, priority: int) -> Thread:
    """Raises ThreadAbsent, Invalid."""
    with as_system("staff see all conversations"):
        _staffed(thread_id)
        return set_status(thread_id=thread_id, priority=priority)


def seen(*, thread_id: UUID, by: User | None, seq: int) -> None:
    """Somebody of staff (None: a tool) has looked at everything up to `seq`; customers learn of it only from who takes
    part.
    """
    with as_system("staff see all conversations"):
        rows = Thread.objects.live().filter(pk=thread_id, kind__in=STAFFED, staff_seen_seq__lt=seq)
        rows = rows.filter(staff_seen_seq__lt=F("last_seq"))
        if rows.update(staff_seen_seq=Least(F("last_seq"), seq)):
            live.tell_inbox(thread_id, {"type": "SEEN", "threadId": str(thread_id), "seq": seq})
        mine = Participant.objects.filter(thread_id=thread_id, user=by, left_at=None)
        if by is not None and mine.exists():
            mark_read(thread_id=thread_id, user_id=by.pk, seq=seq)


def _attached(said: Message) -> list[UUID]:
    return list(said.attachments.values_list("file_id", flat=True))


def _stored(by: User, files: Sequence[UploadedFile[Any]]) -> list[UUID]:
    """Their ids. Raises Invalid; nothing is read before all are known to be small enough."""
    most = PURPOSES[FilePurpose.ATTACHMENT].limit
    if len(files) > MAX_FILES or any((file.size or 0) > most for file in files):
        raise Invalid(f"At most {MAX_FILES} files of at most {most // MIB} MB.")
    return [
        put_bytes(
            by.pk,
            FilePurpose.ATTACHMENT,
            file.name or "file",
            file.content_type or "application/octet-stream",
            file.read(),
        ).pk
        for file in files
    ]


def _staffed(thread_id: UUID) -> Thread:
    thread: Thread | None = (
        Thread.objects.live().filter(pk=thread_id, kind__in=STAFFED).select_related("opened_by").first()
    )
    if thread is None:
        raise ThreadAbsent
    return thread


def _expanded(body: str, thread: Thread, by: User) -> str:
    """The script of the page puts canned replies into the text; without it a bare shortcut is enough."""
    word = body.strip()
    if not _SHORTCUT.fullmatch(word):
        return body
    found = (one.body for one in canned_replies(by, thread) if one.shortcut.lower() == word[1:].lower())
    return next(found, body)
