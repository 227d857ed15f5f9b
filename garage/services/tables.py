"""The log as CSV, out and in: the columns are the fields of REST, judged by the same serializers.

A spreadsheet runs a cell that begins with = + - @ as a formula. Such cells leave with an apostrophe in front, which
every spreadsheet hides, and come back without it.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction
from rest_framework.exceptions import ErrorDetail
from rest_framework.serializers import BaseSerializer

from core.errors import DomainError, Invalid, ValueTaken, constraint_errors
from garage.models import Document, FuelUp, Mod, OdometerEntry, Reminder, ServiceRecord, Vehicle
from garage.services.log import claim_paper, learn_from
from garage.services.vehicles import create_vehicle

MAX_ROWS: Final = 5000
MAX_VEHICLES: Final = 200
MAX_CELL: Final = 8000
_RISKY: Final = ("=", "+", "-", "@", "\t", "\r")

LIST_SIGN: Final = "; "  # between the words of one cell

# Which columns a kind has: those that a client may write.
KINDS: Final[Mapping[str, tuple[Any, tuple[str, ...]]]] = {
    "service-records": (
        ServiceRecord,
        ("id", "vehicle_id", "title", "done_on", "odometer_km", "amount_minor", "currency", "notes"),
    ),
    "fuel-ups": (
        FuelUp,
        (
            "id", "vehicle_id", "filled_on", "quantity", "unit", "full_tank", "missed_previous", "station",
            "odometer_km", "amount_minor", "currency", "notes",
        ),
    ),
    "mods": (
        Mod,
        (
            "id", "vehicle_id", "title", "part_number", "installed_on", "removed_on", "odometer_km",
            "amount_minor", "currency", "notes",
        ),
    ),
    "reminders": (
        Reminder,
        (
            "id", "vehicle_id", "title", "due_on", "due_odometer_km", "every_months", "every_km", "notes",
        ),
    ),
    # A file doesn't fit into a table: `file_id` names one that its owner has uploaded already.
    "documents": (
        Document,
        ("id", "vehicle_id", "title", "kind", "issued_on", "expires_on", "file_id", "notes"),
    ),
}  # fmt: skip
READING_COLUMNS: Final = ("id", "vehicle_id", "read_at", "reading_km", "source", "note")
VEHICLE_COLUMNS: Final = (
    "id", "nickname", "vin", "make", "model", "trim", "year", "license_plate", "odometer_km", "fuel_type",
    "dongle_id", "dongle_connection_type", "vehicle_model_id", "ecu_family", "ecu_hardware", "ecu_software",
    "ecu_calibration_id", "engine_displacement_cc", "engine_cylinders", "engine_stroke", "engine_aspiration",
    "engine_redline_rpm", "engine_compression", "engine_injector_cc_min", "mods", "notes",
)  # fmt: skip
# What goes out is all that comes in.
EXPORTED: Final[Mapping[str, tuple[Any, tuple[str, ...]]]] = {
    **KINDS,
    "vehicles": (Vehicle, VEHICLE_COLUMNS),
    "odometer-entries": (OdometerEntry, READING_COLUMNS),
}


class ImportRefused(DomainError):
    """Rows with mistakes; `fields.rows` has them by the number of their line. Nothing was written."""

    code, status, message = "import_refused", 400, "Some rows are not valid; nothing was imported."


@dataclass(slots=True)
class Imported:
    """created: new rows; unchanged: rows whose id was there already; errors: messages by field, by line."""

    created: int = 0
    unchanged: int = 0
    errors: dict[str, Any] = field(default_factory=dict)


# -- Out


def export(rows: Iterable[Mapping[str, Any]], columns: Iterable[str]) -> str:
    """CSV (RFC 4180) with a header."""
    out = io.StringIO(newline="")
    table = csv.writer(out)
    names = list(columns)
    table.writerow(names)
    for row in rows:
        table.writerow([harmless(_text(row.get(name))) for name in names])
    return out.getvalue()


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, list):
        return LIST_SIGN.join(map(str, value))
    return str(value)


def harmless(cell: str) -> str:
    """No spreadsheet takes it for a formula."""
    return f"'{cell}" if cell.startswith(_RISKY) or cell[:2] in {"'" + sign for sign in _RISKY} else cell


def plain(cell: str) -> str:
    """What `harmless` was given."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in {*_RISKY, "'"} else cell


# -- In


def parse(text: str, columns: Iterable[str]) -> list[dict[str, str]]:
    """Rows by column; empty cells and empty lines are left out. Raises Invalid naming `csv` or a column."""
    known = list(columns)
    try:
        table = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
        header = [cell.strip() for cell in next(table, [])]
        _demand_columns(header, known)
        found: list[dict[str, str]] = []
        for cells in table:
            if len(found) > MAX_ROWS:
                raise Invalid(fields={"csv": [f"At most {MAX_ROWS:,} rows at a time."]})
            if len(cells) > len(header):
                raise Invalid(fields={"csv": [f"Line {table.line_num} has more cells than the header."]})
            row = {
                name: plain(cell.strip()) for name, cell in zip(header, cells, strict=False) if cell.strip()
            }
            if row:
                found.append(row | {"": str(table.line_num)})
    except csv.Error as problem:
        raise Invalid(fields={"csv": [f"This is no CSV: {problem}."]}) from None
    if len(found) > MAX_ROWS:
        raise Invalid(fields={"csv": [f"At most {MAX_ROWS:,} rows at a time."]})
    return found


def _demand_columns(header: list[str], known: list[str]) -> None:
    if not any(header):
        raise Invalid(fields={"csv": ["The first line must name the columns."]})
    strange = sorted({name for name in header if name not in known})
    if strange:
        raise Invalid(fields={name[:80]: [f"Unknown column. Known: {', '.join(known)}."] for name in strange})
    if len(set(header)) != len(header):
        raise Invalid(fields={"csv": ["A column stands twice."]})


def import_rows(
    *,
    user: Any,
    kind: str,
    text: str,
    serializer: type[BaseSerializer[Any]],
    vehicle_id: UUID | None = None,
    skip_errors: bool = False,
    dry_run: bool = False,
) -> Imported:
    """Add the rows of a CSV, all or none unless `skip_errors`. Rows whose id is there already stay as they are.

    Raises Invalid, ImportRefused.
    """
    model, columns = KINDS[kind]
    rows = parse(text, columns)
    visible = {row.pk: row for row in Vehicle.objects.visible_to(user)}
    context = {"request": Caller(user), "visible_rows": {Vehicle: visible}}
    result = Imported()
    new: list[Any] = []
    for row in rows:
        line = row.pop("")
        if vehicle_id is not None:
            row.setdefault("vehicle_id", str(vehicle_id))
        form: Any = serializer(data=row, context=context)
        problem = None if form.is_valid() else messages(form.errors)
        if problem := problem or _paper_missing(user, form.validated_data):
            result.errors[line] = problem
        else:
            new.append(model(owner=user, **form.validated_data))
    if result.errors and not skip_errors and not dry_run:
        raise ImportRefused(fields={"rows": result.errors})
    known = set(model.objects.filter(pk__in=[row.pk for row in new]).values_list("pk", flat=True))
    fresh = list({row.pk: row for row in new if row.pk not in known}.values())
    result.created, result.unchanged = len(fresh), len(new) - len(fresh)
    if not dry_run:
        _write(model, fresh)
    return result


def _paper_missing(user: Any, values: Mapping[str, Any]) -> dict[str, Any] | None:
    """A row may name a file, if it is its owner's and was uploaded as a document."""
    try:
        claim_paper(user.pk, values.get("file_id"))
    except Invalid as problem:
        return problem.fields
    return None


def import_vehicles(
    *,
    user: Any,
    text: str,
    serializer: type[BaseSerializer[Any]],
    skip_errors: bool = False,
    dry_run: bool = False,
) -> Imported:
    """Add the vehicles of a CSV by the rules of REST (VIN, catalogue, dongle), all or none unless `skip_errors`.

    Raises Invalid, ImportRefused.
    """
    rows = parse(text, VEHICLE_COLUMNS)
    if len(rows) > MAX_VEHICLES:
        raise Invalid(fields={"csv": [f"At most {MAX_VEHICLES} vehicles at a time."]})
    result = Imported()
    with transaction.atomic():
        for row in rows:
            line = row.pop("")
            if problem := _add_vehicle(user, row, serializer, result):
                result.errors[line] = problem
        if result.errors and not skip_errors and not dry_run:
            raise ImportRefused(fields={"rows": result.errors})
        if dry_run:
            transaction.set_rollback(True)
    return result


def _add_vehicle(
    user: Any, row: Mapping[str, str], serializer: type[BaseSerializer[Any]], result: Imported
) -> dict[str, Any] | None:
    """What is wrong with the row, or nothing."""
    words = [word.strip() for word in row.get("mods", "").split(LIST_SIGN.strip()) if word.strip()]
    form: Any = serializer(data={**row, "mods": words}, context={"request": Caller(user)})
    if not form.is_valid():
        return messages(form.errors)
    if Vehicle.objects.history_of(user).filter(pk=form.validated_data.get("id")).exists():
        result.unchanged += 1
        return None
    try:
        with transaction.atomic():
            create_vehicle(user.pk, form.validated_data)
    except DomainError as problem:
        return problem.fields or {"record": [problem.text]}
    except IntegrityError as problem:
        constraint = getattr(getattr(problem.__cause__, "diag", None), "constraint_name", None) or ""
        refusal = (constraint_errors.get(constraint) or ValueTaken)()
        return refusal.fields or {"record": [refusal.text]}
    result.created += 1
    return None


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom serializers ask for, where no request is at hand."""

    user: Any


def _write(model: Any, rows: list[Any]) -> None:
    with transaction.atomic():
        model.objects.bulk_create(rows, batch_size=500)
        highest: dict[UUID, Any] = {}
        for row in rows:
            reading = getattr(row, "odometer_km", None)
            best = highest.get(row.vehicle_id)
            if reading is not None and (best is None or reading > best.odometer_km):
                highest[row.vehicle_id] = row
        for row in highest.values():
            learn_from(row)


def messages(errors: Any) -> dict[str, Any]:
    return {
        name: [str(text) for text in told if isinstance(text, ErrorDetail)] for name, told in errors.items()
    }
