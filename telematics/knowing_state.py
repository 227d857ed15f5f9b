"""What the assistant may know of a vehicle's state: what it said last, alerts nobody has seen, maintenance plans."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from chat.ports import Block, Fact, Pattern, PlainKnowledge, Question, Reply, Source, Tool, words
from garage.models import Vehicle
from telematics.models import Alert, Latest, MaintenancePlan
from users.models import User

API: Final = "/api/v1/telematics/"
ROWS: Final = 5
# signal -> (words, unit); positions stay out of the assistant
TOLD: Final[Mapping[str, tuple[str, str]]] = {
    "coolant_temp": ("coolant", "°C"),
    "battery": ("battery", "V"),
    "fuel_level": ("fuel level", "%"),
    "soc": ("charge", "%"),
    "oil_temp": ("oil", "°C"),
    "oil_pressure": ("oil pressure", "kPa"),
    "rpm": ("engine speed", "1/min"),
    "speed": ("speed", "km/h"),
}


def states(user: User) -> list[Fact]:
    """What each vehicle said last, without where it was."""
    found = []
    rows = Latest.objects.filter(vehicle__in=Vehicle.objects.visible_to(user)).select_related("vehicle")
    for row in rows.order_by("-last_seen")[:ROWS]:
        said = [
            f"{name} {row.vals[signal][0]:g} {unit}"
            for signal, (name, unit) in TOLD.items()
            if signal in row.vals
        ]
        lamp = None if row.mil is None else f"the warning light is {'on' if row.mil else 'off'}"
        if not said and lamp is None:
            continue
        at = row.t or row.last_seen
        text = f"{row.vehicle} said last, on {_day(at)} at {at.astimezone(UTC):%H:%M} UTC: {', '.join([*said, *([lamp] if lamp else [])])}."
        found.append(Fact(text, Source("telemetry", str(row.pk), str(row.vehicle), f"{API}{row.pk}/latest/")))
    return found


def alerts(user: User) -> list[Fact]:
    """Those that their owner has not seen."""
    rows = (
        Alert.objects.visible_to(user)
        .filter(seen_at=None)
        .select_related("vehicle")
        .order_by("-start_at")[:ROWS]
    )
    return [
        Fact(
            f"Alert of {row.vehicle} on {_day(row.start_at)}: {row.title}.",
            Source("alert", str(row.pk), row.title, f"{API}alerts/{row.pk}/"),
        )
        for row in rows
    ]


def plans(user: User) -> list[Fact]:
    rows = (
        MaintenancePlan.objects.visible_to(user).select_related("vehicle").order_by("created_at")[: 2 * ROWS]
    )
    found = []
    for row in rows:
        every = [
            f"{value:,} {unit}"
            for value, unit in (
                (row.every_km, "km"),
                (row.every_months, "months"),
                (row.every_hours, "engine hours"),
            )
            if value
        ]
        text = (
            f"{row.title} of {row.vehicle} comes back every {' or '.join(every)}; it was last done on "
            f"{_day(row.last_done_on)} at {row.last_done_km:,.0f} km."
        )
        found.append(
            Fact(text, Source("maintenance_plan", str(row.pk), row.title, f"{API}maintenance/{row.pk}/"))
        )
    return found


def _day(at: Any) -> str:
    shown = at.astimezone(UTC) if isinstance(at, datetime) else at
    return f"{shown.day} {shown:%B %Y}"


def _said(found: Sequence[Fact], nothing: str) -> Reply:
    return Reply("\n".join(fact.text for fact in found) or nothing, tuple(fact.source for fact in found))


def _state(question: Question) -> Reply:
    return _said(
        [*states(question.user), *alerts(question.user)], "None of your vehicles has sent telemetry yet."
    )


def _plans(question: Question) -> Reply | None:
    found = plans(question.user)
    return _said(found, "") if found else None


PATTERNS: Final = (
    Pattern(
        "telemetry",
        (
            words(
                "battery voltage coolant temperature temp telemetry charge soc alert alerts live status tank level pressure"
            ),
        ),
        _state,
        likes=words("bike motorcycle car vehicle what is my now how current full hot of oil fuel the any"),
        unlike=words("tyre tire flash mean means appointment change due"),
    ),
    Pattern(
        "maintenance plans",
        (
            words("plan plans interval intervals every often"),
            words("maintenance service oil filter change plan plans chain valve"),
        ),
        _plans,
        likes=words("how should my what is do"),
        unlike=words("membership price cost"),
    ),
)


def _get_state(user: User, arguments: Mapping[str, Any]) -> Sequence[Fact]:
    return [*states(user), *alerts(user)]


class VehicleState(PlainKnowledge):
    order = 36

    def blocks(self, user: User) -> Sequence[Block]:
        return [Block("telemetry", [*states(user), *alerts(user)]), Block("maintenance_plans", plans(user))]

    def patterns(self) -> Sequence[Pattern]:
        return PATTERNS

    def tools(self) -> Sequence[Tool]:
        return [Tool("get_telemetry", "What the vehicles said last, and alerts nobody has seen.", _get_state)]
