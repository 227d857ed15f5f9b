"""Many at once, from several processes on real PostgreSQL: exactly what fits is booked, nobody waits for ever."""

from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import connection

from appointments.models import (
    Allocation,
    Appointment,
    Offer,
    OfferRedemption,
    Status,
    WaitlistEntry,
    WaitlistOffer,
)
from appointments.services import waitlist
from appointments.services.booking import Customer, Wish, book
from appointments.tests.making import NOW, at, make_bike, make_service, make_shop
from appointments.tests.storm import Crowd
from core import clock
from core.rls import as_system
from tests.cast import make_user

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 100


@pytest.fixture(scope="module")
def crowd(django_db_setup):
    made = Crowd(connection.settings_dict["NAME"])
    yield made
    made.close()


@pytest.fixture
def alice():
    with as_system("test"), clock.held_at(NOW):
        alice = make_user("alice")
        make_bike(alice)
        make_service()
    return alice


def shop_of(**facts):
    with as_system("test"):
        return make_shop(**facts)


def booking(shop, start, **more):
    return "book", {"shop": str(shop.pk), "start": start.isoformat(), **more}


def booked(alice, shop, start):
    """One before the storm."""
    with as_system("test"):
        oil = make_service()
    with clock.held_at(NOW):
        return book(Wish([oil], start, shop), Customer(user=alice)).appointment


def overlaps():
    with as_system("test"):
        rows = list(Allocation.objects.order_by("resource_no", "period"))
    return [
        (one, two)
        for one, two in pairwise(rows)
        if one.resource_no == two.resource_no and two.period.lower < one.period.upper
    ]


@pytest.mark.parametrize("capacity", [1, 3])
def test_a_hundred_want_the_same_time(alice, crowd, capacity):
    shop = shop_of(bays=capacity)
    outcomes = crowd.at_once([booking(shop, at(10))] * MANY)
    assert Counter(outcomes) == {0: capacity, "slot_unavailable": MANY - capacity}
    with as_system("test"):
        assert (Appointment.objects.count(), Allocation.objects.count()) == (capacity, capacity)


def test_a_hundred_staggered_wishes_on_three_bays(alice, crowd):
    shop = shop_of(bays=3, slot_step=15)
    starts = [at(9) + timedelta(minutes=15 * (number % 20)) for number in range(MANY)]
    outcomes = crowd.at_once([booking(shop, start) for start in starts])
    assert set(outcomes) == {0, "slot_unavailable"}
    assert overlaps() == []
    with as_system("test"):
        assert Appointment.objects.count() == Counter(outcomes)[0] >= 12


def test_a_hundred_that_all_fit_are_all_taken(alice, crowd):
    shop = shop_of(bays=10, slot_step=60)
    starts = [at(9 + number % 5, day=2 + number // 50) for number in range(MANY)]
    outcomes = crowd.at_once([booking(shop, start) for start in starts])
    assert Counter(outcomes) == {0: MANY}
    assert overlaps() == []


def test_moving_against_cancelling(alice, crowd):
    shop = shop_of(bays=1)
    rows = [booked(alice, shop, at(9 + number)) for number in range(8)]
    deeds = []
    for number, row in enumerate(rows):
        deeds.append(("move", {"appointment": str(row.pk), "start": at(9 + number, day=3).isoformat()}))
        deeds.append(("cancel", {"appointment": str(row.pk)}))
    outcomes = crowd.at_once(deeds)
    assert set(outcomes[1::2]) == {"cancelled"}
    assert set(outcomes[::2]) <= {"moved", "state_conflict"}
    with as_system("test"):
        assert set(Appointment.objects.values_list("status", flat=True)) == {Status.CANCELLED}
        assert Allocation.objects.count() == 0


def test_many_move_into_one_gap(alice, crowd):
    shop = shop_of(bays=1)
    rows = [booked(alice, shop, at(9 + number)) for number in range(6)]
    outcomes = crowd.at_once(
        [("move", {"appointment": str(row.pk), "start": at(16).isoformat()}) for row in rows]
    )
    assert Counter(outcomes) == {"moved": 1, "slot_unavailable": 5}
    assert overlaps() == []


def test_everything_at_once_leaves_a_calendar_without_overlaps(alice, crowd):
    """Bookings, moves, cancellations and offers on the same hours of two bays."""
    shop = shop_of(bays=2)
    with as_system("test"):
        wait(shop, "bob", "tara")
    rows = [booked(alice, shop, at(9 + number)) for number in range(8)]
    deeds = [booking(shop, at(9 + number % 8)) for number in range(60)]
    deeds += [("cancel", {"appointment": str(row.pk)}) for row in rows[::2]]
    deeds += [
        ("move", {"appointment": str(row.pk), "start": at(9 + number).isoformat()})
        for row in rows[1::2]
        for number in range(6)
    ]
    deeds += [("offer", {"shop": str(shop.pk)})] * 8
    outcomes = crowd.at_once(deeds)
    assert set(outcomes[:60]) <= {0, "slot_unavailable"}
    assert overlaps() == []
    with as_system("test"):
        live = Appointment.objects.exclude(status=Status.CANCELLED).count()
        kept = WaitlistOffer.objects.filter(state="open").count()
        assert Allocation.objects.count() == live + kept


def test_an_offer_is_redeemed_as_often_as_it_may_be(alice, crowd):
    shop = shop_of(bays=20)
    with as_system("test"):
        offer = Offer.objects.create(
            title="Ten off", expires_at=NOW + timedelta(days=9), starts_at=NOW - timedelta(days=1),
            percent_bps=1000, limit_total=5, limit_per_user=50,
        )  # fmt: skip
    outcomes = crowd.at_once([booking(shop, at(10), offer=str(offer.pk))] * 20)
    assert Counter(outcomes) == {12_000: 5, "offer_not_valid": 15}
    with as_system("test"):
        offer.refresh_from_db()
        counts = (offer.redeemed_count, OfferRedemption.objects.count(), Appointment.objects.count())
    assert counts == (5, 5, 5)


# -- The waiting line


def wait(shop, *names):
    """They wait for 2 June, in this order."""
    with clock.held_at(NOW):
        for number, name in enumerate(names):
            day = at(9).date()
            entry = waitlist.join(
                user=make_user(name), location=shop, services=[make_service()], date_from=day, date_to=day
            )
            WaitlistEntry.objects.filter(pk=entry.pk).update(created_at=NOW + timedelta(seconds=number))


def test_a_freed_time_is_offered_to_one_who_waits(alice, crowd):
    shop = shop_of(bays=1)
    with as_system("test"):
        wait(shop, "bob", "tara")
    rows = [booked(alice, shop, at(9 + number)) for number in range(9)]
    assert crowd.at_once([("cancel", {"appointment": str(rows[4].pk)})]) == ["cancelled"]
    assert Counter(crowd.at_once([("offer", {"shop": str(shop.pk)})] * 8)) == {0: 7, 1: 1}
    with as_system("test"):
        offers = list(WaitlistOffer.objects.values_list("entry__user__first_name", "start_at", "state"))
    assert offers == [("Bob", at(13), "open")]


def test_a_hundred_strangers_do_not_get_what_is_kept_for_one(alice, crowd):
    shop = shop_of(bays=1)
    with as_system("test"):
        wait(shop, "bob")
    rows = [booked(alice, shop, at(9 + number)) for number in range(9)]
    crowd.at_once([("cancel", {"appointment": str(rows[4].pk)}), ("offer", {"shop": str(shop.pk)})])
    with clock.held_at(NOW):
        waitlist.offer_freed(shop.pk)
    deeds = [booking(shop, at(13))] * 99 + [booking(shop, at(13), who="bob")]
    assert Counter(crowd.at_once(deeds)) == {0: 1, "slot_unavailable": 99}
    with as_system("test"):
        assert Appointment.objects.get(status=Status.CONFIRMED, start_at=at(13)).user.first_name == "Bob"
        assert (WaitlistOffer.objects.get().state, WaitlistEntry.objects.get().state) == ("taken", "booked")
