"""What services cost and how long they take: the narrowest price that holds on the day of the work."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.db.models import F, Q

from appointments.errors import ServiceNotPriced
from appointments.models import Location, Service, ServicePrice
from appointments.slots import Job


@dataclass(frozen=True, slots=True)
class Priced:
    """One service at one price, tax included; minor units of the shop's currency."""

    service: Service
    minutes: int
    price_minor: int
    tax_minor: int


@dataclass(frozen=True, slots=True)
class PriceTable:
    """All prices that hold on some day of a span, the broad ones first; read by one statement."""

    rows: Sequence[ServicePrice]

    def on(self, day: date) -> dict[UUID, ServicePrice]:
        """By service id, the narrowest of each; services without a price that day are absent."""
        return {
            row.service_id: row
            for row in self.rows
            if (row.valid_from is None or row.valid_from <= day)
            and (row.valid_to is None or day <= row.valid_to)
        }

    def minutes_on(self, day: date, services: Sequence[Service]) -> int | None:
        """How long all of them take together; None when one has no price that day."""
        found = self.on(day)
        if any(service.pk not in found for service in services):
            return None
        return sum(found[service.pk].minutes or service.minutes for service in services)


def price_table(
    services: Iterable[Service],
    *,
    location: Location,
    vehicle_model_id: UUID | None,
    first: date,
    last: date,
) -> PriceTable:
    """The prices of this shop, in its currency, between two local dates."""
    rows = ServicePrice.objects.live().filter(
        Q(valid_from=None) | Q(valid_from__lte=last),
        Q(valid_to=None) | Q(valid_to__gte=first),
        Q(vehicle_model=None) | Q(vehicle_model_id=vehicle_model_id),
        Q(location=None) | Q(location=location),
        service__in=[service.pk for service in services],
        currency=location.currency,
    )
    return PriceTable(
        list(
            rows.order_by(F("vehicle_model").asc(nulls_first=True), F("location").asc(nulls_first=True), "pk")
        )
    )


def price(
    services: Sequence[Service],
    *,
    location: Location,
    vehicle_model_id: UUID | None,
    day: date,
    field: str = "services",
) -> list[Priced]:
    """Each service with its price on that local date. Raises ServiceNotPriced naming those that have none."""
    table = price_table(services, location=location, vehicle_model_id=vehicle_model_id, first=day, last=day)
    found = table.on(day)
    if missing := [service.name for service in services if service.pk not in found]:
        raise ServiceNotPriced(missing, field)
    return [
        Priced(
            service=service,
            minutes=found[service.pk].minutes or service.minutes,
            price_minor=found[service.pk].price_minor,
            tax_minor=included_tax(found[service.pk].price_minor, location.tax_bps),
        )
        for service in services
    ]


def included_tax(amount_minor: int, tax_bps: int) -> int:
    """The tax inside a price of `tax_bps` hundredths of a percent, rounded half up."""
    whole = 10_000 + tax_bps
    return (2 * amount_minor * tax_bps + whole) // (2 * whole)


def share(amount_minor: int, bps: int) -> int:
    """`bps` hundredths of a percent of an amount, rounded half up."""
    return (amount_minor * bps + 5_000) // 10_000


def job_of(minutes: int, services: Iterable[Service]) -> Job:
    return Job(timedelta(minutes=minutes), frozenset(one.needs_skill for one in services if one.needs_skill))
