"""The shapes of the protocol for openapi.yaml. Input is read by hand (pulls.py, pushes.py): these document it."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema_field
from rest_framework import serializers

from core.serializers import StrictModelSerializer
from sync.models import SyncRejection

Shape = serializers.Serializer[Any]
RECORD = {
    "type": "object",
    "additionalProperties": True,
    "properties": {"id": {"type": "string", "format": "uuid"}},
}
RECORDS = {"type": "array", "items": RECORD}
IDS = {"type": "array", "items": {"type": "string", "format": "uuid"}}
CHANGES = {
    "type": "object",
    "description": "By collection.",
    "additionalProperties": {
        "type": "object",
        "properties": {"created": RECORDS, "updated": RECORDS, "deleted": IDS},
    },
}
BY_COLLECTION = {"type": "object", "additionalProperties": IDS}
CURSOR = {
    "description": "Opaque: a string in the middle of an answer, an integer below 2^53 at its end.",
    "oneOf": [{"type": "integer"}, {"type": "string"}],
}
ROWS = {
    "type": "object",
    "additionalProperties": {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["newDocumentState"],
            "properties": {
                "newDocumentState": RECORD,
                "assumedMasterState": {"oneOf": [RECORD, {"type": "null"}]},
            },
        },
    },
}


def shaped(schema: dict[str, Any]) -> type[serializers.JSONField]:
    """A field with this JSON schema."""

    @extend_schema_field(schema)
    class Shaped(serializers.JSONField):
        pass

    return Shaped


Cursor, Changes, Rows = shaped(CURSOR), shaped(CHANGES), shaped(ROWS)
Records, IdsByCollection = shaped(RECORDS), shaped(BY_COLLECTION)
Free = shaped({"type": "object", "additionalProperties": True})


def question(**properties: Any) -> dict[str, Any]:
    """A request body; unknown fields are passed over here, so that older servers serve newer apps."""
    return {"application/json": {"type": "object", "additionalProperties": True, "properties": properties}}


ASKED = {"oneOf": [{"type": "integer"}, {"type": "string"}, {"type": "null"}]}
INTEGER, UUID = {"type": "integer"}, {"type": "string", "format": "uuid"}
OBJECT = {"type": "object", "additionalProperties": True}
CLIENT = {
    "type": "string",
    "maxLength": 64,
    "description": "What tells this installation from the person's others.",
}
PULL_BODY = question(
    cursor=ASKED | {"description": "Of the last answer; null, 0 or absent for a first sync."},
    limit={
        "type": "integer",
        "minimum": 1,
        "maximum": 10_000,
        "description": "Absent: all at once, up to 50,000.",
    },
    collections={"type": "array", "items": {"type": "string"}},
    format={"enum": ["changes", "documents"]},
    filters=OBJECT,
    schema_version=INTEGER,
    migration={"oneOf": [OBJECT, {"type": "null"}]},
    client_id=CLIENT,
)
PUSH_BODY = question(
    push_id=UUID | {"description": "Or the header Idempotency-Key."},
    client_id=CLIENT,
    cursor=ASKED | {"description": "Where the client stood when it made its changes."},
    schema_version=INTEGER,
    on_conflict={"enum": ["merge", "reject", "abort"]},
    changes=CHANGES,
    rows=ROWS,
)


class PullOutput(Shape):
    changes = Changes(required=False)
    documents = Records(required=False)
    replace = serializers.ListField(child=serializers.CharField(), required=False)
    cursor = Cursor()
    timestamp = serializers.IntegerField(
        required=False, help_text="The cursor again, at the end of an answer."
    )
    has_more = serializers.BooleanField()


PULL_QUERY = [
    OpenApiParameter("cursor", OpenApiTypes.STR),
    OpenApiParameter("limit", OpenApiTypes.INT),
    OpenApiParameter("collections", OpenApiTypes.STR, description="Names, separated by commas."),
    OpenApiParameter("schema_version", OpenApiTypes.INT),
    OpenApiParameter("filters", OpenApiTypes.STR, description="JSON."),
    OpenApiParameter("migration", OpenApiTypes.STR, description="JSON."),
    OpenApiParameter("format", OpenApiTypes.STR, enum=["changes", "documents"]),
    OpenApiParameter("client_id", OpenApiTypes.STR),
]


class RejectedRecord(Shape):
    collection = serializers.CharField()
    id = serializers.CharField(allow_null=True)
    code = serializers.CharField()
    errors = Free()  # type: ignore[assignment]  # the name that the protocol gives it
    record = Free(allow_null=True)
    retryable = serializers.BooleanField()
    existing_id = serializers.UUIDField(required=False)


class ConflictingRecord(Shape):
    collection = serializers.CharField()
    id = serializers.CharField()
    record = Free()


class PushOutput(Shape):
    accepted = IdsByCollection()
    rejected = RejectedRecord(many=True)
    conflicts = ConflictingRecord(many=True)
    experimentalRejectedIds = IdsByCollection()  # noqa: N815 -- WatermelonDB's name
    replayed = serializers.BooleanField()


TEXT, FLAG = {"type": "string"}, {"type": "boolean"}
TEXTS = {"type": "array", "items": TEXT}
FIELDS = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"name": TEXT, "type": TEXT, "writable": FLAG, "nullable": FLAG},
    },
}
COLLECTIONS = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "name": TEXT, "direction": {"enum": ["pull", "both"]}, "merge": {"enum": ["fields", "server_wins"]},
            "parents": TEXTS, "public": FLAG, "filters": TEXTS, "fields": FIELDS,
        },
    },
}  # fmt: skip
NUMBERS = {"type": "object", "additionalProperties": {"type": "integer"}}


class SchemaOutput(Shape):
    schema_versions = shaped(NUMBERS)(help_text="The oldest and the newest that this server takes.")
    collections = shaped(COLLECTIONS)(help_text="Parents before their children.")
    limits = shaped(NUMBERS)()


class StatusOutput(Shape):
    pending = serializers.IntegerField()
    more = serializers.BooleanField(help_text="There are more than were counted.")
    cursor = serializers.IntegerField()
    rejected = serializers.IntegerField(help_text="Dead letters, counted to 1,000.")


class WaitOutput(Shape):
    cursor = serializers.IntegerField()


class RejectionSerializer(StrictModelSerializer[SyncRejection]):
    class Meta:
        model = SyncRejection
        fields = [
            "id",
            "collection",
            "record",
            "code",
            "errors",
            "payload",
            "client_id",
            "push_id",
            "created_at",
        ]
        read_only_fields = fields
