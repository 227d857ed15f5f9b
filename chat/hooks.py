"""What chat plugs into other apps."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django.db.models import Q

from chat.demo import fill_chat
from chat.models import (
    Attachment,
    Block,
    Message,
    MessageEdit,
    Participant,
    Presence,
    Report,
    SocketTicket,
    Thread,
    ThreadStatus,
)
from chat.services.erasing import forget
from core import clock
from core.ports import dashboard_cards, demo_worlds, file_holders, personal_data
from sync.ports import Merge, ModelCollection, collections

THREADS: Final = 100  # chat/migrations/0002_rules.py says the same
MEMBERSHIPS: Final = 101
IN_IT: Final = (
    "EXISTS (SELECT 1 FROM chat_participant p WHERE p.thread_id = {row}.id AND p.user_id = %(me)s"
    " AND p.left_at IS NULL AND p.deleted_at IS NULL)"
)


class Files:
    """What hangs on a message is kept."""

    def holds(self, file_id: UUID) -> bool:
        return bool(Attachment.objects.filter(file_id=file_id).exists())


class ChatData:
    """A person's own words and where they said them; of others' words nothing."""

    def export(self, user_id: UUID) -> Mapping[str, Any]:
        return {
            "threads": list(
                Participant.objects.filter(user_id=user_id).values(
                    "thread_id",
                    "thread__kind",
                    "thread__subject",
                    "role",
                    "created_at",
                    "left_at",
                    "read_seq",
                )
            ),
            "messages": list(
                Message.objects.filter(sender_id=user_id).values(
                    "thread_id", "seq", "body", "created_at", "edited_at", "deleted_at"
                )
            ),
            "former_versions": list(
                MessageEdit.objects.filter(message__sender_id=user_id).values("message_id", "body", "at")
            ),
            "blocks": list(
                Block.objects.filter(user_id=user_id).values("other_id", "created_at", "deleted_at")
            ),
            "reports": list(
                Report.objects.filter(reporter_id=user_id).values("reason", "details", "created_at")
            ),
            "presence": list(Presence.objects.filter(user_id=user_id).values("online", "seen_at")),
            "tickets": SocketTicket.objects.filter(user_id=user_id).count(),
        }

    def erase(self, user_id: UUID) -> None:
        forget(user_id)


class ChatCard:
    title = "Conversations"

    def rows(self) -> list[tuple[str, str]]:
        desk = Thread.objects.live().filter(kind__in=["support", "shop"])
        if not desk.exists():
            return []
        now = clock.now()
        late = desk.filter(first_responded_at=None, first_response_due_at__lt=now)
        return [
            ("Wait for us", str(desk.filter(status=ThreadStatus.OPEN).count())),
            ("Nobody has answered in time", str(late.exclude(status=ThreadStatus.RESOLVED).count())),
            ("Nobody looks after", str(desk.filter(~Q(status=ThreadStatus.RESOLVED), assignee=None).count())),
            ("Reported messages", str(Report.objects.filter(closed_at=None).count())),
        ]

    def chart(self) -> Mapping[str, Any] | None:
        return None


class DemoChat:
    """A direct, an order and two support threads."""

    def fill(self, world: dict[str, Any]) -> None:
        fill_chat(world)


file_holders.register("chat", Files())
personal_data.register("chat", ChatData())
dashboard_cards.register("chat", ChatCard())
demo_worlds.register("chat", DemoChat())
collections.register(
    "chat_threads",
    ModelCollection(
        code=THREADS,
        model=Thread,
        read_only=(
            "kind", "subject", "context_type", "context_id", "status", "last_seq", "last_rev", "last_message_at",
            "rev", "created_at", "updated_at",
        ),
        owner="",
        scope=IN_IT,
        merge=Merge.SERVER_WINS,
    ),
)  # fmt: skip
collections.register(
    "chat_memberships",
    ModelCollection(
        code=MEMBERSHIPS,
        model=Participant,
        read_only=(
            "thread_id", "role", "joined_seq", "read_seq", "read_at", "muted_until", "rev", "created_at",
            "updated_at",
        ),
        owner="user_id",
        live="{row}.left_at IS NULL AND {row}.deleted_at IS NULL",
        parents=("chat_threads",),
        merge=Merge.SERVER_WINS,
    ),
)  # fmt: skip
