"""What the assistant may know of a vehicle's health: trouble codes in words, the last trips, what is due."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from chat.ports import Block, Fact, Pattern, PlainKnowledge, Reply, Source, Tool, words
from telematics import dtc
from telematics.models import DtcEvent, Trip
from telematics.selectors.dtc import describe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chat.ports import Question
    from users.models import User

ROWS: Final = 5


def codes_of(user: User) -> list[Fact]:
    """Open codes, the newest first, with what to do about them."""
    rows = DtcEvent.objects.visible_to(user).filter(cleared_at=None, vehicle__deleted_at=None)
    return [_code(row) for row in rows.select_related("vehicle").order_by("-first_seen")[:ROWS]]


def _code(row: DtcEvent) -> Fact:
    meaning = describe(row.code, row.vehicle.make)
    text = (
        f"{row.vehicle} shows the trouble code {row.code} ({row.get_status_display().lower()}) since "
        f"{row.first_seen:%d %B %Y}: {meaning.text}. {meaning.advice}"
    )
    where = f"/api/v1/telematics/dtcs/{row.pk}/"
    return Fact(text, Source("dtc", str(row.pk), f"{row.code} on {row.vehicle}", where))


def trips_of(user: User) -> list[Fact]:
    """The last trips."""
    rows = Trip.objects.visible_to(user).filter(vehicle__deleted_at=None).select_related("vehicle")
    return [
        Fact(
            f"{row.vehicle} drove {row.distance_m / 1000:.1f} km on {row.start_at:%d %B %Y at %H:%M} UTC"
            + (f" and used {row.fuel_l:.1f} litres" if row.fuel_l is not None else "")
            + ".",
            Source(
                "trip", str(row.pk), f"Trip of {row.start_at:%d %B %Y}", f"/api/v1/telematics/trips/{row.pk}/"
            ),
        )
        for row in rows.order_by("-start_at")[:ROWS]
    ]


def _asked_codes(question: Question) -> Reply | None:
    found = codes_of(question.user)
    if not found:
        return None
    return Reply("\n".join(fact.text for fact in found), tuple(fact.source for fact in found))


def _asked_trips(question: Question) -> Reply | None:
    found = trips_of(question.user)
    if not found:
        return None
    return Reply("\n".join(fact.text for fact in found), tuple(fact.source for fact in found))


class VehicleHealth(PlainKnowledge):
    order = 35

    def blocks(self, user: User) -> Sequence[Block]:
        return [Block("Trouble codes", codes_of(user)), Block("Last trips", trips_of(user))]

    def tools(self) -> Sequence[Tool]:
        def codes(user: User, arguments: Mapping[str, Any]) -> Sequence[Fact]:
            return codes_of(user)

        def trips(user: User, arguments: Mapping[str, Any]) -> Sequence[Fact]:
            return trips_of(user)

        return [
            Tool("vehicle_trouble_codes", "The trouble codes that this person's vehicles show now.", codes),
            Tool("vehicle_trips", "The last trips of this person's vehicles, with distance and fuel.", trips),
        ]

    def patterns(self) -> Sequence[Pattern]:
        return [
            Pattern(
                "open trouble codes",
                (words("warning light lamp code codes fault faults dtc engine check trouble"),),
                _asked_codes,
                likes=words("my bike car show shows on why is have any current"),
                unlike=words("mean means clear book"),
            ),
            Pattern(
                "last trips",
                (words("trip trips ride rides drive drives drove rode"),),
                _asked_trips,
                likes=words("my last far distance fuel consumption recent long"),
                unlike=words("safe book"),
            ),
        ]

    def look_up(self, code: str) -> Fact | None:
        try:
            meaning = dtc.describe(code)
        except ValueError:
            return None
        if not meaning.known:
            return None
        text = f"{meaning.code}: {meaning.text}. {meaning.advice}"
        where = f"/api/v1/telematics/dtc-codes/{meaning.code}/"
        return Fact(text, Source("dtc_code", meaning.code, f"Trouble code {meaning.code}", where))
