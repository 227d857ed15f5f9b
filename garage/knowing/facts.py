"""A person's vehicles and their log as plain sentences, each with the record it comes from."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.db.models import F

from chat.assistant.wording import tokens
from chat.ports import Fact, Question, Source
from core import clock
from garage.models import (
    Document,
    EcuBackup,
    FlashJob,
    FuelUp,
    Mod,
    Reminder,
    ServiceRecord,
    Vehicle,
)
from garage.reminding import Due, urgency
from garage.selectors.log import with_consumption
from payments.amounts import money
from users.models import User

API: Final = "/api/v1/garage/"
VEHICLES: Final = 10
ROWS: Final = 10
URGENCIES: Final = ("overdue", "due", "soon", "ok")
_GENERAL: Final = frozenset("the my big new old bike motorcycle car scooter vehicle".split())  # noqa: SIM905


def day(value: date) -> str:
    return f"{value.day} {value:%B %Y}"


def km(value: Decimal | int | None) -> str:
    return f"{value:,.0f} km" if value is not None else "an unknown distance"


def source(kind: str, row: Any, title: str, path: str) -> Source:
    return Source(kind, str(row.pk), title, f"{API}{path}/{row.pk}/")


def vehicles_of(user: User) -> list[Vehicle]:
    return list(Vehicle.objects.visible_to(user).order_by("created_at")[:VEHICLES])


def meant(question: Question, vehicles: Sequence[Vehicle]) -> list[Vehicle]:
    """The vehicles that a question names by nickname, make or model; all when it names none."""
    named = [vehicle for vehicle in vehicles if _names(vehicle) & question.words]
    return named or list(vehicles)


def _names(vehicle: Vehicle) -> set[str]:
    said = tokens(f"{vehicle.nickname} {vehicle.make} {vehicle.model} {vehicle.license_plate}")
    joined = "".join(tokens(vehicle.model))
    return {word for word in [*said, joined] if len(word) > 1} - _GENERAL


def about_vehicle(vehicle: Vehicle) -> Fact:
    """Everything but the VIN."""
    name = f"{vehicle.year or ''} {vehicle.make} {vehicle.model} {vehicle.trim}".split()
    parts = [f"{vehicle} is a {' '.join(name)}" if vehicle.nickname else " ".join(name)]
    if vehicle.fuel_type:
        parts.append(f"fuel {vehicle.get_fuel_type_display()}")
    if vehicle.odometer_km is not None:
        parts.append(f"odometer {km(vehicle.odometer_km)}")
    if engine := engine_of(vehicle):
        parts.append(f"engine {engine}")
    if ecu := ecu_of(vehicle):
        parts.append(f"ECU {ecu}")
    text = ", ".join(parts) + "."
    if vehicle.mods:
        text += f" Changes: {', '.join(vehicle.mods)}."
    if vehicle.notes:
        text += f" Notes: {vehicle.notes[:300]}"
    return Fact(text, source("vehicle", vehicle, str(vehicle), "vehicles"))


def engine_of(vehicle: Vehicle) -> str:
    told = (
        (vehicle.engine_displacement_cc, "{:g} cc"),
        (vehicle.engine_cylinders, "{} cylinders"),
        (vehicle.engine_stroke, "{}-stroke"),
        (vehicle.get_engine_aspiration_display().lower(), "{}"),
        (vehicle.engine_compression, "compression {:g}:1"),
        (vehicle.engine_redline_rpm, "redline {:,} rpm"),
        (vehicle.engine_injector_cc_min, "injectors {:g} cc/min"),
    )
    return ", ".join(
        form.format(float(value) if isinstance(value, Decimal) else value) for value, form in told if value
    )


def ecu_of(vehicle: Vehicle) -> str:
    told = (vehicle.ecu_family, vehicle.ecu_hardware, vehicle.ecu_software, vehicle.ecu_calibration_id)
    return " ".join(part for part in told if part)


# -- Rows about vehicles: `vehicles` are the person's own, already chosen by what they may see


def rows_of(model: Any, vehicles: Iterable[Vehicle], order: Any) -> Any:
    ids = [vehicle.pk for vehicle in vehicles]
    return model.objects.live().filter(vehicle_id__in=ids).select_related("vehicle").order_by(order, "-id")


def reminders(vehicles: Sequence[Vehicle]) -> list[tuple[str, Fact]]:
    """(urgency, fact) of what is not done yet, the most urgent first."""
    today = clock.now().date()
    found = []
    for row in rows_of(Reminder, vehicles, F("due_on").asc(nulls_last=True)).filter(done_at=None)[:50]:
        due = Due(row.due_on, row.due_odometer_km)
        word = urgency(due, today=today, odometer_km=row.vehicle.odometer_km)
        found.append(
            (word, Fact(_reminder(row, word, today), source("reminder", row, row.title, "reminders")))
        )
    return sorted(found, key=lambda pair: URGENCIES.index(pair[0]))


def _reminder(row: Reminder, word: str, today: date) -> str:
    when = []
    if row.due_on is not None:
        left = (row.due_on - today).days
        when.append(f"on {day(row.due_on)} ({_days(left)})")
    if row.due_odometer_km is not None:
        at = f"at {km(row.due_odometer_km)}"
        if row.vehicle.odometer_km is not None:
            left_km = row.due_odometer_km - row.vehicle.odometer_km
            at += f" ({km(left_km)} to go)" if left_km >= 0 else f" ({km(-left_km)} ago)"
        when.append(at)
    state = {
        "overdue": "is overdue: it was due",
        "due": "is due now:",
        "soon": "is due soon:",
        "ok": "is due",
    }
    notes = f" Notes: {row.notes[:200]}" if row.notes else ""
    return f"{row.title} of {row.vehicle} {state[word]} {' or '.join(when)}.{notes}"


def _days(left: int) -> str:
    if left == 0:
        return "today"
    return f"in {left} days" if left > 0 else f"{-left} days ago"


def services(vehicles: Sequence[Vehicle], most: int = ROWS) -> list[Fact]:
    """The newest first."""
    return [
        Fact(
            f"{row.title} of {row.vehicle} was done on {day(row.done_on)}{_at(row.odometer_km)}{_for(row)}."
            + (f" Notes: {row.notes[:200]}" if row.notes else ""),
            source("service_record", row, row.title, "service-records"),
        )
        for row in rows_of(ServiceRecord, vehicles, "-done_on")[:most]
    ]


def mods(vehicles: Sequence[Vehicle], most: int = ROWS) -> list[Fact]:
    return [
        Fact(
            f"{row.title} is fitted to {row.vehicle}"
            + (f" since {day(row.installed_on)}" if row.installed_on else "")
            + (f", part number {row.part_number}" if row.part_number else "")
            + f"{_for(row)}.",
            source("mod", row, row.title, "mods"),
        )
        for row in rows_of(Mod, vehicles, "-created_at").filter(removed_on=None)[:most]
    ]


def fuel_ups(vehicles: Sequence[Vehicle], most: int = 3) -> list[Fact]:
    found = []
    for row in with_consumption(rows_of(FuelUp, vehicles, "-filled_on"))[:most]:
        used = (
            f" Consumption since the tank before: {row.consumption} {row.unit} per 100 km."
            if row.consumption
            else ""
        )
        place = f" at {row.station}" if row.station else ""
        text = f"{row.vehicle} got {row.quantity.normalize():f} {row.unit} on {day(row.filled_on)}{place}"
        found.append(
            Fact(
                f"{text}{_at(row.odometer_km)}{_for(row)}.{used}",
                source("fuel_up", row, "Fuel-up", "fuel-ups"),
            )
        )
    return found


def documents(vehicles: Sequence[Vehicle], most: int = ROWS) -> list[Fact]:
    today = clock.now().date()
    found = []
    for row in rows_of(Document, vehicles, F("expires_on").asc(nulls_last=True))[:most]:
        ends = ""
        if row.expires_on:
            left = (row.expires_on - today).days
            ends = (
                f" It expires on {day(row.expires_on)}."
                if left >= 0
                else f" It expired on {day(row.expires_on)}."
            )
        text = f"{row.title} ({row.get_kind_display()}) of {row.vehicle} is in your documents.{ends}"
        found.append(Fact(text, source("document", row, row.title, "documents")))
    return found


def backups(vehicles: Sequence[Vehicle], most: int = 3) -> list[Fact]:
    return [
        Fact(
            f"The ECU of {row.vehicle} was backed up on {day(row.created_at.date())}: "
            f"{row.get_state_display().lower()}{f', {row.family}' if row.family else ''}.",
            source("ecu_backup", row, "ECU backup", "ecu-backups"),
        )
        for row in rows_of(EcuBackup, vehicles, "-created_at")[:most]
    ]


def flashes(vehicles: Sequence[Vehicle], most: int = 5) -> list[Fact]:
    return [
        Fact(
            f"A flash of {row.vehicle} with {row.label or row.source_kind} on {day(row.created_at.date())}: "
            f"{row.get_state_display().lower()}.",
            source("flash_job", row, "Flash", "flash-jobs"),
        )
        for row in rows_of(FlashJob, vehicles, "-created_at")[:most]
    ]


def _at(odometer: Decimal | None) -> str:
    return f" at {km(odometer)}" if odometer is not None else ""


def _for(row: Any) -> str:
    return f" for {money(row.amount_minor, row.currency)}" if row.amount_minor is not None else ""
