"""Many at once on real PostgreSQL: exactly what fits is booked, nobody waits for ever, nothing breaks."""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import connections

from appointments.errors import OfferNotValid, SlotUnavailable, StateConflict
from appointments.models import (
    Allocation,
    Appointment,
    Offer,
    OfferRedemption,
    Status,
    WaitlistEntry,
    WaitlistOffer,
)
from appointments.services import moving, waitlist
from appointments.services.booking import Customer, Wish, book
from appointments.tests.making import NOW, at, make_bike, make_service, make_shop
from core import clock
from core.rls import as_system
from tests.cast import make_user

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 100
SLOWEST = 10.0  # seconds


def at_once(deed, count=MANY):
    """Run `deed(number)` in `count` threads that start together; what came of each, and the slowest."""
    gate, took = threading.Barrier(count), []

    def one(number):
        gate.wait()
        begun = time.monotonic()
        try:
            with clock.held_at(NOW):
                return deed(number)
        except (SlotUnavailable, StateConflict, OfferNotValid) as refusal:
            return type(refusal)
        finally:
            took.append(time.monotonic() - begun)
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        outcomes = list(pool.map(one, range(count)))
    assert max(took) < SLOWEST
    return outcomes


@pytest.fixture
def scene():
    """(shop factory, a wish at a time)"""
    with as_system("test"), clock.held_at(NOW):
        alice = make_user("alice")
        bike, oil = make_bike(alice), make_service()

    def shop(**facts):
        with as_system("test"):
            return make_shop(**facts)

    def wish(shop, start, **more):
        return Wish([oil], start, shop, vehicle=bike, **more), Customer(user=alice)

    return shop, wish


def overlaps():
    with as_system("test"):
        rows = list(Allocation.objects.order_by("resource_no", "period"))
    return [
        (one, two)
        for one, two in pairwise(rows)
        if one.resource_no == two.resource_no and two.period.lower < one.period.upper
    ]


@pytest.mark.parametrize("capacity", [1, 3])
def test_a_hundred_want_the_same_time(scene, capacity):
    make, wish = scene
    shop = make(bays=capacity)
    outcomes = at_once(lambda number: book(*wish(shop, at(10))) and "booked")
    assert Counter(outcomes) == {"booked": capacity, SlotUnavailable: MANY - capacity}
    with as_system("test"):
        assert (Appointment.objects.count(), Allocation.objects.count()) == (capacity, capacity)


def test_a_hundred_staggered_wishes_on_three_bays(scene):
    make, wish = scene
    shop = make(bays=3, slot_step=15)
    outcomes = at_once(
        lambda number: book(*wish(shop, at(9) + timedelta(minutes=15 * (number % 20)))) and "booked"
    )
    assert set(outcomes) == {"booked", SlotUnavailable}
    assert overlaps() == []
    with as_system("test"):
        assert Appointment.objects.count() == Counter(outcomes)["booked"] >= 12


def test_a_hundred_that_all_fit_are_all_taken(scene):
    make, wish = scene
    shop = make(bays=10, slot_step=60)
    outcomes = at_once(
        lambda number: book(*wish(shop, at(9 + number % 5, day=2 + number // 50))) and "booked"
    )
    assert Counter(outcomes) == {"booked": MANY}
    assert overlaps() == []


def test_moving_against_cancelling(scene):
    make, wish = scene
    shop = make(bays=1)
    with clock.held_at(NOW):
        rows = [book(*wish(shop, at(9 + number))).appointment for number in range(8)]

    def deed(number):
        row = rows[number // 2]
        if number % 2:
            return moving.cancel(row.pk, by=None).status
        return moving.reschedule(row.pk, at(9 + number // 2, day=3), by=None).start_at

    at_once(deed, 16)
    with as_system("test"):
        assert set(Appointment.objects.values_list("status", flat=True)) == {Status.CANCELLED}
        assert Allocation.objects.count() == 0


def test_two_move_into_one_gap(scene):
    make, wish = scene
    shop = make(bays=1)
    with clock.held_at(NOW):
        rows = [book(*wish(shop, at(9 + number))).appointment for number in range(6)]
    outcomes = at_once(lambda number: moving.reschedule(rows[number].pk, at(16), by=None) and "moved", 6)
    assert Counter(outcomes) == {"moved": 1, SlotUnavailable: 5}
    assert overlaps() == []


def test_an_offer_is_redeemed_as_often_as_it_may_be(scene):
    make, wish = scene
    shop = make(bays=20)
    with as_system("test"):
        offer = Offer.objects.create(
            title="Ten off", expires_at=NOW + timedelta(days=9), starts_at=NOW - timedelta(days=1),
            percent_bps=1000, limit_total=5, limit_per_user=50,
        )  # fmt: skip
    outcomes = at_once(
        lambda number: book(*wish(shop, at(10), offer_id=offer.pk)).appointment.discount_minor, 20
    )
    assert Counter(outcomes) == {12_000: 5, OfferNotValid: 15}
    with as_system("test"):
        offer.refresh_from_db()
        assert (offer.redeemed_count, OfferRedemption.objects.count(), Appointment.objects.count()) == (
            5,
            5,
            5,
        )


def test_a_freed_time_is_offered_to_one_who_waits(scene):
    make, wish = scene
    shop = make(bays=1)
    with as_system("test"), clock.held_at(NOW):
        oil = make_service()
        for name in ("bob", "tara"):
            waitlist.join(
                user=make_user(name), location=shop, services=[oil],
                date_from=at(9).date(), date_to=at(9).date(),
            )  # fmt: skip
        WaitlistEntry.objects.update(date_from="2026-06-02", date_to="2026-06-02")
    with clock.held_at(NOW):
        rows = [book(*wish(shop, at(9 + number))).appointment for number in range(9)]
        moving.cancel(rows[4].pk, by=None)
    at_once(lambda number: waitlist.offer_freed(shop.pk), 8)
    with as_system("test"):
        offers = list(WaitlistOffer.objects.values_list("entry__user__first_name", "start_at", "state"))
    assert offers == [("Bob", at(13), "open")]
