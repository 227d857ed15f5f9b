"""Trouble codes and the warning light: reports are kept, spells follow from them, what is new and fresh is told."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import orjson
from django.db.models import F

from core import clock
from core.notes import notify
from core.rls import as_system
from garage.models import Vehicle
from telematics.derive.codes import Report, Spell, Told, lamp_on_since, spells
from telematics.instants import millis, moment
from telematics.models import Alert, AlertKind, AlertRule, DtcEvent, DtcReport
from telematics.selectors.dtc import describe
from telematics.services.alerting import FRESH, alert_id, make
from telematics.services.packing import lock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from telematics.ports import TroubleCode

KEPT: Final = timedelta(days=90)  # reports; what follows from them stays
LAMP: Final = "The engine warning light came on"
BOOK: Final = "/api/v1/appointments/book/"
ASK: Final = "/api/v1/chat/"


def reported(
    vehicle_id: UUID, owner_id: UUID, at: int, codes: list[TroubleCode] | None, mil: bool | None
) -> None:
    """The plug of `ports.reported`. In the batch's transaction; a replay finds its report and does nothing."""
    told = (
        None
        if codes is None
        else sorted(([one.code, one.status, one.freeze_frame] for one in codes), key=str)
    )
    content = orjson.dumps([told, mil], option=orjson.OPT_SORT_KEYS)
    lock(vehicle_id)
    if DtcReport.objects.filter(vehicle_id=vehicle_id, anchor=True, at__gt=moment(at)).exists():
        return  # of a time whose reports have been purged
    _, made = DtcReport.objects.get_or_create(
        vehicle_id=vehicle_id,
        at=moment(at),
        digest=hashlib.blake2b(content, digest_size=16).digest(),
        defaults={"owner_id": owner_id, "codes": told, "mil": mil},
    )
    if made:
        renew(Vehicle.objects.get(pk=vehicle_id))


def renew(vehicle: Vehicle) -> None:
    """Make the vehicle's trouble codes anew from all its reports."""
    rows = list(DtcReport.objects.filter(vehicle_id=vehicle.pk).order_by("at"))
    reports = [_read(row) for row in rows]
    anchors = [row for row in rows if row.anchor]
    _write(vehicle, spells(reports), _last(anchors, "codes"))
    _lamp(vehicle, lamp_on_since(reports), _last(anchors, "mil"))


def purge_reports() -> int:
    """Reports that have had their time; how many. What followed from them stays."""
    before = clock.now() - KEPT
    with as_system("reports of many people grow old"):
        old = DtcReport.objects.filter(at__lt=before, anchor=False).order_by()
        vehicles = list(old.values_list("vehicle_id", flat=True).distinct())
    gone = 0
    for vehicle_id in vehicles:
        with as_system("reports of many people grow old"):
            gone += _purge(vehicle_id, before)
    return gone


def _purge(vehicle_id: UUID, before: datetime) -> int:
    """All reports of a vehicle from before an instant but the last ones, which say how things stood then."""
    lock(vehicle_id)
    rows = list(DtcReport.objects.filter(vehicle_id=vehicle_id, at__lt=before).order_by("at"))
    last = {at for name in ("codes", "mil") if (at := _last(rows, name)) is not None}
    gone = [row for row in rows if row.at not in last]
    spoke = {millis(row.at): report for row in gone if (report := _read(row)).codes is not None}
    for event in DtcEvent.objects.live().filter(vehicle_id=vehicle_id, first_seen__lt=before):
        first, end = millis(event.first_seen), millis(event.last_seen)
        had = {at for at, report in spoke.items() if first <= at <= end and _names(report, event.code)}
        if had:
            DtcEvent.objects.filter(pk=event.pk).update(purged=F("purged") + len(had))
    old = DtcReport.objects.filter(vehicle_id=vehicle_id, at__lt=before)
    old.exclude(at__in=last).delete()
    old.update(anchor=True)
    return len(gone)


def _last(rows: Sequence[DtcReport], name: str) -> datetime | None:
    """The last of these that speaks of codes, or of the lamp."""
    return max((row.at for row in rows if getattr(row, name) is not None), default=None)


def _names(report: Report, code: str) -> bool:
    return any(told.code == code for told in report.codes or ())


def acknowledge(event: DtcEvent) -> DtcEvent:
    """The owner has seen it; the second time changes nothing."""
    if event.acked_at is None:
        event.acked_at = clock.now()
        event.save(update_fields=["acked_at"])
    return event


def links_of(event: DtcEvent, text: str) -> dict[str, Any]:
    """Bodies that a client can send on: a booking for the repair, a question to the assistant."""
    return {
        "book": {
            "url": BOOK,
            "body": {"vehicle_id": str(event.vehicle_id), "notes": f"Trouble code {event.code}: {text}"},
        },
        "ask": {
            "url": ASK,
            "body": {
                "message": f"My vehicle shows {event.code} ({text}). What does it mean and what should I do?"
            },
        },
    }


def _read(row: DtcReport) -> Report:
    codes = (
        None if row.codes is None else tuple(Told(code, status, frame) for code, status, frame in row.codes)
    )
    return Report(millis(row.at), codes, row.mil)


def _write(vehicle: Vehicle, found: Sequence[Spell], settled: datetime | None) -> None:
    """Rows keep their id and acknowledgement while they overlap the spell that they were.

    settled: what ended before it follows from reports that were purged, and stays as it is.
    """
    known = list(DtcEvent.objects.live().filter(vehicle=vehicle))
    if settled is not None:
        known = [row for row in known if row.last_seen >= settled]
    kept: list[tuple[Spell, DtcEvent | None]] = []
    for spell in found:
        row = next((one for one in known if _same(spell, one)), None)
        if row is not None:
            known.remove(row)
        kept.append((spell, row))
    if known:
        gone = [row.pk for row in known]
        DtcEvent.objects.filter(pk__in=gone).update(deleted_at=clock.now())
        Alert.objects.filter(pk__in=[_alert_of(row) for row in known]).update(deleted_at=clock.now())
    # Ended ones first: a code that is gone and back again has one open row at every moment.
    for spell, row in sorted(kept, key=lambda pair: pair[0].cleared is None):
        columns = _columns(spell, row)
        if row is None:
            _tell(vehicle, DtcEvent.objects.create(vehicle=vehicle, owner_id=vehicle.owner_id, **columns))
        elif any(getattr(row, name) != value for name, value in columns.items()):
            for name, value in columns.items():
                setattr(row, name, value)
            row.save(update_fields=list(columns))


def _columns(spell: Spell, row: DtcEvent | None) -> dict[str, Any]:
    purged = row.purged if row is not None else 0
    return {
        "code": spell.code,
        "status": spell.status,
        "first_seen": row.first_seen if row is not None and purged else moment(spell.first),
        "last_seen": moment(spell.last),
        "cleared_at": None if spell.cleared is None else moment(spell.cleared),
        "occurrences": purged + spell.occurrences,
        "freeze_frame": spell.freeze_frame,
    }


def _same(spell: Spell, row: DtcEvent) -> bool:
    return (
        row.code == spell.code
        and millis(row.first_seen) <= spell.last
        and spell.first <= millis(row.last_seen)
    )


def _alert_of(row: DtcEvent) -> UUID:
    return alert_id(row.vehicle_id, AlertKind.DTC_NEW, 0, str(row.pk))


def _tell(vehicle: Vehicle, row: DtcEvent) -> None:
    """A new code: an alert, and a note with the words, the advice and what to do next, if it is fresh."""
    if muted(vehicle, AlertKind.DTC_NEW):
        return
    meaning = describe(row.code, vehicle.make)
    made = make(
        vehicle, _alert_of(row), kind=AlertKind.DTC_NEW, what=row.code, start_at=row.first_seen,
        end_at=row.first_seen, title=f"{row.code}: {meaning.text}"[:160], quiet=True,
    )  # fmt: skip
    if made and clock.now() - row.first_seen < FRESH:
        notify(
            vehicle.owner_id, "vehicle_dtc", f"{row.code}: {meaning.text}", f"{vehicle}. {meaning.advice}",
            vehicle_id=vehicle.pk, dtc_id=row.pk, code=row.code, severity=meaning.severity,
            safe_to_ride=meaning.safe_to_ride, book=BOOK, ask=ASK,
        )  # fmt: skip


def _lamp(vehicle: Vehicle, since: Sequence[int], settled: datetime | None) -> None:
    """settled: when the lamp came on until then follows from reports that were purged, and stays as it is."""
    since = [at for at in since if settled is None or moment(at) > settled]
    if not since or muted(vehicle, AlertKind.MIL_ON):
        return
    wanted = {alert_id(vehicle.pk, AlertKind.MIL_ON, at): at for at in since}
    known = Alert.objects.live().filter(vehicle=vehicle, kind=AlertKind.MIL_ON)
    known = known if settled is None else known.filter(start_at__gt=settled)
    known.exclude(pk__in=wanted).update(deleted_at=clock.now())
    for pk, at in wanted.items():
        made = make(
            vehicle, pk, kind=AlertKind.MIL_ON, start_at=moment(at), end_at=moment(at), title=LAMP, quiet=True,
        )  # fmt: skip
        if made and clock.now() - moment(at) < FRESH:
            notify(
                vehicle.owner_id, "vehicle_mil", LAMP, f"{vehicle}. Have its trouble codes read.",
                vehicle_id=vehicle.pk, alert_id=pk, book=BOOK, ask=ASK,
            )  # fmt: skip


def muted(vehicle: Vehicle, kind: str) -> bool:
    """Did the owner switch this kind off, for this vehicle or for all?"""
    rows = AlertRule.objects.live().filter(owner_id=vehicle.owner_id, kind=kind, active=False)
    return any(row.vehicle_id in {None, vehicle.pk} for row in rows)
