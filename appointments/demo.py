"""The demo workshop: two shops of the house in two zones and one of a tuner, services priced per model, visits before and behind us."""

from datetime import datetime, time, timedelta
from typing import Any, Final

from appointments.models import (
    Appointment,
    Location,
    Offer,
    OpeningRule,
    Resource,
    Service,
    ServiceCategory,
    ServicePrice,
    Status,
)
from appointments.selectors.availability import available
from appointments.selectors.bookings import KIND
from appointments.services.booking import Customer, Desk, Wish, book
from appointments.services.moving import update_status
from core import clock
from core.refs import Ref
from garage.models import VehicleModel
from payments.services import collect_cash, open_order

SHOPS: Final[tuple[dict[str, Any], ...]] = (
    {
        "name": "RevSync Works Bengaluru",
        "tz": "Asia/Kolkata",
        "address": "12 Langford Road, Bengaluru 560025",
        "phone": "+918041234567",
        "lat": 12.9611,
        "lng": 77.6047,
        "currency": "INR",
        "tax_bps": 1800,
        "is_default": True,
        "late_fee_bps": 2000,
        "buffer_after": 15,
    },
    {
        "name": "RevSync Works Berlin",
        "tz": "Europe/Berlin",
        "address": "Kottbusser Damm 70, 10967 Berlin",
        "phone": "+493012345678",
        "lat": 52.4896,
        "lng": 13.4243,
        "currency": "EUR",
        "tax_bps": 1900,
        "buffer_after": 15,
    },
)
TARAS: Final[dict[str, Any]] = {
    "name": "Tara Performance Pune",
    "tz": "Asia/Kolkata",
    "address": "5 Baner Road, Pune 411045",
    "phone": "+912041234567",
    "lat": 18.559,
    "lng": 73.7868,
    "currency": "INR",
    "tax_bps": 1800,
    "commission_bps": 1200,
}
TEAM: Final[tuple[tuple[str, str, list[str]], ...]] = (
    ("bay", "Bay 1 (lift)", []),
    ("bay", "Bay 2 (lift)", []),
    ("bay", "Bay 3 (dyno)", []),
    ("technician", "Asha", ["ecu", "dyno"]),
    ("technician", "Ravi", ["suspension"]),
    ("pickup_van", "Service van", []),
)
CATEGORIES: Final = (
    ("maintenance", "Maintenance"),
    ("tuning", "Tuning and ECU"),
    ("chassis", "Tyres and suspension"),
)
# code, name, category, minutes, skill, at home, price in INR and EUR minor units
SERVICES: Final = (
    ("oil-change", "Oil and filter", "maintenance", 45, "", True, 120_000, 8_900),
    ("annual-service", "Annual service", "maintenance", 120, "", False, 350_000, 24_900),
    ("brake-check", "Brake inspection", "maintenance", 30, "", True, 60_000, 4_500),
    ("ecu-flash", "ECU flash with safety report", "tuning", 60, "ecu", False, 450_000, 19_900),
    ("dyno-run", "Dyno run, three pulls", "tuning", 60, "dyno", False, 300_000, 14_900),
    ("suspension-setup", "Suspension set-up", "chassis", 90, "suspension", False, 250_000, 12_900),
    ("tyre-change", "Tyre change, both wheels", "chassis", 60, "", False, 150_000, 7_900),
)
# Larger machines take longer: (model code begins with, factor of price, factor of time)
LARGE: Final = (("yamaha-mt-07", 120, 100), ("ktm-390", 110, 100), ("yamaha-yzf-r1", 160, 150))
OPEN: Final = ((0, 9, 18), (1, 9, 18), (2, 9, 18), (3, 9, 18), (4, 9, 18), (5, 10, 16))


def fill_workshop(world: dict[str, Any]) -> None:
    """Idempotent."""
    services = _services()
    shops = [_shop(facts, services) for facts in SHOPS]
    world["shop"], world["services"] = shops[0], {service.code: service for service in services}
    Offer.objects.get_or_create(
        title="Monsoon check",
        defaults={
            "description": "A tenth off any maintenance.",
            "terms": "Once a person.",
            "expires_at": clock.now() + timedelta(days=90),
            "percent_bps": 1000,
        },
    )
    taras = _shop({**TARAS, "tuner_id": world["tara"].pk}, services)
    if not Appointment.objects.exists():
        _visits(world, shops[0], services)
        _at_taras(world, taras, services)


def _services() -> list[Service]:
    categories = {
        code: ServiceCategory.objects.get_or_create(code=code, defaults={"name": name, "position": position})[
            0
        ]
        for position, (code, name) in enumerate(CATEGORIES)
    }
    return [
        Service.objects.get_or_create(
            code=code,
            defaults={
                "name": name,
                "category": categories[category],
                "minutes": minutes,
                "needs_skill": skill,
                "at_home": at_home,
            },
        )[0]
        for code, name, category, minutes, skill, at_home, _, _ in SERVICES
    ]


def _shop(facts: dict[str, Any], services: list[Service]) -> Location:
    shop: Location
    shop, made = Location.objects.get_or_create(name=facts["name"], defaults=facts)
    if not made:
        return shop
    OpeningRule.objects.bulk_create(
        OpeningRule(location=shop, weekday=day, opens=time(opens), closes=time(closes))
        for day, opens, closes in OPEN
    )
    for kind, name, skills in TEAM:
        Resource.objects.create(location=shop, kind=kind, name=name, skills=skills)
    column = 6 if shop.currency == "INR" else 7
    base = {row[0]: int(row[column]) for row in SERVICES}
    ServicePrice.objects.bulk_create(
        ServicePrice(service=service, location=shop, price_minor=base[service.code], currency=shop.currency)
        for service in services
    )
    for begins, price, minutes in LARGE:
        ServicePrice.objects.bulk_create(
            ServicePrice(
                service=service,
                location=shop,
                vehicle_model=model,
                price_minor=base[service.code] * price // 100,
                minutes=service.minutes * minutes // 100,
                currency=shop.currency,
            )
            for model in VehicleModel.objects.filter(code__startswith=begins)
            for service in services
        )
    return shop


def _visits(world: dict[str, Any], shop: Location, services: list[Service]) -> None:
    """Alice comes in three days, others today and tomorrow; one of them has been."""
    oil, _, brakes, flash, dyno, setup, tyres = services
    today = clock.now().astimezone(shop.zone).date()
    people = (
        ("Meera Nair", "+919876500001", [tyres], 0),
        ("Dev Shah", "+919876500002", [flash, dyno], 0),
        ("Imran Ali", "+919876500003", [setup], 1),
        ("Kavya Rao", "+919876500004", [oil, brakes], 1),
    )
    model = VehicleModel.objects.filter(code="ktm-390-duke-2017").first()
    for name, phone, wanted, days in people:
        day = today + timedelta(days=days)
        for slot in available(
            shop, wanted, vehicle_model_id=model.pk if model else None, date_from=day,
            date_to=day + timedelta(days=6),
        )[:1]:  # fmt: skip
            book(
                Wish(wanted, slot.start, shop, vehicle_model=model),
                Customer(name=name, phone=phone),
                desk=Desk(),
            )
    bike = world["alice_vehicle"]
    first = today + timedelta(days=3)
    found = available(
        shop,
        [oil],
        vehicle_model_id=bike.vehicle_model_id,
        date_from=first,
        date_to=first + timedelta(days=7),
    )
    if found:
        made = book(Wish([oil], found[0].start, shop, vehicle=bike), Customer(user=world["alice"]))
        world["alice_appointment"] = made.appointment
    _past(shop, bike, world["alice"], brakes)


def _past(shop: Location, bike: Any, owner: Any, service: Service) -> None:
    """A visit of last month, told by the machinery itself: the garage has its record."""
    start = _last_workday(shop, days=30)
    with clock.held_at(start - timedelta(days=2)):
        made = book(Wish([service], start, shop, vehicle=bike), Customer(user=owner), desk=Desk())
    with clock.held_at(start + timedelta(minutes=30)):
        update_status(made.appointment.pk, Status.IN_PROGRESS, by=None)
        update_status(made.appointment.pk, Status.COMPLETED, by=None, odometer_km=bike.odometer_km)


def _last_workday(shop: Location, *, days: int) -> datetime:
    """Ten o'clock at the shop, so many days ago or at the end of the week before."""
    day = clock.now().astimezone(shop.zone).date() - timedelta(days=days)
    while day.weekday() > 4:
        day -= timedelta(days=1)
    return datetime.combine(day, time(10), shop.zone)


def _at_taras(world: dict[str, Any], shop: Location, services: list[Service]) -> None:
    """Bob paid for a dyno run, and the house kept its commission; Alice is a member and is spared it."""
    dyno = next(one for one in services if one.code == "dyno-run")
    start = _last_workday(shop, days=9)
    model = VehicleModel.objects.filter(code="ktm-390-duke-2017").first()
    with clock.held_at(start - timedelta(days=2)):
        made = book(Wish([dyno], start, shop, vehicle_model=model), Customer(user=world["bob"]), desk=Desk())
    with clock.held_at(start + timedelta(hours=1)):
        for status in (Status.IN_PROGRESS, Status.COMPLETED):
            update_status(made.appointment.pk, status, by=None)
        target = Ref(KIND, made.appointment.pk)
        order = open_order(payer=world["bob"], target=target, gateway="cash")
        collect_cash(payment=order, amount_minor=order.amount_minor, by=None)
    bike = world["alice_vehicle"]
    first = clock.now().astimezone(shop.zone).date() + timedelta(days=6)
    found = available(
        shop,
        [dyno],
        vehicle_model_id=bike.vehicle_model_id,
        date_from=first,
        date_to=first + timedelta(days=7),
    )
    if found:
        book(Wish([dyno], found[0].start, shop, vehicle=bike), Customer(user=world["alice"]))
