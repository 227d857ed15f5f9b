"""What pull and push ask alike. Read by hand: an empty pull must cost next to nothing.

Unknown fields are ignored here, as the protocol promises to older and newer apps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings

from sync.cursors import LIMIT
from sync.errors import BadCursor, BadRequest, UnknownCollection, UnsupportedSchemaVersion
from sync.ports import collections

INT64 = 2**63


def bad(field: str, text: str) -> BadRequest:
    return BadRequest(f"{field}: {text}", fields={field: [text]})


def body(data: Any) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise BadRequest("Send a JSON object.")
    return data


def either(data: Mapping[str, Any], *names: str) -> Any:
    """The first of these spellings that is given."""
    return next((data[name] for name in names if data.get(name) is not None), None)


def integer(field: str, value: Any, lowest: int, highest: int) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
        raise bad(field, f"Give a whole number from {lowest} to {highest}.")
    return value


def whole_cursor(value: Any) -> int | None:
    """An integer cursor; None for a first pull. Raises BadCursor for what can't be one, a page token too."""
    if value is None or value in ("", "null"):
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < LIMIT:
        raise BadCursor
    return value or None


def check_schema_version(data: Mapping[str, Any]) -> None:
    """Raises UnsupportedSchemaVersion (426) for an app that is too old, or newer than this server."""
    version = either(data, "schema_version", "schemaVersion")
    if version is None:
        return
    oldest, newest = settings.SYNC_SCHEMA_VERSIONS
    if not oldest <= integer("schema_version", version, -INT64, INT64) <= newest:
        raise UnsupportedSchemaVersion(oldest, newest)


def decoded(field: str, value: Any) -> Any:
    """A JSON value that may come as text in a query."""
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        raise bad(field, "This is not valid JSON.") from None


def known_collection(name: Any) -> str:
    if not isinstance(name, str) or name not in collections:
        raise UnknownCollection(str(name))
    return name


def client_id(data: Mapping[str, Any]) -> str:
    value = either(data, "client_id", "clientId")
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > 64 or "\x00" in value:
        raise bad("client_id", "Give at most 64 characters.")
    return value


def uuid_of(value: Any) -> UUID | None:
    """The UUID that this text is in its usual form, else None."""
    if not isinstance(value, str) or len(value) != 36:
        return None
    try:
        return UUID(value)
    except ValueError:
        return None
