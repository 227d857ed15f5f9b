"""What drf-spectacular can't know: every body is strict, every operation may fail in the one shape."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

from core.idempotency import HEADER, Idempotent

IDEMPOTENCY = (
    "1 to 255 printable characters of your choice. A repeat within 7 days gets the first answer again."
)

ERROR = {
    "type": "object",
    "required": ["error", "code", "fields", "request_id"],
    "properties": {
        "error": {"type": "string", "description": "For a person."},
        "code": {"type": "string", "description": "For a program; never changes (docs/errors.md)."},
        "fields": {
            "type": "object",
            "description": "Messages by field, nested like the input.",
            "additionalProperties": True,
        },
        "request_id": {"type": "string"},
    },
}


class RevSyncSchema(AutoSchema):
    """Operation ids from the route, tags from its first part."""

    def get_tags(self) -> list[str]:
        parts = self.path.removeprefix("/api/v1/").split("/")
        return [parts[0] or "root"]

    def get_override_parameters(self) -> list[Any]:
        """A view that honours Idempotency-Key says so."""
        if self.method == "POST" and isinstance(self.view, Idempotent):
            return [OpenApiParameter(HEADER, str, OpenApiParameter.HEADER, description=IDEMPOTENCY)]
        return []


def versioned_routes_only(
    endpoints: list[tuple[str, str, str, Any]], **_: Any
) -> list[tuple[str, str, str, Any]]:
    """Aliases work, but stay out of the schema (docs/compatibility.md lists them)."""
    return [
        row
        for row in endpoints
        if row[0].startswith("/api/v1/")
        and not getattr(getattr(row[3], "cls", None), "alias", False)
        and not getattr(row[3], "alias", False)
    ]


def strict_bodies_and_errors(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """`additionalProperties: false` on request bodies; the error answer on every operation."""
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    for name, schema in schemas.items():
        if name.endswith("Request") and schema.get("type") == "object" and "properties" in schema:
            schema.setdefault("additionalProperties", False)
    schemas["Error"] = ERROR
    answer = {
        "description": "A refusal; `code` says which.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }
    for operations in result.get("paths", {}).values():
        for operation in operations.values():
            if isinstance(operation, dict) and "responses" in operation:
                operation["responses"].setdefault("4XX", answer)
                operation["responses"].setdefault("5XX", answer)
    return result
