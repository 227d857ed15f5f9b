"""What a membership and rewards do to a booking: included services, a discount, a part or all of the price."""

from datetime import timedelta

import pytest

from appointments.models import Allocation, Appointment, Offer
from appointments.tests.making import at, make_service, make_shop, wish
from core import clock
from core.testing.jobs import run_jobs
from memberships.models import Membership
from memberships.tests.making import make_member, make_plan
from payments.models import Payment
from payments.services import checkout, collect_cash, expire, rewards
from payments.tests.till import balanced
from tests.cast import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
BOOK = "/api/v1/appointments/book/"
PRICE = 120_000


@pytest.fixture
def rich(alice):
    rewards.earn(user_id=alice.pk, amount_minor=200_000, currency="INR", source="test")
    return alice


def left(user):
    return rewards.balance(user.pk, "INR")


def cancel(client, made):
    return client.post(f"/api/v1/appointments/{made['id']}/cancel/", {})


def test_rewards_pay_a_part_online(client_for, rich, shop, bike, oil):
    client = client_for(rich)
    made = client.post(BOOK, wish(bike, payment_method="razorpay", rewards_minor=50_000)).json()
    assert (made["status"], made["payment"]["amount_minor"], made["payment"]["rewards_minor"]) == (
        "pending_payment", 70_000, 50_000,
    )  # fmt: skip
    assert left(rich) == 150_000
    checkout.check_out(made["payment"]["gateway_order_id"], succeeds=True)
    row = Appointment.objects.get()
    assert (row.status, row.paid_minor) == ("confirmed", PRICE)
    assert cancel(client, made).json()["status"] == "cancelled"
    run_jobs()
    assert (left(rich), balanced()) == (200_000, True)


def test_a_late_fee_is_taken_of_money_and_rewards_alike(client_for, rich, bike, oil):
    make_shop(late_fee_bps=2_000)
    client = client_for(rich)
    made = client.post(BOOK, wish(bike, at(12), payment_method="razorpay", rewards_minor=60_000)).json()
    checkout.check_out(made["payment"]["gateway_order_id"], succeeds=True)
    with clock.held_at(at(12) - timedelta(hours=20)):
        assert cancel(client_for(rich), made).json()["fee_minor"] == 24_000
        run_jobs()
    payment = Payment.objects.get()
    assert (payment.refunded_minor, payment.rewards_back_minor, left(rich)) == (48_000, 48_000, 188_000)
    assert balanced()


def test_rewards_pay_all_of_it_at_once(client_for, rich, shop, bike, oil):
    client = client_for(rich)
    made = client.post(BOOK, wish(bike, payment_method="razorpay", rewards_minor=PRICE)).json()
    assert (made["status"], made["payment"]["gateway"], made["payment"]["status"]) == (
        "confirmed", "rewards", "captured",
    )  # fmt: skip
    assert Appointment.objects.get().reminders.exists()
    cancel(client, made)
    run_jobs()
    assert (left(rich), balanced()) == (200_000, True)


def test_at_the_counter_they_are_held_until_the_visit(client_for, rich, shop, bike, oil):
    client = client_for(rich)
    made = client.post(BOOK, wish(bike, rewards_minor=20_000)).json()
    assert (made["status"], made["payment"]["gateway"], left(rich)) == ("confirmed", "cash", 180_000)
    sam = client_for(make_user("sam"))
    sam.patch(f"/api/v1/staff/bookings/{made['id']}/update-status/", {"status": "in_progress"})
    payment = Payment.objects.get()
    assert (payment.amount_minor, payment.rewards_minor) == (100_000, 20_000)
    collect_cash(payment=payment, amount_minor=100_000, by=None)
    assert (Appointment.objects.get().paid_minor, left(rich), balanced()) == (PRICE, 180_000, True)


def test_a_time_that_nobody_paid_for_gives_them_back(client_for, rich, shop, bike, oil):
    made = client_for(rich).post(BOOK, wish(bike, payment_method="razorpay", rewards_minor=50_000)).json()
    expire(Payment.objects.get(pk=made["payment"]["id"]))
    assert (Appointment.objects.get().status, left(rich)) == ("expired", 200_000)


@pytest.mark.parametrize(
    "more,code,status",
    [
        ({"rewards_minor": 200_001}, "rewards_above_price", 409),
        ({"rewards_minor": PRICE + 1}, "rewards_above_price", 409),
        ({"rewards_minor": PRICE - 1}, "amount_not_possible", 409),
        ({"rewards_minor": -1}, "invalid", 400),
        ({"rewards_minor": "all"}, "invalid", 400),
    ],
)
def test_odd_wishes_take_no_time_and_no_rewards(client_for, rich, shop, bike, oil, more, code, status):
    answer = client_for(rich).post(BOOK, wish(bike, payment_method="razorpay", **more))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (Appointment.objects.count(), Allocation.objects.count(), left(rich)) == (0, 0, 200_000)


def test_an_overspend_takes_no_time(client_for, alice, shop, bike, oil):
    answer = client_for(alice).post(BOOK, wish(bike, payment_method="razorpay", rewards_minor=1_000))
    assert (answer.status_code, answer.json()["code"]) == (409, "rewards_insufficient")
    assert answer.json()["fields"] == {"rewards_minor": ["You have 0."]}
    assert (Appointment.objects.count(), Allocation.objects.count(), Payment.objects.count()) == (0, 0, 0)


def test_members_pay_less_and_some_things_not_at_all(client_for, alice, shop, bike, oil):
    make_service("brake-check", price_minor=60_000)
    make_member(alice, "plus", benefits={"service_discount_bps": 1_000, "included_services": ["brake-check"]})
    client = client_for(alice)
    made = client.post(BOOK, wish(bike, payment_method="razorpay")).json()
    assert (made["total_minor"], made["discount_minor"]) == (108_000, 12_000)
    free = wish(bike, at(14), payment_method="membership") | {"services": ["brake-check"]}
    made = client.post(BOOK, free).json()
    assert (made["status"], made["total_minor"]) == ("confirmed", 0)


def smaller(client):
    return client.post("/api/v1/memberships/me/change/", {"plan": "basic"})


def test_a_smaller_plan_must_still_give_what_is_booked_after_it_begins(client_for, alice, shop, bike, oil):
    """The period ends on 1 July: a visit before it is the present plan's, one after it would be the smaller one's."""
    make_service("brake-check", price_minor=60_000)
    make_plan("basic")
    make_member(alice, "plus", benefits={"included_services": ["brake-check"]})
    client = client_for(alice)
    free = {"payment_method": "membership", "services": ["brake-check"]}
    client.post(BOOK, wish(bike, at(14)) | free)
    late = client.post(BOOK, wish(bike, at(14) + timedelta(days=40)) | free).json()
    answer = smaller(client)
    assert (answer.status_code, answer.json()["code"], answer.json()["fields"]) == (
        409, "plan_below_usage", {"plan": ["Services included: your coming visits use brake-check."]},
    )  # fmt: skip
    assert Membership.objects.get().next_plan is None
    cancel(client, late)
    assert smaller(client).json()["membership"]["next_plan"] == "basic"


@pytest.mark.parametrize("tiers,refused", [(["plus"], True), (["plus", "basic"], False), ([], False)])
def test_an_offer_for_members_must_stay_one_s_own(client_for, alice, shop, bike, oil, tiers, refused):
    make_plan("basic")
    make_member(alice, "plus")
    offer = Offer.objects.create(
        title="Summer", percent_bps=1_000, expires_at=at(10) + timedelta(days=90), eligible_memberships=tiers
    )
    client = client_for(alice)
    made = client.post(BOOK, wish(bike, at(14) + timedelta(days=40), offer_id=str(offer.pk))).json()
    answer = smaller(client)
    if refused:
        text = f"Offers of: booked with an offer that is not for this plan: {made['reference']} (Summer)."
        assert (answer.status_code, answer.json()["fields"]) == (409, {"plan": [text]})
        cancel(client, made)
        answer = smaller(client)
    assert answer.json()["membership"]["next_plan"] == "basic"
