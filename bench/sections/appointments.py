"""Appointments: the list of free times beside one query a slot, and how many bookings a second one shop takes.

There is no plain peer: what is compared is done here, in this process, on the product's own tables. The bar is the
design's: 5,000 bookings, 30 days, 20 bays; the engine at most 25 ms of processor time, at least 8 times faster than one query
a slot, at most 5 statements.
"""

from __future__ import annotations

import os
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from datetime import time as day_time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bench.peers import Peer

BOOKINGS, DAYS, BAYS = 5_000, 30, 20
ENGINE_MS, TIMES, STATEMENTS = 25.0, 8.0, 5  # the bar
AT_ONCE, TAKEN = 8, 320  # threads, and bookings by them
NOW = datetime(2026, 6, 1, 3, tzinfo=UTC)
FIRST = date(2026, 6, 2)


def compare(peers: Sequence[Peer], *, rounds: int) -> Iterator[str]:
    """The table for a person; compares with nothing but itself, in the database that the product has migrated."""
    os.environ |= {
        "DATABASE_URL": peers[0].database,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DEBUG": "true",
    }
    os.environ["REVSYNC_DB_ROLE"] = "revsync_system"
    import django

    django.setup()
    from core import clock

    with clock.held_at(NOW):
        shop, oil = fill()
        yield from availability(shop, oil, rounds)
        yield throughput(oil)


def make_shop(name: str, bays: int) -> Any:
    from appointments.models import Location, OpeningRule, Resource

    shop = Location.objects.create(
        name=name, tz="Asia/Kolkata", address="-", lat=12.9, lng=77.6, currency="INR", min_notice=0, horizon_days=90
    )  # fmt: skip
    OpeningRule.objects.bulk_create(
        OpeningRule(location=shop, weekday=day, opens=day_time(8), closes=day_time(20)) for day in range(7)
    )
    for number in range(bays):
        Resource.objects.create(location=shop, kind="bay", name=f"Bay {number}")
    return shop


def fill() -> tuple[Any, Any]:
    """A busy shop: each bay has the same number of bookings of an hour on each day, spread over the hours."""
    from django.db import connection

    from appointments.models import Allocation, Appointment, Resource, Service, ServiceCategory, ServicePrice

    category = ServiceCategory.objects.create(code="bench", name="Bench")
    oil = Service.objects.create(code="bench-oil", name="Oil", minutes=60, category=category)
    ServicePrice.objects.create(service=oil, price_minor=100_000, currency="INR")
    shop = make_shop("Bench", BAYS)
    bays = list(Resource.objects.filter(location=shop))
    opens = datetime.combine(FIRST, day_time(8), shop.zone)
    rows, places = [], []
    for number in range(BOOKINGS):
        bay, day, turn = bays[number % BAYS], number // BAYS % DAYS, number // (BAYS * DAYS)
        start = opens + timedelta(days=day, minutes=turn * 75 + number % 3 * 5)
        row = Appointment(
            reference=f"B{number:07}", location=shop, start_at=start, end_at=start + timedelta(hours=1),
            status="confirmed", total_minor=100_000, currency="INR", customer_name="x", customer_phone="+919876500000",
        )  # fmt: skip
        rows.append(row)
        places.append(
            Allocation(appointment=row, resource=bay, resource_no=bay.no, period=(start, row.end_at))
        )
    Appointment.objects.bulk_create(rows, batch_size=1_000)
    Allocation.objects.bulk_create(places, batch_size=1_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return shop, oil


def timed(deed: Callable[[], Any], rounds: int) -> tuple[Any, float, float]:
    """(what it gave, median wall milliseconds, median processor milliseconds of this process)"""
    walls, used = [], []
    for _ in range(rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        found = deed()
        walls.append((time.perf_counter() - wall) * 1e3)
        used.append((time.process_time() - cpu) * 1e3)
    return found, statistics.median(walls), statistics.median(used)


def availability(shop: Any, oil: Any, rounds: int) -> list[str]:
    """The whole selector, the engine alone, and one query a slot; all three must agree."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from appointments import slots
    from appointments.selectors.availability import available
    from appointments.selectors.hours import day_bounds, plan_of, team_of

    last = FIRST + timedelta(days=DAYS - 1)

    def whole() -> list[slots.Slot]:
        return available(shop, [oil], vehicle_model_id=None, date_from=FIRST, date_to=last)

    plan, job = plan_of(shop, FIRST, last), slots.Job(timedelta(hours=1))
    staffing = team_of(shop, *day_bounds(shop, FIRST, last), NOW).staffing(at_home=False)

    def engine() -> list[slots.Slot]:
        return slots.slots(plan, job, staffing, date_from=FIRST, date_to=last, now=NOW)

    def one_query_a_slot() -> list[datetime]:
        return [start for start in slots.grid(plan, job.duration, FIRST, last) if free_bays(shop, start)]

    with CaptureQueriesContext(connection) as asked:
        found = whole()
    _, wall, cpu = timed(whole, rounds)
    _, engine_wall, engine_cpu = timed(engine, rounds)
    slow, slow_wall, _ = timed(one_query_a_slot, max(1, rounds // 3))
    if [slot.start for slot in found] != slow:
        raise RuntimeError("the engine and one query a slot disagree")
    return [
        f"{BOOKINGS:,} bookings, {DAYS} days, {BAYS} bays: {len(found)} of {len(list(slots.grid(plan, job.duration, FIRST, last)))} starts are free",
        verdict("engine, ms of processor", engine_cpu, ENGINE_MS, less=True),
        f"{'engine, ms':<34}{engine_wall:>9.1f}",
        f"{'with its statements, ms (cpu)':<34}{wall:>9.1f} ({cpu:.1f})",
        f"{'one query a slot, ms':<34}{slow_wall:>9.1f}",
        verdict("times faster", slow_wall / wall, TIMES, less=False),
        verdict("statements", len(asked), STATEMENTS, less=True),
    ]


def free_bays(shop: Any, start: datetime) -> bool:
    """What a first idea would ask for each start: is there a bay without a booking that overlaps?"""
    from django.db.models import Exists, OuterRef

    from appointments.models import Allocation, Resource

    taken = Allocation.objects.filter(
        resource=OuterRef("pk"), blocking=True, period__overlap=(start, start + timedelta(hours=1))
    )
    return bool(Resource.objects.filter(location=shop, kind="bay").exclude(Exists(taken)).exists())


def throughput(oil: Any) -> str:
    """Bookings a second of one shop, from several threads, each another time that is free."""
    from django.db import connections

    from appointments.services.booking import Customer, Wish, book
    from core import clock

    shop = make_shop("Bench, booked", BAYS)
    opens = datetime.combine(FIRST, day_time(8), shop.zone)
    starts = [opens + timedelta(days=number // (12 * BAYS), hours=number % 12) for number in range(TAKEN)]
    took: list[float] = []

    def one(start: datetime) -> None:
        begun = time.perf_counter()
        with clock.held_at(NOW):
            book(Wish([oil], start, shop), Customer(name="Bench", phone="+919876500000"))
        took.append(time.perf_counter() - begun)

    begun = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE, initializer=connections.close_all) as pool:
        list(pool.map(one, starts))
    spent = time.perf_counter() - begun
    slowest = max(took) * 1e3
    return (
        f"{'bookings a second of one shop':<34}{TAKEN / spent:>9.1f}   {AT_ONCE} at once, "
        f"median {statistics.median(took) * 1e3:.0f} ms, slowest {slowest:.0f} ms"
    )


def verdict(name: str, figure: float, goal: float, *, less: bool) -> str:
    reached = figure <= goal if less else figure >= goal
    return f"{name:<34}{figure:>9.1f}   {'at most' if less else 'at least'} {goal:g}: {'reached' if reached else 'NOT reached'}"
