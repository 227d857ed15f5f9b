"""The health page of a vehicle: when its device was heard, what it shows, codes, and four charts; no script needed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import render
from django.views import View

from core import clock
from garage.models import Vehicle
from telematics.instants import millis
from telematics.models import Alert, DeviceKey, DtcEvent, Latest, Trip
from telematics.selectors.dtc import describe_all
from telematics.selectors.series import chart
from telematics.services.facts import settle_if_dirty

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from django.http import HttpRequest, HttpResponse

CHARTS: Final = (
    ("speed", "Speed", "km/h"),
    ("rpm", "Engine speed", "1/min"),
    ("coolant_temp", "Coolant", "degC"),
    ("battery", "Battery", "V"),
)
LAST_TRIP: Final = "trip"
SPANS: Final = {LAST_TRIP: "Last trip", "1": "Day", "7": "Week", "30": "Month"}
WIDTH: Final = 640
HEIGHT: Final = 160
POINTS: Final = 320
ROWS: Final = 20
SILENT: Final = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Picture:
    """One chart as SVG paths: `band` from minimum to maximum, `line` the mean; `low`, `high`: ends of the axis."""

    title: str
    unit: str
    band: str
    line: str
    low: float
    high: float
    last: float | None


def allows(request: HttpRequest) -> bool:
    """Whoever may read trouble codes."""
    user: Any = request.user
    return bool(user.has_perm("telematics.view_dtcevent"))


class _Page(View):
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if not allows(request):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)


class HealthListView(_Page):
    """Vehicles by the last word of their device; `q`: plate, VIN, name or the owner's mail."""

    def get(self, request: HttpRequest) -> HttpResponse:
        rows = Latest.objects.select_related("vehicle__owner").order_by("-last_seen")
        asked = request.GET.get("q", "")[:80].strip()
        if asked:
            rows = rows.filter(
                vehicle__in=Vehicle.objects.filter(license_plate__icontains=asked)
                | Vehicle.objects.filter(vin__icontains=asked)
                | Vehicle.objects.filter(nickname__icontains=asked)
                | Vehicle.objects.filter(owner__email__icontains=asked)
            )
        before = clock.now() - SILENT
        shown = [{"row": row, "silent": row.last_seen < before} for row in rows[:200]]
        context = {
            **admin.site.each_context(request),
            "title": "Vehicle health",
            "rows": shown,
            "asked": asked,
        }
        return render(request, "telematics/health_list.html", context)


class HealthView(_Page):
    """Query: `days` 1, 7 or 30, counted back from the last sample; without it the last trip."""

    def get(self, request: HttpRequest, vehicle_id: UUID) -> HttpResponse:
        vehicle = Vehicle.objects.filter(pk=vehicle_id).select_related("owner").first()
        if vehicle is None:
            raise Http404
        settle_if_dirty(vehicle_id)
        latest = Latest.objects.filter(pk=vehicle_id).first()
        days, since, until = span_of(vehicle, latest, request.GET.get("days", LAST_TRIP))
        context = {
            **admin.site.each_context(request),
            "title": f"Health of {vehicle}",
            "vehicle": vehicle,
            "latest": latest,
            "silent": latest is None or latest.last_seen < clock.now() - SILENT,
            "since": since,
            "until": until,
            "spans": [(code, label, code == days) for code, label in SPANS.items()],
            "pictures": pictures(vehicle_id, millis(since), millis(until)),
            "codes": codes_of(vehicle),
            "alerts": Alert.objects.live().filter(vehicle=vehicle).order_by("-start_at")[:ROWS],
            "trips": Trip.objects.live().filter(vehicle=vehicle).order_by("-start_at")[:ROWS],
            "keys": DeviceKey.objects.live().filter(vehicle=vehicle).order_by("-last_used_at"),
        }
        return render(request, "telematics/health.html", context)


def span_of(vehicle: Vehicle, latest: Latest | None, asked: str) -> tuple[str, datetime, datetime]:
    """Which of `SPANS`, and its ends; a day where there is no trip."""
    if asked not in SPANS or asked == LAST_TRIP:
        trip = Trip.objects.live().filter(vehicle=vehicle).order_by("-start_at").first()
        if trip is not None:
            return LAST_TRIP, trip.start_at, trip.end_at
        asked = "1"
    until = latest.t if latest is not None and latest.t is not None else clock.now()
    return asked, until - timedelta(days=int(asked)), until


def codes_of(vehicle: Vehicle) -> list[dict[str, Any]]:
    """Trouble codes with their words, the open ones first."""
    events = list(DtcEvent.objects.live().filter(vehicle=vehicle).order_by("-first_seen")[:100])
    events.sort(key=lambda event: event.cleared_at is not None)
    meanings = describe_all([event.code for event in events], vehicle.make)
    return [{"event": event, "meaning": meaning} for event, meaning in zip(events, meanings, strict=True)]


def pictures(vehicle_id: UUID, t0: int, t1: int) -> list[Picture]:
    """The charts of the signals that the vehicle has."""
    names = [name for name, _, _ in CHARTS]
    found = chart(vehicle_id, t0, t1, points=POINTS, signals=names, aggregate="minmaxavg")
    return [
        picture(title, unit, found.t or [], found.signals[name], span=(t0, t1), step_ms=found.resolution_ms)
        for name, title, unit in CHARTS
        if name in found.signals
    ]


def picture(
    title: str, unit: str, t: list[int], columns: dict[str, list[Any]], *, span: tuple[int, int], step_ms: int
) -> Picture:
    """Lines break where nothing was heard for several points."""
    known = [
        (at, low, high, mean)
        for at, low, high, mean in zip(t, columns["min"], columns["max"], columns["avg"], strict=True)
        if mean is not None and mean == mean  # noqa: PLR0124 -- NaN is the one that differs from itself
    ]
    if not known:
        return Picture(title, unit, "", "", 0, 1, None)
    bottom, top = min(row[1] for row in known), max(row[2] for row in known)
    if top == bottom:
        bottom, top = bottom - 1, top + 1

    def x(at: int) -> float:
        return float(round((at - span[0]) / max(1, span[1] - span[0]) * WIDTH, 1))

    def y(value: float) -> float:
        return float(round(HEIGHT - (value - bottom) / (top - bottom) * HEIGHT, 1))

    runs: list[list[Any]] = []
    for row in known:
        if not runs or row[0] - runs[-1][-1][0] > 4 * step_ms:
            runs.append([])
        runs[-1].append(row)
    for run in runs:  # a point stands for all of its step: alone it would be a line without a length
        run.append((run[-1][0] + step_ms, *run[-1][1:]))
    line = " ".join("M" + " L".join(f"{x(at)} {y(mean)}" for at, _, _, mean in run) for run in runs)
    band = " ".join(
        "M"
        + " L".join(
            [f"{x(at)} {y(high)}" for at, _, high, _ in run]
            + [f"{x(at)} {y(low)}" for at, low, _, _ in run[::-1]]
        )
        + "Z"
        for run in runs
    )
    return Picture(title, unit, band, line, bottom, top, known[-1][3])
