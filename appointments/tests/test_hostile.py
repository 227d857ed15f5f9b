"""What a hostile customer, a clumsy desk and an old waiting line do: a refusal that says why, and no trace."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from appointments.models import Allocation, Appointment, WaitlistEntry
from appointments.services import moving, waitlist
from appointments.tests.making import at, booked, make_service, make_shop
from garage.models import ServiceRecord
from tests.cast import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _monday(monday, oil):
    """All of this happens on one morning."""


@pytest.mark.parametrize("odometer", ["9999999.9", "5000000.1", "-1", "NaN", "1e7", "x"])
def test_no_reading_of_the_desk_breaks_a_visit(shop, alice, bike, desk, client_for, odometer):
    row = booked(alice, shop, at(10), vehicle=bike)
    moving.update_status(row.pk, "in_progress", by=None)
    form = {
        "deed": "status", "location": str(shop.pk), "day": "2026-06-02", "appointment": str(row.pk),
        "status": "completed", "odometer_km": odometer,
    }  # fmt: skip
    page = desk.post(reverse("admin:appointments_desk"), form, follow=True)
    assert page.status_code == 200
    sam = client_for(make_user("sam"))
    answer = sam.patch(
        f"/api/v1/staff/bookings/{row.pk}/update-status/", {"status": "completed", "odometer_km": odometer}
    )
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["odometer_km"])
    row.refresh_from_db()
    assert (row.status, row.odometer_km, ServiceRecord.objects.count()) == ("in_progress", None, 0)


def test_old_wishes_at_the_head_of_the_line_starve_nobody(alice, bike):
    shop = make_shop()
    rows = [booked(alice, shop, at(9 + number), vehicle=bike) for number in range(9)]
    day = date(2026, 6, 2)
    for number in range(60):  # wishes of days that are over, and of a day on which nothing can be free
        entry = WaitlistEntry.objects.create(
            user=make_user(f"rider{number}"), location=shop,
            date_from=day - timedelta(days=9), date_to=day - timedelta(days=8),
        )  # fmt: skip
        entry.services.set([make_service()])
    waitlist.join(user=make_user("bob"), location=shop, services=[make_service()], date_from=day, date_to=day)
    moving.cancel(rows[3].pk, by=None)
    assert waitlist.offer_freed(shop.pk) == 1
    assert Allocation.objects.get(offer__isnull=False).offer.entry.user.first_name == "Bob"
    assert WaitlistEntry.objects.filter(state="waiting").count() == 1


def test_a_line_of_hundreds_is_served_to_its_end(alice, bike):
    """Those before want what is not free; who comes last wants what is."""
    shop = make_shop()
    rows = [booked(alice, shop, at(9 + number), vehicle=bike) for number in range(9)]
    long_job = make_service("rebuild", minutes=480)
    day = date(2026, 6, 2)
    people = [make_user(f"rider{number}") for number in range(3)]
    for number in range(70):
        entry = WaitlistEntry.objects.create(
            user=people[number % 3], location=shop, date_from=day, date_to=day
        )
        entry.services.set([long_job])
    waitlist.join(user=make_user("bob"), location=shop, services=[make_service()], date_from=day, date_to=day)
    moving.cancel(rows[3].pk, by=None)
    assert waitlist.offer_freed(shop.pk) == 1
    assert Appointment.objects.filter(status="confirmed").count() == 8
