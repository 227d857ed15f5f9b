"""Forgetting a person: their words go, the places in the numbering stay."""

from uuid import UUID

from django.db.models import Q

from chat.models import Block, Message, MessageEdit, Participant, Presence, Report, SocketTicket
from chat.services.changing import delete
from core import clock


def forget(user_id: UUID) -> None:
    """As the system. Others keep their own words; who said the empty ones is not known any more."""
    mine = Message.objects.filter(sender_id=user_id)
    for message_id, thread_id in mine.filter(deleted_at=None, seq__isnull=False).values_list(
        "pk", "thread_id"
    ):
        delete(thread_id=thread_id, message_id=message_id, user_id=None)
    MessageEdit.objects.filter(message__sender_id=user_id).delete()
    mine.filter(seq=None).delete()
    mine.update(sender=None)
    Block.objects.filter(Q(user_id=user_id) | Q(other_id=user_id)).delete()
    Report.objects.filter(reporter_id=user_id).delete()
    Presence.objects.filter(user_id=user_id).delete()
    SocketTicket.objects.filter(user_id=user_id).delete()
    Participant.objects.filter(user_id=user_id, left_at=None).update(left_at=clock.now())
