"""Booking: what is offered is bookable, what is refused leaves no trace, and money decides about holds."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from appointments.models import (
    Allocation,
    Appointment,
    Closure,
    OpeningException,
    Reminder,
    Resource,
    ServicePrice,
    StatusChange,
)
from appointments.tests.making import (
    NOW,
    TOMORROW,
    at,
    make_bike,
    make_service,
    make_shop,
    wish,
    z,
)
from core import clock
from payments.models import Payment, Refund
from payments.services import checkout
from tests.cast import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
BOOK = "/api/v1/appointments/book/"
SLOTS = "/api/v1/appointments/availability/"


def traces():
    return (
        Appointment.objects.count(),
        Allocation.objects.count(),
        Payment.objects.count(),
        Reminder.objects.count(),
    )


def test_alice_books_a_time_and_it_is_gone(client_for, alice, shop, bike, oil):
    client = client_for(alice)
    before = client.get(
        SLOTS, {"date": TOMORROW, "services": "oil-change", "vehicle_id": str(bike.pk)}
    ).json()
    assert [slot["start"] for slot in before["available_slots"]][:3] == [z(at(9)), z(at(9, 30)), z(at(10))]
    assert len(before["available_slots"]) == 17  # 09:00 to 17:00
    answer = client.post(BOOK, wish(bike, notes="Left mirror is loose"))
    body = answer.json()
    assert answer.status_code == 201, body
    assert {
        name: body[name]
        for name in ("status", "start_time", "end_time", "timezone", "total_minor", "currency")
    } == {
        "status": "confirmed",
        "start_time": z(at(10)),
        "end_time": z(at(11)),
        "timezone": "Asia/Kolkata",
        "total_minor": 120_000,
        "currency": "INR",
    }
    assert body["payment"]["gateway"] == "cash"
    assert [(line["code"], line["price_minor"]) for line in body["services"]] == [("oil-change", 120_000)]
    after = client.get(SLOTS, {"date": TOMORROW, "services": "oil-change"}).json()["available_slots"]
    assert [slot["start"] for slot in after][:2] == [z(at(9)), z(at(11))]  # 09:30 to 10:30 would meet it
    assert client.post(BOOK, wish(bike)).json()["code"] == "slot_unavailable"
    assert traces() == (1, 1, 1, 6)  # booked, a day before (as note and mail), two hours before
    change = StatusChange.objects.get()
    assert (change.old, change.new, change.actor) == ("", "confirmed", alice.pk)


@pytest.mark.parametrize(
    "start, reason",
    [
        (at(10, 10), "off_grid"),
        (at(17, 30), "closed"),
        (at(8), "closed"),
        (NOW - timedelta(days=1), "past"),
        (NOW + timedelta(minutes=30), "too_soon"),
        (NOW + timedelta(days=300), "too_far"),
        (datetime(9999, 12, 31, 23, 30, tzinfo=UTC), "too_far"),
        (datetime(1, 1, 1, tzinfo=UTC), "past"),
    ],
)
def test_a_time_that_is_not_offered_is_refused_with_its_reason(
    client_for, alice, shop, bike, oil, start, reason
):
    answer = client_for(alice).post(BOOK, wish(bike, start))
    assert (answer.status_code, answer.json()["code"]) == (400, "slot_not_offered")
    assert answer.json()["fields"]["reason"] == [reason]
    assert len(answer.json()["fields"]["start_time"]) == 1
    assert traces() == (0, 0, 0, 0)


def test_what_makes_no_sense_is_refused_by_name(client_for, alice, shop, bike, oil):
    client, stranger = client_for(alice), make_bike(make_user("bob"))
    unpriced = make_service("welding", price_minor=None)
    house = make_service("visit", at_home=True)
    cases = [
        (wish(stranger), "vehicle_id"),
        (wish(bike, services=["no-such-thing"]), "services"),
        (wish(bike, services=[unpriced.code]), "services"),
        (wish(bike, services=[]), "services"),
        (wish(bike, service_location="home", address="Here 1"), "service_location"),
        (wish(bike, service_location="home", services=[house.code]), "address"),
        (wish(bike, location_id=str(uuid4())), "location_id"),
        (wish(bike, appointment_date="2026-06-02"), "start_time"),
        (wish(bike, payment_method="barter"), "payment_method"),
        (wish(bike, wheels=2), "wheels"),
        (
            {"vehicle_id": str(bike.pk), "services": ["oil-change"], "appointment_date": TOMORROW},
            "appointment_time",
        ),
        ({"services": ["oil-change"], "start_time": z(at(10))}, "vehicle_id"),
    ]
    for body, field in cases:
        answer = client.post(BOOK, body)
        assert (answer.status_code, list(answer.json()["fields"])) == (400, [field]), (field, answer.json())
    assert traces() == (0, 0, 0, 0)


def test_the_wall_clock_of_the_shop_decides(client_for, alice, bike, oil):
    berlin = make_shop(name="Berlin", tz="Europe/Berlin", currency="EUR", is_default=False, horizon_days=300)
    ServicePrice.objects.create(service=oil, location=berlin, price_minor=8_900, currency="EUR")
    client = client_for(alice)
    body = {"vehicle_id": str(bike.pk), "location_id": str(berlin.pk), "services": ["oil-change"]}
    made = client.post(BOOK, {**body, "appointment_date": TOMORROW, "appointment_time": "10:00"}).json()
    assert (made["start_time"], made["total_minor"], made["currency"]) == (
        "2026-06-02T08:00:00Z",
        8_900,
        "EUR",
    )
    twice = client.post(BOOK, {**body, "appointment_date": "2026-10-25", "appointment_time": "02:30"}).json()
    assert (twice["code"], twice["fields"]["reason"]) == ("slot_not_offered", ["ambiguous_time"])
    skipped = client.post(BOOK, {**body, "appointment_date": "2027-03-28", "appointment_time": "02:30"})
    assert skipped.json()["fields"]["reason"] == ["missing_time"]


def test_every_offered_time_can_be_booked_until_none_is_left(client_for, alice, bike, oil):
    make_shop(bays=2, buffer_after=15, slot_step=45)
    client = client_for(alice)
    booked_times = 0
    while found := client.get(SLOTS, {"date": TOMORROW, "services": "oil-change"}).json()["available_slots"]:
        chosen = found[len(found) // 2]
        answer = client.post(BOOK, {**wish(bike), "start_time": chosen["start"]})
        assert answer.status_code == 201, answer.json()
        booked_times += 1
    assert booked_times == Appointment.objects.count() >= 8
    assert client.post(BOOK, wish(bike, at(9))).status_code == 409


def test_exceptions_and_closures_are_seen_at_once(client_for, alice, shop, oil):
    client = client_for(alice)

    def count(day):
        return len(client.get(SLOTS, {"date": day}).json()["available_slots"])

    assert (count("2026-06-03"), count("2026-06-04")) == (18, 18)  # one step of 30 minutes
    OpeningException.objects.create(location=shop, day="2026-06-03", closed=True)
    Closure.objects.create(location=shop, starts_at=at(9, day=4), ends_at=at(12, day=4))
    assert (count("2026-06-03"), count("2026-06-04")) == (0, 12)


def test_a_skill_needs_its_technician(client_for, alice, bike):
    make_shop(bays=2)
    make_service("ecu-flash", needs_skill="ecu")
    client = client_for(alice)
    assert client.post(BOOK, wish(bike, services=["ecu-flash"])).status_code == 201
    assert client.post(BOOK, wish(bike, services=["ecu-flash"])).json()["code"] == "slot_unavailable"
    make_service()
    assert client.post(BOOK, wish(bike)).status_code == 201  # the other bay, nobody by name


def test_a_visit_at_home_needs_the_van(client_for, alice, shop, bike):
    make_service("battery", at_home=True)
    body = wish(bike, services=["battery"], service_location="home", address="4 Rest House Road")
    assert client_for(alice).post(BOOK, body).json()["code"] == "slot_unavailable"
    Resource.objects.create(location=shop, kind="pickup_van", name="Van")
    made = client_for(alice).post(BOOK, body).json()
    assert (made["service_location"], made["address"]) == ("home", "4 Rest House Road")
    assert Allocation.objects.get().resource.name == "Van"


def test_the_price_of_the_day_is_kept(client_for, alice, shop, bike, oil):
    ServicePrice.objects.create(
        service=oil, vehicle_model=bike.vehicle_model, price_minor=150_000, currency="INR", minutes=90
    )
    made = client_for(alice).post(BOOK, wish(bike)).json()
    assert (made["total_minor"], made["end_time"]) == (150_000, z(at(11, 30)))
    ServicePrice.objects.update(price_minor=999)
    again = client_for(alice).get(f"/api/v1/appointments/{made['id']}/").json()
    assert (again["total_minor"], again["services"][0]["price_minor"]) == (150_000, 150_000)


def test_an_idempotency_key_books_once(client_for, alice, shop, bike, oil):
    client = client_for(alice)
    first = client.post(BOOK, wish(bike), HTTP_IDEMPOTENCY_KEY="tap-tap")
    second = client.post(BOOK, wish(bike), HTTP_IDEMPOTENCY_KEY="tap-tap")
    other = client.post(BOOK, wish(bike, at(12)), HTTP_IDEMPOTENCY_KEY="tap-tap")
    assert (first.status_code, second.json(), other.status_code) == (201, first.json(), 422)
    assert Appointment.objects.count() == 1


# -- Money


def test_paying_online_holds_the_time_and_then_keeps_it(client_for, alice, shop, bike, oil):
    made = client_for(alice).post(BOOK, wish(bike, payment_method="razorpay")).json()
    assert (made["status"], made["due_minor"]) == ("pending_payment", 120_000)
    assert made["hold_expires_at"] == z(NOW + timedelta(minutes=15))
    assert made["payment"]["amount_minor"] == 120_000
    assert Reminder.objects.count() == 0
    checkout.check_out(made["payment"]["gateway_order_id"], succeeds=True)
    row = Appointment.objects.get()
    assert (row.status, row.paid_minor, row.hold_expires_at) == ("confirmed", 120_000, None)
    assert Allocation.objects.get().hold_expires_at is None
    assert Reminder.objects.count() == 6


def test_an_expired_hold_blocks_nobody_with_no_worker_alive(client_for, alice, shop, bike, oil):
    client = client_for(alice)
    first = client.post(BOOK, wish(bike, payment_method="razorpay")).json()
    assert client.post(BOOK, wish(bike)).status_code == 409
    with clock.held_at(NOW + timedelta(minutes=16)):
        starts = [s["start"] for s in client.get(SLOTS, {"date": TOMORROW}).json()["available_slots"]]
        assert z(at(10)) in starts
        assert client.post(BOOK, wish(bike)).status_code == 201
        assert Appointment.objects.get(pk=first["id"]).status == "expired"
        checkout.check_out(
            first["payment"]["gateway_order_id"], succeeds=True
        )  # too late, and the time is taken
    late = Payment.objects.get(pk=first["payment"]["id"])
    assert (late.honoured, Refund.objects.get().key) == (False, f"late-{late.pk}")
    assert Appointment.objects.get(pk=first["id"]).status == "expired"


def test_late_money_gets_its_time_back_while_that_is_free(client_for, alice, shop, bike, oil):
    made = client_for(alice).post(BOOK, wish(bike, payment_method="razorpay")).json()
    with clock.held_at(NOW + timedelta(minutes=20)):
        checkout.check_out(made["payment"]["gateway_order_id"], succeeds=True, late=True)
    row = Appointment.objects.get()
    assert (row.status, row.paid_minor, Allocation.objects.count()) == ("confirmed", 120_000, 1)


def test_a_deposit_is_due_now_and_the_rest_at_the_counter(client_for, alice, bike, oil):
    make_shop(deposit_bps=2500)
    made = client_for(alice).post(BOOK, wish(bike)).json()
    assert (made["status"], made["due_minor"], made["payment"]["amount_minor"]) == (
        "pending_payment",
        30_000,
        30_000,
    )
    checkout.check_out(made["payment"]["gateway_order_id"], succeeds=True)
    sam = client_for(make_user("sam"))
    url = f"/api/v1/staff/bookings/{made['id']}/update-status/"
    begun = sam.patch(url, {"status": "in_progress"}).json()
    assert (begun["payment"]["gateway"], begun["payment"]["amount_minor"]) == ("cash", 90_000)


def test_a_membership_must_include_the_service(client_for, alice, shop, bike, oil, monkeypatch):
    from users.ports import benefits

    body = wish(bike, payment_method="membership")
    assert client_for(alice).post(BOOK, body).json()["code"] == "not_in_membership"

    class Included:
        def value_for(self, user):
            return ["oil-change"]

    monkeypatch.setitem(benefits._plugs, "included_services", Included())
    made = client_for(alice).post(BOOK, body).json()
    assert (made["status"], made["total_minor"], made["discount_minor"], made["payment"]) == (
        "confirmed", 0, 120_000, None,
    )  # fmt: skip


@pytest.mark.parametrize("hours, back", [(26, 120_000), (20, 96_000)])
def test_cancelling_gives_back_what_the_policy_leaves(client_for, alice, bike, oil, hours, back):
    make_shop(late_fee_bps=2000)
    client = client_for(alice)
    made = client.post(BOOK, wish(bike, at(12), payment_method="razorpay")).json()
    checkout.check_out(made["payment"]["gateway_order_id"], succeeds=True)
    with clock.held_at(at(12) - timedelta(hours=hours)):
        url = f"/api/v1/appointments/{made['id']}/cancel/"
        late = client_for(alice)
        first, second = late.post(url, {"reason": "Rain"}), late.post(url, {})
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json()["status"] == "cancelled"
    assert first.json()["fee_minor"] == 120_000 - back
    assert [row.amount_minor for row in Refund.objects.all()] == [back]
    assert Allocation.objects.count() == 0
    assert client.post(BOOK, wish(bike, at(12))).status_code == 201


def test_cancelling_an_unpaid_booking_closes_its_order(client_for, alice, shop, bike, oil):
    client = client_for(alice)
    made = client.post(BOOK, wish(bike)).json()
    client.post(f"/api/v1/appointments/{made['id']}/cancel/", {})
    assert (Payment.objects.get().status, Refund.objects.count()) == ("expired", 0)


def test_moving_keeps_identity_and_counts(client_for, alice, bike, oil):
    make_shop(reschedule_limit=1)
    client = client_for(alice)
    made = client.post(BOOK, wish(bike)).json()
    url = f"/api/v1/appointments/{made['id']}/reschedule/"
    assert client.post(url, {"start_time": z(at(10, 10))}).json()["fields"]["reason"] == ["off_grid"]
    moved = client.post(url, {"appointment_date": TOMORROW, "appointment_time": "10:30"}).json()
    assert (moved["id"], moved["reference"], moved["start_time"]) == (
        made["id"],
        made["reference"],
        z(at(10, 30)),
    )
    assert (moved["sequence"], moved["reschedule_count"]) == (1, 1)
    assert Allocation.objects.get().period.lower == at(10, 30)
    assert client.post(url, {"start_time": z(at(15))}).json()["code"] == "moved_too_often"


def test_it_is_too_late_to_move(client_for, alice, shop, bike, oil):
    client = client_for(alice)
    made = client.post(BOOK, wish(bike)).json()
    with clock.held_at(at(9)):
        url = f"/api/v1/appointments/{made['id']}/reschedule/"
        answer = client_for(alice).post(url, {"start_time": z(at(15))})
    assert (answer.status_code, answer.json()["code"]) == (409, "too_late_to_move")
