"""Guests by token, strangers kept out, and what lists and questions cost."""

from uuid import uuid4

import pytest

from appointments.models import (
    Appointment,
)
from appointments.tests.making import (
    NOW,
    TOMORROW,
    at,
    booked,
    make_model,
    make_shop,
    wish,
    z,
)
from core.rls import as_system
from core.testing.counting import statements
from payments.services import checkout
from tests.cast import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
BOOK = "/api/v1/appointments/book/"
SLOTS = "/api/v1/appointments/availability/"


def guest(**fields):
    return {
        "vehicle_model_id": str(make_model().pk),
        "start_time": z(at(10)),
        "services": ["oil-change"],
        "customer_name": "Gita",
        "customer_phone": "98765 43210",
        **fields,
    }


def test_a_guest_books_pays_and_cancels_by_token(anyone, shop, oil):
    made = anyone.post("/api/v1/bookings/", guest(payment_method="razorpay")).json()
    assert (made["customer_phone"], made["status"]) == ("+919876543210", "pending_payment")
    one, token = f"/api/v1/bookings/{made['id']}/", made["guest_token"]
    assert anyone.get(one).status_code == anyone.get(one, {"token": "x"}).status_code == 404
    assert anyone.get(one, {"token": token}).json()["guest_token"] is None
    order = anyone.post(f"/api/v1/payments/razorpay/create-order/?token={token}", {"booking_id": made["id"]})
    assert order.json()["payment"]["id"] == made["payment"]["id"]
    checkout.check_out(made["payment"]["gateway_order_id"], succeeds=True)
    assert anyone.get(one, {"token": token}).json()["status"] == "confirmed"
    assert anyone.post(f"{one}cancel/", {}).status_code == 404
    assert anyone.post(f"{one}cancel/?token={token}", {}).json()["status"] == "cancelled"
    assert token not in str(Appointment.objects.values().get())


def test_bookings_of_a_number_need_proof_of_it(client_for, anyone, shop, oil):
    anyone.post("/api/v1/bookings/", guest())
    url, number = "/api/v1/bookings/", {"phone": "+919876543210"}
    assert anyone.get(url, number).status_code == 401
    bob = make_user("bob", phone="+919876543210")
    assert client_for(bob).get(url, number).status_code == 403
    bob.phone_verified_at = NOW
    bob.save(update_fields=["phone_verified_at"])
    assert [row["customer_name"] for row in client_for(bob).get(url, number).json()["results"]] == ["Gita"]
    assert client_for(bob).get(url, {"phone": "+919876543211"}).status_code == 403


def test_bob_finds_every_door_of_alices_appointment_closed(client_for, alice, shop, bike, oil):
    made = client_for(alice).post(BOOK, wish(bike)).json()
    bob, absent = client_for(make_user("bob")), uuid4()
    for method, path, body in [
        ("get", "", None),
        ("get", "calendar.ics", None),
        ("post", "cancel/", {}),
        ("post", "reschedule/", {"start_time": z(at(15))}),
    ]:
        answers = [
            getattr(bob, method)(f"/api/v1/appointments/{one}/{path}", body) for one in (made["id"], absent)
        ]
        assert [answer.status_code for answer in answers] == [404, 404], path
    assert bob.get("/api/v1/appointments/").json()["results"] == []
    assert bob.get(f"/api/v1/staff/bookings/{made['id']}/").status_code == 403
    assert bob.post("/api/v1/payments/", {"booking_id": made["id"]}).status_code == 404
    assert Appointment.objects.get().status == "confirmed"


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_for_one_and_three(count, client_for, alice, bike):
    shop = make_shop(bays=3)
    for number in range(count):
        booked(alice, shop, at(10 + number), vehicle=bike)
    client = client_for(alice)
    with statements() as told:
        rows = client.get("/api/v1/appointments/").json()["results"]
    assert len(told) == 6, told  # the login, the context in and out, rows, lines, payments
    assert [row["payment"]["gateway"] for row in rows] == ["cash"] * count
    upcoming = client.get("/api/v1/appointments/upcoming/").json()["results"]
    assert [row["start_time"] for row in upcoming] == sorted(row["start_time"] for row in rows)


@pytest.mark.parametrize("count", [0, 3])
def test_availability_takes_five_statements(count, anyone, alice, bike, oil):
    shop = make_shop(bays=3)
    for number in range(count):
        booked(alice, shop, at(10 + number), vehicle=bike)
    asked = {
        "location_id": str(shop.pk),
        "date_from": TOMORROW,
        "date_to": "2026-07-01",
        "services": "oil-change",
    }
    with statements() as told:
        found = anyone.get(SLOTS, asked).json()["available_slots"]
    assert len(told) == 5, told  # shop, services, prices, hours, places with what blocks them
    assert len(found) == 30 * 17


@pytest.mark.parametrize(
    "query, field",
    [
        ({}, "date_from"),
        ({"date_from": "2026-06-01", "date_to": "2026-09-01"}, "date_to"),
        ({"date_from": "2026-06-02", "date_to": "2026-06-01"}, "date_to"),
        ({"date": "9999-12-31"}, "date_from"),
        ({"date": "0001-01-01"}, "date_from"),
        ({"date": TOMORROW, "services": "nope"}, "services"),
        ({"date": TOMORROW, "service_ids": "nope"}, "service_ids"),
        ({"date": TOMORROW, "location_id": "nope"}, "location_id"),
        ({"date": TOMORROW, "vehicle_id": "018f0000-0000-7000-8000-00000000dead"}, "vehicle_id"),
    ],
)
def test_a_senseless_question_is_refused(anyone, shop, oil, query, field):
    answer = anyone.get(SLOTS, query)
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])


def test_without_any_shop_the_answer_is_a_sentence(anyone):
    answer = anyone.get(SLOTS, {"date": TOMORROW})
    assert (answer.status_code, answer.json()["code"]) == (409, "no_shop")
    with as_system("test"):
        assert Appointment.objects.count() == 0
