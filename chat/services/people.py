"""What one person decides about another: blocking, reporting."""

from uuid import UUID

from django.db import IntegrityError, transaction

from chat.errors import MessageAbsent, NoSuchUser
from chat.models import Block, Kind, Message, Report
from core.rls import as_system
from users.models import User


def block(*, user_id: UUID, other_id: UUID) -> Block:
    """Repeating changes nothing. Raises NoSuchUser."""
    with as_system("a block is about somebody else"):
        there = User.objects.filter(pk=other_id, deleted_at=None).exists()
        if user_id == other_id or not there:
            raise NoSuchUser
        try:
            with transaction.atomic():
                row: Block = Block.objects.create(user_id=user_id, other_id=other_id)
        except IntegrityError:
            row = Block.objects.live().get(user_id=user_id, other_id=other_id)
        return row


def report(*, thread_id: UUID, message_id: UUID, reporter_id: UUID, reason: str, details: str = "") -> Report:
    """Repeating answers the first report. Raises MessageAbsent."""
    with as_system("a report is read by staff"):
        sees = Message.objects.filter(
            pk=message_id,
            thread_id=thread_id,
            thread__participants__user_id=reporter_id,
            thread__participants__left_at=None,
        ).exclude(kind=Kind.NOTE)
        if not sees.exists():
            raise MessageAbsent
        row: Report
        row, _ = Report.objects.get_or_create(
            reporter_id=reporter_id, message_id=message_id, defaults={"reason": reason, "details": details}
        )
        return row
