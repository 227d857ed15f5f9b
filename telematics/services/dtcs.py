"""Trouble codes and the warning light: reports are kept, spells follow from them, what is new and fresh is told."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

import orjson

from core import clock
from core.notes import notify
from garage.models import Vehicle
from telematics.derive.codes import Report, Spell, Told, lamp_on_since, spells
from telematics.instants import millis, moment
from telematics.models import Alert, AlertKind, AlertRule, DtcEvent, DtcReport
from telematics.selectors.dtc import describe
from telematics.services.alerting import FRESH, alert_id, make
from telematics.services.packing import lock

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from telematics.ports import TroubleCode

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
    reports = [_read(row) for row in DtcReport.objects.filter(vehicle_id=vehicle.pk).order_by("at")]
    _write(vehicle, spells(reports))
    _lamp(vehicle, lamp_on_since(reports))


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


def _write(vehicle: Vehicle, found: Sequence[Spell]) -> None:
    """Rows keep their id and acknowledgement while they overlap the spell that they were."""
    known = list(DtcEvent.objects.live().filter(vehicle=vehicle))
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
        columns = _columns(spell)
        if row is None:
            _tell(vehicle, DtcEvent.objects.create(vehicle=vehicle, owner_id=vehicle.owner_id, **columns))
        elif any(getattr(row, name) != value for name, value in columns.items()):
            for name, value in columns.items():
                setattr(row, name, value)
            row.save(update_fields=list(columns))


def _columns(spell: Spell) -> dict[str, Any]:
    return {
        "code": spell.code,
        "status": spell.status,
        "first_seen": moment(spell.first),
        "last_seen": moment(spell.last),
        "cleared_at": None if spell.cleared is None else moment(spell.cleared),
        "occurrences": spell.occurrences,
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


def _lamp(vehicle: Vehicle, since: Sequence[int]) -> None:
    if not since or muted(vehicle, AlertKind.MIL_ON):
        return
    wanted = {alert_id(vehicle.pk, AlertKind.MIL_ON, at): at for at in since}
    known = Alert.objects.live().filter(vehicle=vehicle, kind=AlertKind.MIL_ON)
    known.exclude(pk__in=wanted).update(deleted_at=clock.now())
    for pk, at in wanted.items():
        make(
            vehicle, pk, kind=AlertKind.MIL_ON, start_at=moment(at), end_at=moment(at),
            title="The engine warning light came on",
        )  # fmt: skip


def muted(vehicle: Vehicle, kind: str) -> bool:
    """Did the owner switch this kind off, for this vehicle or for all?"""
    rows = AlertRule.objects.live().filter(owner_id=vehicle.owner_id, kind=kind, active=False)
    return any(row.vehicle_id in {None, vehicle.pk} for row in rows)
