"""The laws of merging, without a database: what one pushed record means for the present row.

Values are compared as the wire writes them, whatever way each side writes an instant or a number.
"""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.utils.dateparse import parse_datetime

from sync.ports import Field, Merge
from sync.requests import OnConflict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sync.requests import Record


class Verdict(Enum):
    ACCEPT = "nothing to do"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    CONFLICT = "conflict"
    DELETED = "deleted"  # the record is gone for good: never resurrected


def same(kind: str, one: Any, other: Any) -> bool:
    """Do two wire values of a field of this type mean the same?"""
    return bool(one == other or _plain(kind, one) == _plain(kind, other))


def _plain(kind: str, value: Any) -> Any:
    if kind == "instant" and isinstance(value, str):
        return _instant(value)
    if kind == "uuid" and isinstance(value, str):
        try:
            return UUID(value)
        except ValueError:
            return value
    if kind in {"number", "integer"} and isinstance(value, int | float) and not isinstance(value, bool):
        return Decimal(str(value))
    return value


def _instant(value: str) -> Any:
    try:
        parsed = parse_datetime(value)
        return value if parsed is None or parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        return value


def differing(fields: Sequence[Field], one: Mapping[str, Any], other: Mapping[str, Any]) -> set[str]:
    """Names of the writable fields that both sides give and that differ."""
    return {
        field.name
        for field in fields
        if field.writable
        and field.name in one
        and field.name in other
        and not same(field.type, one[field.name], other[field.name])
    }


def meant(record: Record, fields: Sequence[Field]) -> dict[str, Any]:
    """The writable fields that the client means to set, by `_changed`, by what it assumed, or all that it gave."""
    given = {
        field.name: record.fields[field.name]
        for field in fields
        if field.writable and field.name in record.fields
    }
    if record.changed is not None:
        return {name: value for name, value in given.items() if name in record.changed}
    if record.assumed is not None:
        assumed = record.assumed
        moved = differing(fields, given, assumed)
        return {name: value for name, value in given.items() if name in moved or name not in assumed}
    return given


def judge(
    record: Record,
    present: Mapping[str, Any] | None,
    *,
    fields: Sequence[Field],
    stale: bool,
    rule: Merge,
    mode: OnConflict,
) -> Verdict:
    """What becomes of a record whose present state is `present` (wire fields and `_deleted`; None: unknown).

    `stale`: the row has changed since the client's cursor. It counts only where the record itself says nothing of
    the state that it was made against.
    """
    if present is None:
        return Verdict.ACCEPT if record.delete else Verdict.CREATE
    if present["_deleted"]:
        return _gone(record, mode)
    if not record.delete and not differing(fields, record.fields, present):
        return Verdict.ACCEPT
    strict = mode is not OnConflict.MERGE or rule is Merge.SERVER_WINS
    if strict and _moved_on(record, present, fields, stale=stale):
        return Verdict.CONFLICT
    if record.delete:
        return Verdict.DELETE
    return Verdict.UPDATE if differing(fields, meant(record, fields), present) else Verdict.ACCEPT


def _gone(record: Record, mode: OnConflict) -> Verdict:
    if record.delete:
        return Verdict.ACCEPT
    return Verdict.CONFLICT if record.compares and mode is OnConflict.REJECT else Verdict.DELETED


def _moved_on(record: Record, present: Mapping[str, Any], fields: Sequence[Field], *, stale: bool) -> bool:
    if not record.compares:
        return stale
    if record.assumed is None:
        return True  # the client believed that there was no such record
    return bool(record.assumed.get("_deleted", False)) or bool(differing(fields, record.assumed, present))
