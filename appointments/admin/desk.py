"""The workshop desk: today by bay, the week, walk-ins; every move through the guard of a booking.

Plain forms and links: it works with a keyboard and without scripts. Where there is a mouse, a card can be dragged:
desk.js then fills in and sends the same form.
"""

from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, ClassVar
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views import View

from appointments.models import Allocation, Appointment, Location, Resource, ResourceKind, Service, Status
from appointments.selectors.desk import desk_rows, kept_on, on_days
from appointments.selectors.hours import local_day, plan_of
from appointments.services import moving
from appointments.services.booking import Customer, Desk, Wish, book
from appointments.slots import Edge, WallClockError, local_to_utc, opening_hours
from appointments.states import LIVE, may
from core import audit, clock
from core.errors import DomainError
from garage.models import VehicleModel
from garage.models.vehicle import MAX_ODOMETER_KM
from payments.amounts import money
from users.authentication import person
from users.phones import BadPhone, normalise_phone

ROW = 15  # minutes of one line of the board
STEPS = (
    (Status.CONFIRMED, "Confirm"),
    (Status.IN_PROGRESS, "Begin"),
    (Status.COMPLETED, "Complete"),
    (Status.NO_SHOW, "Did not come"),
    (Status.CANCELLED, "Cancel"),
)
SHOWN = (*LIVE, Status.COMPLETED, Status.NO_SHOW)


class ShopForm(forms.Form):
    location = forms.UUIDField()


class MoveForm(forms.Form):
    appointment = forms.UUIDField()
    sequence = forms.IntegerField(min_value=0)
    start = forms.DateTimeField(input_formats=["%Y-%m-%dT%H:%M"])
    bay = forms.UUIDField(required=False)


class StatusForm(forms.Form):
    appointment = forms.UUIDField()
    status = forms.ChoiceField(choices=[(code, label) for code, label in STEPS])
    odometer_km = forms.DecimalField(
        required=False, max_digits=8, decimal_places=1, min_value=0, max_value=MAX_ODOMETER_KM
    )


class WalkInForm(forms.Form):
    name = forms.CharField(max_length=120)
    phone = forms.CharField(max_length=40)
    model = forms.SlugField(required=False, max_length=80)
    services = forms.ModelMultipleChoiceField(Service.objects.none())
    start = forms.DateTimeField(input_formats=["%Y-%m-%dT%H:%M"])
    notes = forms.CharField(required=False, max_length=2000)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["services"]
        field.queryset = Service.objects.live().filter(active=True)

    def clean_phone(self) -> str:
        try:
            return normalise_phone(self.cleaned_data["phone"])
        except BadPhone as problem:
            raise forms.ValidationError(str(problem)) from None

    def clean_model(self) -> VehicleModel | None:
        code = self.cleaned_data["model"]
        found: VehicleModel | None = VehicleModel.objects.filter(code=code).first() if code else None
        if code and found is None:
            raise forms.ValidationError("No model of the catalogue has this code.")
        return found


class DeskView(View):
    """Query: `location`, `day` (local), `view` day or week. Runs as the system, as all of the admin does."""

    admin: ClassVar[Any] = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if not self.admin.has_change_permission(request):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        shops = list(Location.objects.live().filter(active=True).order_by("-is_default", "name"))
        context: dict[str, Any] = {
            **admin.site.each_context(request),
            "title": "Workshop desk",
            "shops": shops,
        }
        if shops:
            context |= self._board(request, shops)
        return render(request, "appointments/desk.html", context)

    def post(self, request: HttpRequest) -> HttpResponse:
        asked = ShopForm(request.POST)
        shop = (
            Location.objects.filter(pk=asked.cleaned_data["location"]).first() if asked.is_valid() else None
        )
        deeds: dict[str, Any] = {
            "move": self._move,
            "status": self._status,
            "walk_in": self._walk_in,
        }
        deed = deeds.get(request.POST.get("deed", ""))
        if shop is None or deed is None:
            messages.error(request, "Nothing was chosen.")
            return HttpResponseRedirect(reverse("admin:appointments_desk"))
        try:
            said = deed(request, shop)
            audit.record("desk.deed", actor=request.user.pk, target=said[:120], request=request)
            messages.success(request, said)
        except DomainError as problem:
            messages.error(request, problem.text)
        query = {
            "location": shop.pk,
            "day": request.POST.get("day", ""),
            "view": request.POST.get("view", ""),
        }
        return HttpResponseRedirect(f"{reverse('admin:appointments_desk')}?{urlencode(query)}")

    # -- Deeds; each answers what to say

    def _move(self, request: HttpRequest, shop: Location) -> str:
        said = cleaned(MoveForm(request.POST))
        row = moving.reschedule(
            said["appointment"],
            instant(said["start"], shop),
            by=person(request),
            by_staff=True,
            bay_id=said["bay"],
            sequence=said["sequence"],
        )
        return f"{row.reference} moved to {row.start_at.astimezone(shop.zone):%a %d %b, %H:%M}."

    def _status(self, request: HttpRequest, shop: Location) -> str:
        said = cleaned(StatusForm(request.POST))
        row = moving.update_status(
            said["appointment"], said["status"], by=person(request), odometer_km=said["odometer_km"]
        )
        return f"{row.reference}: {row.get_status_display().lower()}."

    def _walk_in(self, request: HttpRequest, shop: Location) -> str:
        said = cleaned(WalkInForm(request.POST))
        wish = Wish(
            services=list(said["services"]),
            start=instant(said["start"], shop),
            location=shop,
            vehicle_model=said["model"],
            notes=said["notes"],
        )
        customer = Customer(name=said["name"], phone=said["phone"])
        made = book(wish, customer, desk=Desk(actor=request.user.pk))
        return f"{made.appointment.reference} booked for {said['name']}."

    # -- What is shown

    def _board(self, request: HttpRequest, shops: list[Location]) -> dict[str, Any]:
        wanted = request.GET.get("location", "")
        shop = next((one for one in shops if str(one.pk) == wanted), shops[0])
        today = local_day(shop, clock.now())
        day = parsed_day(request.GET.get("day", ""), today)
        week = request.GET.get("view") == "week"
        first = day - timedelta(days=day.weekday()) if week else day
        last = first + timedelta(days=6) if week else day
        rows = desk_rows([shop.pk]).filter(on_days(first, last), status__in=SHOWN).order_by("start_at", "pk")
        link = partial(address, shop=shop, week=week)
        step = timedelta(days=7 if week else 1)
        places = list(
            Resource.objects.live()
            .filter(location=shop, active=True)
            .exclude(kind=ResourceKind.TECHNICIAN)
            .order_by("kind", "name")
        )
        kept = [] if week else kept_on(shop, day, clock.now())
        shown = week_of(shop, first, rows) if week else day_of(shop, day, list(rows), places, kept)
        return {
            "shop": shop, "day": day, "week": week, "places": places, "services": Service.objects.live().filter(active=True),
            "before": link(day=day - step), "after": link(day=day + step), "now": link(day=today),
            "other": address(shop=shop, week=not week, day=day), "default_start": f"{day}T10:00", **shown,
        }  # fmt: skip


def day_of(
    shop: Location, day: date, rows: list[Appointment], places: list[Resource], kept: list[Allocation]
) -> dict[str, Any]:
    """The board of one day: a column a place, a line every quarter of an hour from opening to closing."""
    hours = opening_hours(plan_of(shop, day, day), day)
    starts = [hour[0] for hour in hours] + [row.start_at for row in rows]
    ends = [hour[1] for hour in hours] + [row.end_at for row in rows]
    if not starts:
        return {"closed": True, "cards": [], "marks": [], "kept": []}
    opens, closes = min(starts), max(ends)
    columns = {place.pk: number for number, place in enumerate(places, start=2)}
    cards = []
    for row in rows:
        held = [one.resource_id for one in row.allocations.all() if one.resource_id in columns]
        cards.append(
            card(shop, row)
            | {
                "column": columns[held[0]] if held else 2,
                "top": line(row.start_at, opens),
                "bottom": line(row.end_at, opens),
            }
        )
    marks = []
    at = opens
    while at < closes:
        marks.append({"time": at.astimezone(shop.zone).strftime("%H:%M"), "top": line(at, opens)})
        at += timedelta(minutes=30)
    return {
        "opens": int(opens.timestamp()) * 1000,
        "row_minutes": ROW,
        "closed": not hours,
        "cards": cards,
        "marks": marks,
        "lines": line(closes, opens),
        "kept": [
            kept_card(shop, one, columns[one.resource_id], opens)
            for one in kept
            if one.resource_id in columns
        ],
    }


def kept_card(shop: Location, place: Allocation, column: int, opens: datetime) -> dict[str, Any]:
    """A time that waits for somebody's answer."""
    until = place.hold_expires_at or opens
    return {
        "column": column,
        "top": max(2, line(place.period.lower, opens)),
        "bottom": line(place.period.upper, opens),
        "who": str(place.offer.entry.user) if place.offer else "",
        "until": until.astimezone(shop.zone).strftime("%H:%M"),
    }


def week_of(shop: Location, first: date, rows: Any) -> dict[str, Any]:
    days: list[dict[str, Any]] = [{"day": first + timedelta(days=number), "cards": []} for number in range(7)]
    for row in rows:
        offset = (local_day(shop, row.start_at) - first).days
        if 0 <= offset < 7:
            days[offset]["cards"].append(card(shop, row))
    for one in days:
        one["link"] = address(shop=shop, week=False, day=one["day"])
    return {"days": days}


def card(shop: Location, row: Appointment) -> dict[str, Any]:
    """Customer and vehicle at a glance, and what can be done now."""
    local = row.start_at.astimezone(shop.zone)
    return {
        "row": row,
        "time": f"{local:%H:%M} - {row.end_at.astimezone(shop.zone):%H:%M}",
        "start": f"{local:%Y-%m-%dT%H:%M}",
        "who": row.who,
        "phone": row.customer_phone or (row.user.phone if row.user else ""),
        "vehicle": str(row.vehicle or row.vehicle_model or ""),
        "plate": row.vehicle.license_plate if row.vehicle else "",
        "services": ", ".join(one.name for one in row.lines.all()),
        "technician": next(
            (one.resource.name for one in row.allocations.all() if one.resource.kind == ResourceKind.TECHNICIAN), ""
        ),
        "left": money(row.total_minor - row.paid_minor, row.currency) if row.total_minor > row.paid_minor else "paid",
        "movable": row.status in {Status.PENDING, Status.CONFIRMED},
        "steps": [
            (code, label)
            for code, label in STEPS
            if may(row.status, code) and not (row.status == Status.PENDING_PAYMENT and code == Status.CONFIRMED)
        ],
        "link": reverse("admin:appointments_appointment_change", args=[row.pk]),
    }  # fmt: skip


def line(at: datetime, opens: datetime) -> int:
    """The grid line of an instant; the first is the heads of the columns."""
    return 2 + int((at - opens).total_seconds()) // (60 * ROW)


def cleaned(form: forms.Form) -> dict[str, Any]:
    """Raises DomainError with the first complaint."""
    if form.is_valid():
        return form.cleaned_data
    name, problems = next(iter(form.errors.items()))
    raise DomainError(f"{name}: {problems[0]}")


def instant(wall: datetime, shop: Location) -> datetime:
    """The form's wall-clock time in the shop's zone. Raises DomainError where the clocks skip or double it."""
    naive = wall.replace(tzinfo=None)
    try:
        return local_to_utc(naive.date(), naive.time(), shop.zone, Edge.EXACT)
    except (WallClockError, OverflowError):
        raise DomainError("The clocks of the shop do not show this time once on that day.") from None


def parsed_day(text: str, today: date) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return today
    return day if 2000 <= day.year <= 2100 else today


def address(*, shop: Location, week: bool, day: date) -> str:
    return "?" + urlencode({"location": shop.pk, "day": day.isoformat(), "view": "week" if week else "day"})
