"""Catalogue, calendars, reminders, offers, the waiting line, personal data, and the demo world."""

from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from django.core import mail
from django.core.cache import cache
from django.db import IntegrityError, transaction

from appointments.models import (
    Appointment,
    Offer,
    OfferRedemption,
    Reminder,
    ServicePrice,
    WaitlistEntry,
    WaitlistOffer,
)
from appointments.selectors.calendar import fold
from appointments.services import moving, reminders, waitlist
from appointments.services.booking import Customer, Wish, book, split
from appointments.services.holds import expire_holds
from appointments.services.reminders import remind
from appointments.tests.making import (
    NOW,
    ZONE,
    at,
    booked,
    make_bike,
    make_model,
    make_service,
    make_shop,
    z,
)
from core import clock
from core.ports import demo_worlds, personal_data
from core.rls import as_system
from garage.models import ServiceRecord, VehicleType
from garage.selectors.timeline import timeline_of
from memberships.tests.making import make_member
from tests.cast import make_user
from tuners.ports import review_rights

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
API = "/api/v1/"


@pytest.fixture(autouse=True)
def empty_cache():
    cache.clear()


# -- Catalogue


def test_the_catalogue_is_kept_until_somebody_edits_it(anyone, django_assert_max_num_queries):
    shop, oil = make_shop(), make_service()
    other = make_service("brake-check", minutes=30, price_minor=60_000)
    asked = {"vehicle_model_id": str(make_model().pk)}
    first = anyone.get(f"{API}service-pricing/by-vehicle/", asked)
    assert [(row["code"], row["price_minor"], row["minutes"]) for row in first.json()["results"]] == [
        ("brake-check", 60_000, 30),
        ("oil-change", 120_000, 60),
    ]
    tag = first.headers["ETag"]
    assert anyone.get(f"{API}service-pricing/by-vehicle/", asked, HTTP_IF_NONE_MATCH=tag).status_code == 304
    ServicePrice.objects.filter(service=oil).update(price_minor=130_000)
    changed = anyone.get(f"{API}service-pricing/by-vehicle/", asked, HTTP_IF_NONE_MATCH=tag)
    assert changed.json()["results"][1]["price_minor"] == 130_000
    assert anyone.get(f"{API}shop-info/").json()["opening_hours"][0]["opens"] == "09:00:00"
    assert [row["id"] for row in anyone.get(f"{API}shop-locations/").json()["results"]] == [str(shop.pk)]
    services = anyone.get(f"{API}services/", {"category_id": str(other.category_id)}).json()["results"]
    assert [row["code"] for row in services] == ["brake-check", "oil-change"]
    assert anyone.get(f"{API}services/", {"category_id": "x"}).status_code == 400
    assert len(anyone.get(f"{API}service-categories/").json()["results"]) == 1


def test_two_prices_never_hold_on_one_day():
    oil, model = make_service(), make_model()
    row = {"service": oil, "vehicle_model": model, "price_minor": 1, "currency": "INR"}
    ServicePrice.objects.create(**row, valid_to="2026-06-30")
    ServicePrice.objects.create(**row, valid_from="2026-07-01")
    with pytest.raises(IntegrityError, match="two prices"), transaction.atomic():
        ServicePrice.objects.create(**row, valid_from="2026-06-30", valid_to="2026-06-30")
    assert ServicePrice.objects.count() == 3


# -- Calendars and reminders


def test_the_calendar_feed(client_for, anyone, alice):
    shop = make_shop()
    row = booked(alice, shop, at(10))
    url = client_for(alice).post(f"{API}appointments/calendar-feed/", {}).json()["url"]
    feed = anyone.get(url)
    text = feed.content.decode()
    assert feed.headers["Content-Type"] == "text/calendar; charset=utf-8"
    for line in (f"UID:{row.pk}@revsync", "SEQUENCE:0", "DTSTART:20260602T043000Z", "STATUS:CONFIRMED", "SUMMARY:Oil Change"):  # fmt: skip
        assert f"{line}\r\n" in text
    assert anyone.get(url, HTTP_IF_NONE_MATCH=feed.headers["ETag"]).status_code == 304
    moving.cancel(row.pk, by=alice)
    assert "STATUS:CANCELLED" in anyone.get(url).content.decode()
    with clock.held_at(NOW + timedelta(days=31)):
        assert "VEVENT" not in anyone.get(url).content.decode()
    own = client_for(alice).get(f"{API}appointments/{row.pk}/calendar.ics", HTTP_ACCEPT="text/calendar")
    assert own.content.decode().count("BEGIN:VEVENT") == 1
    client_for(alice).delete(f"{API}appointments/calendar-feed/")
    assert anyone.get(url).status_code == anyone.get(f"{API}appointments/calendar.ics").status_code == 404


def test_long_lines_are_folded_between_characters():
    folded = fold("SUMMARY:" + "ü" * 100)
    assert "".join(folded[:1] + [line[1:] for line in folded[1:]]) == "SUMMARY:" + "ü" * 100
    assert all(len(line.encode()) <= 75 for line in folded)


def test_a_moved_appointment_makes_its_reminders_void(alice):
    row = booked(alice, make_shop(), at(10))
    moving.reschedule(row.pk, at(12), by=alice)
    assert remind(str(row.pk), 0, "hours_before") == 0
    assert remind(str(row.pk), 1, "hours_before") == 2
    assert remind(str(row.pk), 1, "hours_before") == 0
    assert [letter.subject for letter in mail.outbox] == ["Soon: your appointment on Tue 02 Jun 2026, 12:00"]
    assert mail.outbox[0].to == ["alice@example.com"]
    assert Reminder.objects.filter(sent_at=None, sequence=0).count() == 6


# -- Offers


def test_offers_by_plan_place_and_vehicle(client_for, anyone, alice):
    shop, far = make_shop(), make_shop(name="Berlin", lat=52.5, lng=13.4, is_default=False)
    make_bike(alice)
    facts = {"expires_at": NOW + timedelta(days=9), "starts_at": NOW - timedelta(days=1), "percent_bps": 1000}
    Offer.objects.create(title="All", **facts)
    Offer.objects.create(title="Plus", eligible_memberships=["plus"], **facts)
    Offer.objects.create(title="Over", **facts | {"expires_at": NOW})
    Offer.objects.create(title="Berlin", **facts).locations.add(far)
    car = VehicleType.objects.create(code="car", name="Car")
    Offer.objects.create(title="Cars", **facts).vehicle_types.add(car)

    def titles(client, **query):
        return sorted(row["title"] for row in client.get(f"{API}offers/", query).json()["results"])

    assert titles(anyone) == ["All", "Berlin", "Cars"]
    assert titles(anyone, lat=12.9, lng=77.6, radius_km=50) == ["All", "Cars"]
    bike = make_bike(alice)
    assert titles(client_for(alice), vehicle_id=str(bike.pk)) == ["All", "Berlin"]
    assert anyone.get(f"{API}offers/", {"lat": 12.9}).status_code == 400
    assert client_for(make_user("bob")).get(f"{API}offers/", {"vehicle_id": str(bike.pk)}).status_code == 400

    Offer.objects.create(title="Basic", eligible_memberships=["basic"], **facts)
    make_member(alice, "plus", benefits={"offer_tiers": ["basic"]})
    assert titles(client_for(alice)) == ["All", "Basic", "Berlin", "Cars", "Plus"]
    assert shop.active


def test_an_offer_lowers_the_price_once_and_comes_back(client_for, alice):
    shop, bike = make_shop(), make_bike(alice)
    make_service()
    offer = Offer.objects.create(
        title="Ten", starts_at=NOW, expires_at=NOW + timedelta(days=9), percent_bps=1000
    )
    client = client_for(alice)
    body = {"vehicle_id": str(bike.pk), "services": ["oil-change"], "offer_id": str(offer.pk)}
    made = client.post(f"{API}appointments/", {**body, "start_time": z(at(10))}).json()
    assert (made["total_minor"], made["discount_minor"], made["services"][0]["discount_minor"]) == (
        108_000, 12_000, 12_000,
    )  # fmt: skip
    again = client.post(f"{API}appointments/", {**body, "start_time": z(at(12))})
    assert (again.status_code, again.json()["code"]) == (409, "offer_not_valid")
    client.post(f"{API}appointments/{made['id']}/cancel/", {})
    assert client.post(f"{API}appointments/", {**body, "start_time": z(at(12))}).status_code == 201
    offer.refresh_from_db()
    assert (offer.redeemed_count, OfferRedemption.objects.count()) == (1, 2)
    assert shop.pk == Appointment.objects.first().location_id


@pytest.mark.parametrize(
    "amount, weights", [(100, [1, 1, 1]), (7, [3, 0, 9]), (0, [5]), (12, [7, 5]), (5, [])]
)
def test_a_discount_is_split_without_losing_a_paisa(amount, weights):
    parts = split(amount, weights)
    assert sum(parts) == (amount if sum(weights) else 0)
    assert all(0 <= part <= max(weight, amount) for part, weight in zip(parts, weights, strict=True))


def guest_visit(shop, start, **contact):
    with as_system("test"):
        wish = Wish([make_service()], start, shop, vehicle_model=make_model())
    return book(wish, Customer(name="Dev Shah", **contact)).appointment


def text_messages(folder):
    return [
        (one["to"], one["text"]) for one in map(orjson.loads, map(Path.read_bytes, sorted(folder.iterdir())))
    ]


def test_a_guest_without_mail_hears_by_sms(settings, tmp_path):
    settings.SMS_BACKEND, settings.SMS_FILE_PATH = "file", tmp_path
    shop = make_shop()
    row = guest_visit(shop, at(10), phone="+919876500002")
    assert reminders.remind(str(row.pk), 0, "confirmed") == 1
    with clock.held_at(at(10, day=1)):
        assert reminders.remind(str(row.pk), 0, "day_before") == 1
        assert reminders.remind(str(row.pk), 0, "day_before") == 0
    assert text_messages(tmp_path) == [
        ("+919876500002", "Your appointment on Tue 02 Jun 2026, 10:00. Works"),
        ("+919876500002", "Tomorrow: your appointment on Tue 02 Jun 2026, 10:00. Works"),
    ]
    moving.reschedule(row.pk, at(15), by=None)
    assert reminders.remind(str(row.pk), 0, "hours_before") == 0  # of the time that is no longer
    assert reminders.remind(str(row.pk), 1, "hours_before") == 1
    assert text_messages(tmp_path)[-1][1] == "Soon: your appointment on Tue 02 Jun 2026, 15:00. Works"
    moving.cancel(row.pk, by=None)
    assert reminders.remind(str(row.pk), 1, "day_before") == 0


def test_sms_on_the_screen_and_off(settings, capsys):
    shop = make_shop(bays=2)
    settings.SMS_BACKEND = "console"
    row = guest_visit(shop, at(10), phone="+919876500002")
    assert reminders.remind(str(row.pk), 0, "confirmed") == 1
    assert (
        "SMS to +919876500002\nYour appointment on Tue 02 Jun 2026, 10:00. Works" in capsys.readouterr().out
    )
    for backend, phone in [("off", "+919876500003"), ("descope", "+919876500004")]:  # which sends codes only
        settings.SMS_BACKEND = backend
        made = guest_visit(shop, at(11 if backend == "off" else 13), phone=phone)
        assert Reminder.objects.filter(appointment=made).count() == 0


def test_a_guest_with_mail_gets_mail_and_no_sms(settings, tmp_path):
    settings.SMS_BACKEND, settings.SMS_FILE_PATH = "file", tmp_path
    row = guest_visit(make_shop(), at(10), phone="+919876500002", email="dev@example.com")
    assert reminders.remind(str(row.pk), 0, "confirmed") == 1
    assert ([message.to for message in mail.outbox], list(tmp_path.iterdir())) == ([["dev@example.com"]], [])


# -- The waiting line


def test_a_freed_time_goes_to_the_first_who_waits_and_then_to_the_next(client_for, alice):
    shop, bike = make_shop(), make_bike(alice)
    rows = [booked(alice, shop, at(9 + number), vehicle=bike) for number in range(9)]
    body = {
        "location_id": str(shop.pk),
        "services": ["oil-change"],
        "date_from": "2026-06-02",
        "date_to": "2026-06-02",
    }
    bob, tara = client_for(make_user("bob")), client_for(make_user("tara"))
    entry = bob.post(f"{API}appointments/waitlist/", body).json()
    tara.post(f"{API}appointments/waitlist/", body)
    assert waitlist.offer_freed(shop.pk) == 0
    moving.cancel(rows[3].pk, by=alice)
    assert (waitlist.offer_freed(shop.pk), waitlist.offer_freed(shop.pk)) == (1, 0)
    offers = bob.get(f"{API}appointments/waitlist/").json()["results"][0]["offers"]
    assert [(one["start_time"], one["state"]) for one in offers] == [(z(at(12)), "open")]
    assert tara.get(f"{API}appointments/waitlist/{entry['id']}/").status_code == 404
    with clock.held_at(NOW + timedelta(minutes=31)):
        assert waitlist.offer_freed(shop.pk) == 1
    told = WaitlistOffer.objects.order_by("created_at").values_list("entry__user__first_name", "state")
    assert sorted(told) == [("Bob", "passed"), ("Tara", "open")]
    booked(make_user("tara"), shop, at(12))
    states = WaitlistEntry.objects.order_by("user__first_name").values_list("state", flat=True)
    assert list(states) == ["waiting", "booked"]
    assert bob.delete(f"{API}appointments/waitlist/{entry['id']}/").status_code == 204


def test_holds_are_tidied_by_the_timer(alice):
    row = booked(alice, make_shop(), at(10), payment_method="razorpay")
    assert expire_holds() == 0
    with clock.held_at(NOW + timedelta(minutes=16)):
        assert (expire_holds(), expire_holds()) == (1, 0)
    row.refresh_from_db()
    assert row.status == "expired"


# -- People


def test_a_finished_visit_opens_the_review_and_the_timeline(alice):
    tara = make_user("tara")
    shop, bike = make_shop(tuner_id=tara.pk), make_bike(alice)
    row = booked(alice, shop, at(10), vehicle=bike)
    right = review_rights["visit"].right
    assert right(alice.pk, tara.pk) is None
    moving.update_status(row.pk, "in_progress", by=None)
    moving.update_status(row.pk, "completed", by=None)
    assert right(alice.pk, tara.pk).id == row.pk
    assert right(make_user("bob").pk, tara.pk) is None
    assert any(row.reference in event.title for event in timeline_of(bike.pk))


def test_a_person_is_exported_and_forgotten(alice):
    shop = make_shop()
    row = booked(alice, shop, at(10), notes="My gate code is 4711")
    plug = personal_data["appointments"]
    assert [one["reference"] for one in plug.export(alice.pk)["appointments"]] == [row.reference]
    plug.erase(alice.pk)
    row.refresh_from_db()
    assert (row.status, row.notes, row.vehicle_id) == ("cancelled", "", None)


def test_the_demo_world_is_filled_once():
    world = {"accounts": []}
    for plug in demo_worlds.values():
        plug.fill(world)
    before = Appointment.objects.count()
    demo_worlds["appointments"].fill(world)
    assert Appointment.objects.count() == before >= 6
    assert world["shop"].zone == ZONE
    assert ServiceRecord.objects.filter(title="Brake inspection").count() == 1
