"""A freed time is kept for the one to whom it is offered, as long as the offer holds and not a moment longer."""

from datetime import timedelta

import pytest
from django.urls import reverse

from appointments.errors import SlotUnavailable
from appointments.models import Allocation, Appointment, WaitlistEntry, WaitlistOffer
from appointments.services import moving, waitlist
from appointments.tests.making import NOW, at, booked, make_shop, z
from core import clock
from core.ports import personal_data
from core.testing.jobs import run_jobs
from tests.cast import login, make_user

pytestmark = pytest.mark.django_db
API = "/api/v1/appointments/"


@pytest.fixture(autouse=True)
def _monday(monday, oil):
    """All of this happens on one morning."""


@pytest.fixture
def full(shop, alice, bike):
    """A shop with one bay, full on 2 June; Alice's nine visits."""
    return [booked(alice, shop, at(9 + number), vehicle=bike) for number in range(9)]


def wait(name, shop, last="2026-06-02"):
    body = {
        "location_id": str(shop.pk), "services": ["oil-change"], "date_from": "2026-06-02", "date_to": last,
    }  # fmt: skip
    answer = login(make_user(name)).post(f"{API}waitlist/", body)
    assert answer.status_code == 201, answer.json()
    return WaitlistEntry.objects.get(pk=answer.json()["id"])


@pytest.fixture
def offered(full, shop):
    """13:00 has become free and is kept for Bob; Tara waits behind him."""
    wait("bob", shop)
    wait("tara", shop)
    moving.cancel(full[4].pk, by=None)
    assert waitlist.offer_freed(shop.pk) == 1
    return WaitlistOffer.objects.get()


def free_for(client, shop):
    query = {"location_id": str(shop.pk), "date": "2026-06-02", "services": "oil-change"}
    answer = client.get(f"{API}availability/", query)
    assert answer.status_code == 200, answer.json()
    return [one["start"] for one in answer.json()["available_slots"]]


def later(**time):
    return clock.held_at(NOW + timedelta(**time))


def test_it_is_on_offer_to_one_and_to_nobody_else(offered, shop, anyone):
    bob, tara = (login(make_user(name)) for name in ("bob", "tara"))
    assert free_for(bob, shop) == [z(at(13))]
    assert free_for(tara, shop) == free_for(anyone, shop) == []
    with pytest.raises(SlotUnavailable):
        booked(make_user("tara"), shop, at(13))
    with later(minutes=29), pytest.raises(SlotUnavailable):
        booked(make_user("alice"), shop, at(13))


def test_whoever_takes_it_waits_no_longer(offered, shop):
    bob = make_user("bob")
    row = booked(bob, shop, at(13))
    assert (row.start_at, row.user_id) == (at(13), bob.pk)
    offered.refresh_from_db()
    assert (offered.state, WaitlistEntry.objects.get(user=bob).state) == ("taken", "booked")
    assert Allocation.objects.filter(offer__isnull=False).count() == 0
    assert Appointment.objects.get(pk=row.pk).allocations.count() == 1


def test_after_its_end_it_blocks_nobody_whether_or_not_a_worker_lives(offered, shop, anyone):
    with later(minutes=30):
        assert free_for(anyone, shop) == [z(at(13))]
        assert booked(make_user("alice"), shop, at(13)).start_at == at(13)
    assert Allocation.objects.filter(offer__isnull=False).count() == 0


def test_then_it_goes_to_the_next_by_its_job(offered, shop):
    with later(minutes=31):
        run_jobs()
        told = WaitlistOffer.objects.order_by("created_at").values_list("entry__user__first_name", "state")
        assert list(told) == [("Bob", "passed"), ("Tara", "open")]
        with pytest.raises(SlotUnavailable):
            booked(make_user("bob"), shop, at(13))
        assert booked(make_user("tara"), shop, at(13)).start_at == at(13)


def test_who_leaves_the_line_gives_it_back(offered, shop):
    bob = login(make_user("bob"))
    assert bob.delete(f"{API}waitlist/{offered.entry_id}/").status_code == 204
    assert Allocation.objects.filter(offer__isnull=False).count() == 0
    assert waitlist.offer_freed(shop.pk) == 1
    assert WaitlistOffer.objects.get(state="open").entry.user.first_name == "Tara"


def test_moving_ones_own_visit_there_takes_it_too(offered, shop):
    bob = make_user("bob")
    row = booked(bob, shop, at(9, day=4))
    moved = moving.reschedule(row.pk, at(13), by=bob)
    offered.refresh_from_db()
    assert (moved.start_at, offered.state) == (at(13), "taken")


def test_a_refused_booking_leaves_the_offer_as_it_was(offered, shop):
    answer = login(make_user("bob")).post(
        f"{API}book/",
        {"vehicle_model_id": None, "start_time": z(at(13)), "services": ["no-such-service"]},
    )
    assert answer.status_code == 400
    offered.refresh_from_db()
    assert (offered.state, offered.places.count()) == ("open", 1)


def test_as_many_are_kept_as_are_free(alice, bike):
    shop = make_shop(bays=3)
    rows = [booked(alice, shop, at(9 + hour), vehicle=bike) for hour in range(9) for _ in range(3)]
    for name in ("bob", "tara", "carla"):
        wait(name, shop)
    for row in rows[:2]:
        moving.cancel(row.pk, by=None)
    assert (waitlist.offer_freed(shop.pk), waitlist.offer_freed(shop.pk)) == (2, 0)
    names = WaitlistOffer.objects.filter(start_at=at(9)).values_list("entry__user__first_name", flat=True)
    assert sorted(names) == ["Bob", "Tara"]


def test_one_person_is_kept_one_time_however_often_they_wait(shop):
    for _ in range(3):
        wait("bob", shop)
    assert (waitlist.offer_freed(shop.pk), waitlist.offer_freed(shop.pk)) == (1, 0)
    assert Allocation.objects.filter(offer__isnull=False).count() == 1


def test_an_offer_ends_when_the_shops_notice_begins(full, shop):
    wait("bob", shop)
    with clock.held_at(at(11, 40)):
        moving.cancel(full[4].pk, by=None, by_staff=True)
        assert waitlist.offer_freed(shop.pk) == 1
        assert WaitlistOffer.objects.get().expires_at == at(12)  # 13:00 needs an hour's notice
    with clock.held_at(at(11, 59)):
        assert booked(make_user("bob"), shop, at(13)).start_at == at(13)


def test_what_cannot_be_answered_in_time_is_not_offered(full, shop):
    wait("bob", shop)
    with clock.held_at(at(11, 56)):
        moving.cancel(full[4].pk, by=None, by_staff=True)
        assert waitlist.offer_freed(shop.pk) == 0


def test_who_lets_five_pass_waits_no_longer(shop):
    entry = wait("bob", shop, last="2026-06-05")
    for number in range(5):
        with later(minutes=31 * number):
            assert waitlist.offer_freed(shop.pk) == 1
    with later(minutes=31 * 5):
        assert waitlist.offer_freed(shop.pk) == 0
    entry.refresh_from_db()
    assert (entry.state, entry.offers.filter(state="passed").count()) == ("left", 5)
    assert Allocation.objects.filter(offer__isnull=False).count() == 0


def test_the_desk_sees_for_whom_a_time_is_kept(offered, shop, desk):
    page = desk.get(reverse("admin:appointments_desk"), {"day": "2026-06-02", "location": str(shop.pk)})
    assert "Kept for Bob Test until 08:30" in page.content.decode()
    with later(minutes=30):
        page = desk.get(reverse("admin:appointments_desk"), {"day": "2026-06-02", "location": str(shop.pk)})
        assert "Kept for" not in page.content.decode()


def test_a_forgotten_person_keeps_nothing(offered, shop):
    personal_data["appointments"].erase(make_user("bob").pk)
    assert Allocation.objects.filter(offer__isnull=False).count() == 0
