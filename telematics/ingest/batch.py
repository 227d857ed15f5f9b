"""A batch as a device sends it: rows or columns, both spellings of every key; good samples and refused ones apart.

    {"vehicleId": ..., "startTimestamp": ms, "endTimestamp": ms, "samples": [{"t": ms, "speed": 62.5, ...}],
     "sentAt": ms, "batchId": ..., "dongleId": ..., "dtcs": [{"code": "P0301", "status": "stored"}], "mil": false}

or `columns: {"t": [...], "speed": [...]}` in place of `samples`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from core.errors import Invalid, PayloadTooLarge
from core.renderers import snake
from telematics.errors import ClockAhead, SamplesRefused
from telematics.ingest.columns import Table, from_columns, from_rows
from telematics.ingest.judge import Rejected, Window, judge
from telematics.instants import FIRST_MS, LAST_MS, millis
from telematics.ports import TroubleCode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from telematics.samples import Samples

MAX_SAMPLES: Final = 5000
MAX_CODES: Final = 100
_KEYS: Final = frozenset(
    {
        "vehicle_id", "start_timestamp", "end_timestamp", "samples", "columns", "sent_at", "batch_id", "dongle_id",
        "dtcs", "mil", "strict",
    }
)  # fmt: skip
_CODE: Final = re.compile(r"[PCBU][0-3][0-9A-F]{3}")
_STATUSES: Final = {"stored", "pending", "permanent"}
_MISSING: Final = ["This field is required."]


@dataclass(frozen=True, slots=True)
class Batch:
    """samples: the good ones; repeated: how many said the same as another of this batch; rejected: by index.

    codes: None where the batch does not speak of trouble codes. skew_ms: server's clock minus the device's.
    ignored: signals that were text. dongle_id: "" when none was named.
    """

    samples: Samples
    repeated: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    codes: list[TroubleCode] | None = None
    mil: bool | None = None
    skew_ms: int | None = None
    dongle_id: str = ""


def read_batch(body: Mapping[str, Any], *, now: int, vehicle_id: UUID | None, strict: bool = False) -> Batch:
    """Judge a batch at `now` (ms). vehicle_id: what the path says, None for a batch among others.

    Raises Invalid, PayloadTooLarge, SamplesRefused (ClockAhead): all 4xx.
    """
    given = _known_keys(body)
    if vehicle_id is not None and "vehicle_id" in given and vehicle_of(given) != vehicle_id:
        raise Invalid(fields={"vehicle_id": ["This is not the vehicle of the path."]})
    table = _table(given)
    first, last = instant(given, "start_timestamp"), instant(given, "end_timestamp")
    if first is not None and last is not None and last < first:
        raise Invalid(fields={"end_timestamp": ["The batch ends before it starts."]})
    judged = judge(table, Window(now, first, last))
    rejected, codes = [*judged.rejected], _codes(given)
    if not len(judged.samples) or (rejected and (strict or _flag(given, "strict"))):
        raise _refusal(rejected)
    sent = instant(given, "sent_at")
    return Batch(
        samples=judged.samples,
        repeated=judged.repeated,
        rejected=rejected,
        ignored=table.ignored,
        codes=codes,
        mil=_flag(given, "mil"),
        skew_ms=None if sent is None else max(-(2**31), min(2**31 - 1, now - sent)),
        dongle_id=_text(given, "dongle_id", 64),
    )


def vehicle_of(body: Mapping[str, Any]) -> UUID:
    """The vehicle that a body names, in either spelling. Raises Invalid."""
    given = body.get("vehicle_id", body.get("vehicleId"))
    if given is None:
        raise Invalid(fields={"vehicle_id": _MISSING})
    try:
        return UUID(given)
    except (ValueError, TypeError, AttributeError):
        raise Invalid(fields={"vehicle_id": ["This is no id of a vehicle."]}) from None


def instant(given: Mapping[str, Any], name: str) -> int | None:
    """Epoch milliseconds, or an ISO 8601 instant; None when absent. Raises Invalid."""
    value = given.get(name)
    if value is None:
        return None
    if isinstance(value, str):
        try:
            parsed = datetime.fromisoformat(value)
        except ValueError:
            parsed = None
        value = millis(parsed) if parsed is not None and parsed.tzinfo is not None else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not FIRST_MS <= value <= LAST_MS:
        raise Invalid(fields={name: ["Give epoch milliseconds."]})
    return int(value)


# -- Inside


def _known_keys(body: Mapping[str, Any]) -> dict[str, Any]:
    """Both spellings. What is no key of a batch is let through: devices of tomorrow may say more."""
    given: dict[str, Any] = {}
    for key, value in body.items():
        name = snake(key)
        if name not in _KEYS:
            continue
        if name in given:
            raise Invalid(fields={name: ["Give this field once, in one spelling."]})
        given[name] = value
    return given


def _table(given: Mapping[str, Any]) -> Table:
    rows, columns = given.get("samples"), given.get("columns")
    if (rows is None) == (columns is None):
        raise Invalid(fields={"samples": ["Give samples or columns."]})
    if isinstance(rows, Table):  # read off the text already
        _demand_few(len(rows.t))
        return rows
    if rows is not None:
        if not isinstance(rows, list) or not rows:
            raise Invalid(fields={"samples": ["Give a list of at least one sample."]})
        _demand_few(len(rows))
        return from_rows(rows)
    if not isinstance(columns, dict) or not isinstance(columns.get("t"), list) or not columns["t"]:
        raise Invalid(fields={"columns": ["Give t and one list for each signal, with at least one sample."]})
    _demand_few(len(columns["t"]))
    return from_columns(columns)


def _demand_few(many: int) -> None:
    if many > MAX_SAMPLES:
        raise PayloadTooLarge(f"A batch may have at most {MAX_SAMPLES:,} samples.")


def _codes(given: Mapping[str, Any]) -> list[TroubleCode] | None:
    rows = given.get("dtcs")
    if rows is None:
        return None
    if not isinstance(rows, list) or len(rows) > MAX_CODES:
        raise Invalid(fields={"dtcs": [f"Give a list of at most {MAX_CODES} codes."]})
    return [_code(row) for row in rows]


def _code(row: Any) -> TroubleCode:
    row = {"code": row} if isinstance(row, str) else row
    code = row.get("code") if isinstance(row, dict) else None
    if not isinstance(code, str) or not _CODE.fullmatch(code.strip().upper()):
        raise Invalid(fields={"dtcs": ["A trouble code looks like P0301."]})
    status = row.get("status", "stored")
    if not isinstance(status, str) or status.lower() not in _STATUSES:
        raise Invalid(fields={"dtcs": ["A status is one of stored, pending, permanent."]})
    frame = row.get("freeze_frame", row.get("freezeFrame"))
    return TroubleCode(code.strip().upper(), status.lower(), frame if isinstance(frame, dict) else {})


def _flag(given: Mapping[str, Any], name: str) -> bool | None:
    value = given.get(name)
    if value is not None and value not in (True, False):
        raise Invalid(fields={name: ["Give true or false."]})
    return None if value is None else bool(value)


def _text(given: Mapping[str, Any], name: str, longest: int) -> str:
    value = given.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > longest or "\x00" in value:
        raise Invalid(fields={name: [f"Give a text of at most {longest} characters."]})
    return value


def _refusal(rejected: list[Rejected]) -> SamplesRefused:
    fields = {"rejected": [one.shown() for one in rejected]}
    if rejected and all(one.code == "clock_ahead" for one in rejected):
        return ClockAhead(fields=fields)
    return SamplesRefused(fields=fields)
