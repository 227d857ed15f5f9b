"""Shapes of chat, in and out."""

from typing import Any

from rest_framework import serializers

from chat.models import Part, Report, ThreadKind, ThreadStatus
from chat.models.message import MAX_BODY, MAX_CLIENT_ID
from core.fields import InstantField, StrictCharField
from core.serializers import StrictSerializer

CONTEXT_KINDS = "vehicle, booking, purchase or safety_report"


class ContextShape(StrictSerializer):
    """What a thread is about."""

    kind = StrictCharField(max_length=30, help_text=CONTEXT_KINDS)
    id = serializers.UUIDField()


class PersonOutput(StrictSerializer):
    user_id = serializers.UUIDField()
    name = serializers.CharField()
    role = serializers.ChoiceField(choices=Part.choices)
    profile_picture = serializers.CharField(allow_null=True)
    read_seq = serializers.IntegerField()
    delivered_seq = serializers.IntegerField(help_text="The last message that reached one of their devices.")
    online = serializers.BooleanField()
    last_seen = InstantField(allow_null=True)


class AttachmentOutput(StrictSerializer):
    file_id = serializers.UUIDField()
    filename = serializers.CharField()
    content_type = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")


class MessageOutput(StrictSerializer):
    """A message. `seq` rises by one from message to message, `rev` with every change in the thread."""

    id = serializers.UUIDField()
    thread_id = serializers.UUIDField()
    seq = serializers.IntegerField()
    rev = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=["text", "system"])
    body = serializers.CharField()
    attachments = AttachmentOutput(many=True)
    sender = serializers.ChoiceField(choices=Part.choices, help_text="Role of the sender.")
    sender_id = serializers.UUIDField(allow_null=True)
    client_id = serializers.CharField()
    reply_to = serializers.UUIDField(allow_null=True)
    timestamp = serializers.DateTimeField()
    edited_at = serializers.DateTimeField(allow_null=True)
    deleted_at = serializers.DateTimeField(allow_null=True)


class MessagePage(StrictSerializer):
    """`last_seq` and `last_rev` are where the thread stood when this page was read."""

    results = MessageOutput(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    last_seq = serializers.IntegerField()
    last_rev = serializers.IntegerField()
    server_time = InstantField()


class ThreadOutput(StrictSerializer):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=ThreadKind.choices)
    subject = serializers.CharField()
    context = ContextShape(allow_null=True)  # type: ignore[assignment]  # a field may be called so
    status = serializers.ChoiceField(choices=ThreadStatus.choices)
    assignee_id = serializers.UUIDField(allow_null=True)
    last_seq = serializers.IntegerField()
    last_rev = serializers.IntegerField()
    last_message_at = InstantField()
    read_seq = serializers.IntegerField()
    unread = serializers.IntegerField()
    muted_until = InstantField(allow_null=True)
    participants = PersonOutput(many=True)
    last_message = MessageOutput(allow_null=True)
    created_at = InstantField()
    updated_at = InstantField()
    rev = serializers.IntegerField()


class ThreadInput(StrictSerializer):
    """Either `participants` (one other: direct), or a `context`, or neither: a conversation with support."""

    participants = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=49)
    context = ContextShape(required=False)  # type: ignore[assignment]
    kind = serializers.ChoiceField(
        choices=[ThreadKind.DIRECT, ThreadKind.SUPPORT, ThreadKind.ORDER], required=False
    )
    subject = StrictCharField(max_length=200, required=False, allow_blank=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "participants" in attrs and "context" in attrs:
            message = "A context says by itself who belongs to it."
            raise serializers.ValidationError({"participants": [message]})
        if attrs.get("kind") == ThreadKind.DIRECT and not attrs.get("participants"):
            raise serializers.ValidationError({"participants": ["A direct thread has one other person."]})
        if attrs.get("kind") == ThreadKind.SUPPORT and attrs.get("participants"):
            raise serializers.ValidationError({"participants": ["Support joins by itself."]})
        return attrs


class ThreadChange(StrictSerializer):
    """`muted_until` is the caller's own: no notes until then, null ends it."""

    muted_until = InstantField(required=False, allow_null=True)
    subject = StrictCharField(max_length=200, required=False, allow_blank=True)


class MessageInput(StrictSerializer):
    body = StrictCharField(max_length=MAX_BODY, required=False, allow_blank=True, trim_whitespace=False)
    attachments = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=10)
    client_id = StrictCharField(max_length=MAX_CLIENT_ID, required=False)
    reply_to = serializers.UUIDField(required=False, allow_null=True)


class MessageChange(StrictSerializer):
    body = StrictCharField(max_length=MAX_BODY, trim_whitespace=False)


class MessageQuery(StrictSerializer):
    """At most one of them; without, the newest messages. All pages rise."""

    after_seq = serializers.IntegerField(required=False, min_value=0, max_value=2**53)
    before_seq = serializers.IntegerField(required=False, min_value=1, max_value=2**53)
    after_rev = serializers.IntegerField(required=False, min_value=0, max_value=2**53)
    since = InstantField(required=False, help_text="Everything changed at this instant or later.")
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=200)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        given = [name for name in ("after_seq", "before_seq", "after_rev", "since") if name in attrs]
        if len(given) > 1:
            raise serializers.ValidationError({given[1]: [f"Not together with {given[0]}."]})
        return attrs


class ReadInput(StrictSerializer):
    seq = serializers.IntegerField(min_value=0, max_value=2**53)


class ReadOutput(StrictSerializer):
    read_seq = serializers.IntegerField()
    unread = serializers.IntegerField()


class PersonInput(StrictSerializer):
    user_id = serializers.UUIDField()


class UnreadOutput(StrictSerializer):
    class One(StrictSerializer):
        thread_id = serializers.UUIDField()
        unread = serializers.IntegerField()

    unread = serializers.IntegerField(help_text="In all threads.")
    threads = One(many=True)


class SyncOutput(StrictSerializer):
    messages = MessageOutput(many=True)
    cursor = serializers.CharField()
    has_more = serializers.BooleanField()
    server_time = InstantField()


class TicketOutput(StrictSerializer):
    ticket = serializers.CharField()
    url = serializers.CharField(help_text="Path of the socket with the ticket in it.")
    expires_at = InstantField()


class ReportInput(StrictSerializer):
    reason = serializers.ChoiceField(choices=Report.Reason.choices)
    details = StrictCharField(max_length=2000, required=False, allow_blank=True)


class ReportOutput(StrictSerializer):
    id = serializers.UUIDField()
    reason = serializers.ChoiceField(choices=Report.Reason.choices)
    created_at = InstantField()


class BlockInput(StrictSerializer):
    user_id = serializers.UUIDField()


class BlockOutput(StrictSerializer):
    id = serializers.UUIDField()
    user_id = serializers.UUIDField(source="other_id")
    created_at = InstantField()


class AttachmentDownloadOutput(StrictSerializer):
    url = serializers.CharField()
    expires_at = InstantField()


# -- Staff


class DeskQuery(StrictSerializer):
    status = serializers.ChoiceField(choices=ThreadStatus.choices, required=False)
    kind = serializers.ChoiceField(choices=[ThreadKind.SUPPORT, ThreadKind.SHOP], required=False)
    assignee_id = serializers.UUIDField(required=False)


class Fact(StrictSerializer):
    label = serializers.CharField()  # type: ignore[assignment]
    value = serializers.CharField()


class DeskThread(ThreadOutput):
    """With the facts of what it is about, and the clock of the first answer. `unread`: what nobody of staff has seen."""

    priority = serializers.IntegerField()
    first_response_due_at = InstantField(allow_null=True)
    first_responded_at = InstantField(allow_null=True)
    snoozed_until = InstantField(allow_null=True)
    facts = Fact(many=True)


class DeskChange(StrictSerializer):
    status = serializers.ChoiceField(choices=ThreadStatus.choices, required=False)
    assignee_id = serializers.UUIDField(required=False, allow_null=True)
    priority = serializers.IntegerField(required=False, min_value=0, max_value=3)
    snooze_minutes = serializers.IntegerField(required=False, min_value=1, max_value=60 * 24 * 30)


class DeskMessage(StrictSerializer):
    body = StrictCharField(max_length=MAX_BODY, required=False, allow_blank=True, trim_whitespace=False)
    note = serializers.BooleanField(default=False, help_text="For staff only.")
    client_id = StrictCharField(max_length=MAX_CLIENT_ID, required=False)
    attachments = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        max_length=10,
        help_text="Files of the member of staff.",
    )
    reply_to = serializers.UUIDField(required=False, allow_null=True)


class NoteOutput(StrictSerializer):
    id = serializers.UUIDField()
    body = serializers.CharField()
    sender_id = serializers.UUIDField(allow_null=True)
    timestamp = serializers.DateTimeField()


class CannedOutput(StrictSerializer):
    shortcut = serializers.CharField()
    title = serializers.CharField()
    body = serializers.CharField()
    team = serializers.CharField()


class DeskReport(StrictSerializer):
    id = serializers.UUIDField()
    reason = serializers.ChoiceField(choices=Report.Reason.choices)
    details = serializers.CharField()
    reporter_id = serializers.UUIDField()
    message_id = serializers.UUIDField()
    thread_id = serializers.UUIDField(source="message.thread_id")
    body = serializers.CharField(source="message.body")
    created_at = InstantField()
    closed_at = InstantField(allow_null=True)
