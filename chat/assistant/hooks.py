"""What the assistant plugs into other apps."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import CharField, Count, OuterRef, Q, Subquery, Sum, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from chat.assistant import frames as socket_frames
from chat.assistant.demo import fill_assistant
from chat.assistant.models import (
    AnswerUsage,
    AssistantMessage,
    AssistantSession,
    Feedback,
    TrainingData,
)
from chat.assistant.services.quotas import METERS
from chat.ports import frames
from core import clock
from core.ports import dashboard_cards, demo_worlds, personal_data
from users.ports import account_facts, usages

DEFAULT = "default"  # a conversation's name until there is one: each person has their own of that name


class AssistantData:
    """A person's conversations, what they taught it, what it took, their thumbs."""

    def export(self, user_id: UUID) -> Mapping[str, Any]:
        return {
            "assistant_conversations": list(
                AssistantSession.objects.filter(owner_id=user_id).values(
                    "session_id", "title", "created_at", "last_message_at", "handed_over_at"
                )
            ),
            "assistant_messages": list(
                AssistantMessage.objects.filter(owner_id=user_id)
                .order_by("session__session_id", "seq")
                .values(
                    "session__session_id",
                    "seq",
                    "role",
                    "content",
                    "status",
                    "provider",
                    "model",
                    "created_at",
                )
            ),
            "assistant_training": list(
                TrainingData.objects.filter(owner_id=user_id, deleted_at=None).values(
                    "title", "body", "created_at"
                )
            ),
            "assistant_usage": list(
                AnswerUsage.objects.filter(owner_id=user_id).values(
                    "at", "provider", "model", "prompt_tokens", "completion_tokens"
                )
            ),
            "assistant_feedback": list(
                Feedback.objects.filter(owner_id=user_id).values("rating", "comment", "created_at")
            ),
        }

    def erase(self, user_id: UUID) -> None:
        """All of it goes for good; nobody else's books need it."""
        for model in (Feedback, AssistantMessage, TrainingData, AssistantSession, AnswerUsage):
            model.objects.filter(owner_id=user_id).delete()


class AssistantCard:
    title = "Assistant today"

    def rows(self) -> list[tuple[str, str]]:
        today = AnswerUsage.objects.filter(at__date=clock.now().date())
        told = today.aggregate(
            answers=Count("id"),
            model=Count("id", filter=~Q(provider="builtin")),
            broken=Count("id", filter=~Q(status="complete")),
            tokens=Sum("prompt_tokens") + Sum("completion_tokens"),
        )
        thumbs = Feedback.objects.filter(updated_at__date=clock.now().date(), rating="down").count()
        return [
            ("Answers", str(told["answers"])),
            ("By the language model", str(told["model"])),
            ("Broken off or failed", str(told["broken"])),
            ("Tokens", str(told["tokens"] or 0)),
            ("Thumbs down", str(thumbs)),
        ]

    def chart(self) -> Mapping[str, Any] | None:
        return None


class DefaultSession:
    """`default_session_id` of the account: the conversation last spoken in."""

    def annotation(self) -> Combinable:
        newest = (
            AssistantSession.objects.filter(
                owner=OuterRef("pk"), deleted_at=None, last_message_at__isnull=False
            )
            .order_by("-last_message_at", "-id")
            .values("session_id")[:1]
        )
        return Coalesce(Subquery(newest), Value(DEFAULT), output_field=CharField())


class DemoAssistant:
    def fill(self, world: dict[str, Any]) -> None:
        fill_assistant(world)


frames.register("AI", socket_frames.ask)
frames.register("AI_CANCEL", socket_frames.cancel)
personal_data.register("assistant", AssistantData())
dashboard_cards.register("assistant", AssistantCard())
account_facts.register("default_session_id", DefaultSession())
demo_worlds.register("assistant", DemoAssistant())
for meter in METERS:
    usages.register(meter.code, meter)
