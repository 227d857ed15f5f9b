"""Shapes of the assistant's routes."""

from typing import Any, Final

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from chat.assistant.models import SESSION_ID, Feedback, MessageRole, MessageStatus, TrainingData
from chat.assistant.services.training import SESSION_BYTES
from core.fields import InstantField, StrictCharField
from core.serializers import StrictModelSerializer, StrictSerializer

LONGEST: Final = 8000  # characters of a question
MOST_TEXTS: Final = 10


@extend_schema_field(
    {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "maxItems": MOST_TEXTS}]}
)
class TextsField(serializers.Field[list[str], Any, Any, Any]):
    """One text or several."""

    default_error_messages = {
        "kind": "Give a text or a list of texts.",
        "many": f"Give {MOST_TEXTS} texts at most.",
        "long": f"A text may have {SESSION_BYTES} bytes.",
    }

    def to_internal_value(self, data: Any) -> list[str]:
        texts = [data] if isinstance(data, str) else data
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            self.fail("kind")
        if len(texts) > MOST_TEXTS:
            self.fail("many")
        if any(len(text.encode("utf-8", "replace")) > SESSION_BYTES for text in texts):
            self.fail("long")
        return [text for text in texts if text.strip()]

    def to_representation(self, value: Any) -> Any:
        return value


def session_field(**extra: Any) -> Any:
    return serializers.RegexField(
        SESSION_ID,
        max_length=64,
        error_messages={"invalid": "Give 1 to 64 letters, digits, or _ . : - signs."},
        **extra,
    )


class AskInput(StrictSerializer):
    """A question. Without a `session_id` a new conversation begins; its name comes with the answer."""

    message = StrictCharField(max_length=LONGEST)
    session_id = session_field(required=False)
    client_id = StrictCharField(
        max_length=64,
        required=False,
        default="",
        allow_blank=True,
        help_text="The same one again is the same question.",
    )
    training_data = TextsField(
        required=False,
        default=list,
        help_text="Kept for this conversation, as if sent to chat/training-data/.",
    )


class StreamInput(AskInput):
    background = serializers.BooleanField(
        required=False,
        default=False,
        help_text="Write on when the client goes; resume at messages/{id}/stream/.",
    )


class EditInput(StrictSerializer):
    message = StrictCharField(max_length=LONGEST)


class AnswerSourceOutput(StrictSerializer):
    """What a sentence rests on. `url`: the record in this API, empty for what is no record."""

    kind = serializers.CharField()
    id = serializers.CharField()
    title = serializers.CharField()
    url = serializers.CharField()


class AnswerUsageOutput(StrictSerializer):
    prompt_tokens = serializers.IntegerField()
    completion_tokens = serializers.IntegerField()


class AnswerOutput(StrictSerializer):
    """`status` partial: it broke off, `error_code` says why. `degraded`: why the built-in answered, or empty."""

    response = serializers.CharField()
    session_id = serializers.CharField()
    question_id = serializers.UUIDField()
    message_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=MessageStatus.choices)
    provider = serializers.CharField()
    model = serializers.CharField()
    degraded = serializers.CharField()
    error_code = serializers.CharField()
    sources = AnswerSourceOutput(many=True)
    cautions = serializers.ListField(child=serializers.CharField())
    usage = AnswerUsageOutput()


class SessionOutput(StrictSerializer):
    session_id = serializers.CharField()
    title = serializers.CharField()
    created_at = InstantField()
    updated_at = InstantField(source="last_message_at")
    thread_id = serializers.UUIDField(allow_null=True)


class SessionsOutput(StrictSerializer):
    sessions = SessionOutput(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)


class AssistantMessageOutput(StrictSerializer):
    """`alternatives`: other branches at this place (regenerated answers, edited questions)."""

    id = serializers.UUIDField()
    seq = serializers.IntegerField()
    role = serializers.ChoiceField(choices=MessageRole.choices)
    content = serializers.CharField()
    status = serializers.ChoiceField(choices=MessageStatus.choices)
    provider = serializers.CharField()
    model = serializers.CharField()
    degraded = serializers.CharField()
    error_code = serializers.CharField()
    sources = AnswerSourceOutput(many=True)
    cautions = serializers.ListField(child=serializers.CharField())
    feedback = serializers.CharField(allow_null=True)
    alternatives = serializers.ListField(child=serializers.UUIDField())
    created_at = InstantField()


class ConversationOutput(StrictSerializer):
    session_id = serializers.CharField()
    title = serializers.CharField()
    thread_id = serializers.UUIDField(allow_null=True)
    messages = AssistantMessageOutput(many=True)
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)


class CancelOutput(StrictSerializer):
    """`cancelled` false: the answer had ended already."""

    cancelled = serializers.BooleanField()


class FeedbackInput(StrictSerializer):
    rating = serializers.ChoiceField(choices=Feedback.Rating.choices)
    comment = StrictCharField(max_length=1000, required=False, default="", allow_blank=True)


class HandOverInput(StrictSerializer):
    message = StrictCharField(max_length=2000, required=False, default="", allow_blank=True)


class HandOverOutput(StrictSerializer):
    thread_id = serializers.UUIDField()


class TrainingSerializer(StrictModelSerializer[TrainingData]):
    """`session_id`: the conversation it belongs to, null for all of them. A text cannot move."""

    title = StrictCharField(max_length=120, required=False, allow_blank=True, default="")
    body = StrictCharField(max_length=SESSION_BYTES)
    session_id = session_field(source="session.session_id", required=False, allow_null=True, default=None)

    class Meta:
        model = TrainingData
        fields = ["id", "title", "body", "session_id", "size", "rev", "created_at", "updated_at"]
        read_only_fields = ["size", "rev", "created_at", "updated_at"]
        extra_kwargs = {"id": {"read_only": False, "required": False}}
