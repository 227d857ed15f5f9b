"""A shop, its services and bookings for tests. Its clock stands on Monday, 1 June 2026, 08:00 in Bengaluru."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from appointments.models import (
    Location,
    OpeningRule,
    Resource,
    Service,
    ServiceCategory,
    ServicePrice,
)
from appointments.services.booking import Customer, Wish, book
from core.rls import as_system
from garage.models import Vehicle, VehicleBrand, VehicleModel, VehicleType

NOW = datetime(2026, 6, 1, 2, 30, tzinfo=UTC)
TOMORROW = "2026-06-02"
ZONE = ZoneInfo("Asia/Kolkata")


def at(hour, minute=0, day=2):
    """An instant of June 2026 by the shop's wall clock."""
    return datetime(2026, 6, day, hour, minute, tzinfo=ZONE).astimezone(UTC)


def z(instant):
    return instant.isoformat().replace("+00:00", "Z")


def make_shop(bays=1, name="Works", **columns):
    """Open every day from 9 to 18; one technician who can do ECUs."""
    facts = {
        "tz": "Asia/Kolkata", "address": "12 Langford Road", "lat": 12.96, "lng": 77.6, "currency": "INR",
        "is_default": not Location.objects.exists(), "slot_step": 30, "min_notice": 60,
    }  # fmt: skip
    shop = Location.objects.create(name=name, **(facts | columns))
    for weekday in range(7):
        OpeningRule.objects.create(location=shop, weekday=weekday, opens=time(9), closes=time(18))
    for number in range(1, bays + 1):
        Resource.objects.create(location=shop, kind="bay", name=f"Bay {number}")
    Resource.objects.create(location=shop, kind="technician", name="Asha", skills=["ecu"])
    return shop


def make_service(code="oil-change", *, minutes=60, price_minor=120_000, **columns):
    category, _ = ServiceCategory.objects.get_or_create(code="maintenance", defaults={"name": "Maintenance"})
    service, made = Service.objects.get_or_create(
        code=code,
        defaults={
            "name": code.replace("-", " ").title(),
            "minutes": minutes,
            "category": category,
            **columns,
        },
    )
    if made and price_minor is not None:
        ServicePrice.objects.create(service=service, price_minor=price_minor, currency="INR")
    return service


def make_model(code="yamaha-mt-07-2014"):
    brand, _ = VehicleBrand.objects.get_or_create(code="yamaha", defaults={"name": "Yamaha"})
    kind, _ = VehicleType.objects.get_or_create(code="motorcycle", defaults={"name": "Motorcycle"})
    model, _ = VehicleModel.objects.get_or_create(
        code=code, defaults={"name": "MT-07", "brand": brand, "vehicle_type": kind, "year_from": 2014}
    )
    return model


def make_bike(owner, **columns):
    facts = {"make": "Yamaha", "model": "MT-07", "year": 2016, "vehicle_model": make_model()}
    return Vehicle.objects.create(owner=owner, **(facts | columns))


def booked(user, shop, start, *, services=None, vehicle=None, **wish):
    """A booking by the service, outside of any test's transaction rules."""
    with as_system("test"):
        services = services or [make_service()]
        vehicle = vehicle or make_bike(user)
    return book(Wish(services, start, shop, vehicle=vehicle, **wish), Customer(user=user)).appointment


def day_after(instant, days=1):
    return instant + timedelta(days=days)


def wish(bike, start=None, **fields):
    return {
        "vehicle_id": str(bike.pk),
        "start_time": z(start or at(10)),
        "services": ["oil-change"],
        **fields,
    }
