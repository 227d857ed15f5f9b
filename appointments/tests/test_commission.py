"""A tuner's shop: what is paid there is theirs but for the commission, and a member is spared it."""

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import IntegrityError, connections, transaction
from django.urls import reverse
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from appointments.models import Appointment, AppointmentLine, Location, Offer
from appointments.services.commission import Commission, decide
from appointments.tests.making import at, booked, make_bike, make_service, make_shop, wish
from core import clock
from core.rls import as_system
from core.testing.jobs import run_jobs
from memberships.models import Membership, MembershipInvoice, Plan
from memberships.tests.making import make_member
from memberships.tests.test_members import at_once
from payments import ledger
from payments.models import Invoice, Payment, Posting
from payments.services import checkout, collect_cash
from payments.services.payouts import cleared
from payments.tests.till import balanced
from tests.cast import make_user
from tuners.models import TunerProfile

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
BOOK = "/api/v1/appointments/book/"
PRICE = 120_000


@pytest.fixture
def tara(db):
    tara = make_user("tara")
    TunerProfile.objects.create(user=tara, business="Tara Performance")
    return tara


@pytest.fixture
def shop(tara):
    return make_shop(tuner_id=tara.pk, commission_bps=1_250, deposit_bps=0)


def online(client, bike, **more):
    return client.post(BOOK, wish(bike, payment_method="razorpay", **more)).json()


def pays(made):
    checkout.check_out(made["payment"]["gateway_order_id"], succeeds=True)


def owed(user):
    return -ledger.balance(f"payee:{user.pk}", "INR")


def income():
    return -ledger.balance("income:booking", "INR")


# -- The shop's money


def test_what_is_paid_is_the_shop_s_but_for_the_commission(client_for, alice, tara, shop, bike, oil):
    pays(online(client_for(alice), bike))
    assert (owed(tara), income(), balanced()) == (105_000, 15_000, True)
    payment = Payment.objects.get()
    assert (payment.payee_id, payment.commission_bps, payment.amount_minor) == (tara.pk, 1_250, PRICE)
    line = client_for(tara).get("/api/v1/tuners/me/earnings/").json()["results"][0]
    text = f"Booking {Appointment.objects.get().reference}, Works (INR 1,200.00, commission 12.5 %)"
    assert (line["amount_minor"], line["description"]) == (105_000, text)
    assert cleared(tara.pk, "INR") == 0  # held through the refund window, like the earnings of tunes


def test_money_back_takes_the_commission_back_with_it(client_for, alice, tara, shop, bike, oil):
    client = client_for(alice)
    made = online(client, bike)
    pays(made)
    client.post(f"/api/v1/appointments/{made['id']}/cancel/", {})
    run_jobs()
    assert (owed(tara), income(), balanced()) == (0, 0, True)
    lines = client_for(tara).get("/api/v1/tuners/me/earnings/").json()["results"]
    assert [line["amount_minor"] for line in lines] == [-105_000, 105_000]


def test_a_late_cancellation_s_fee_is_shared_at_the_same_rate(client_for, alice, tara, bike, oil):
    make_shop(tuner_id=tara.pk, commission_bps=1_000, late_fee_bps=5_000, is_default=True)
    made = online(client_for(alice), bike)
    pays(made)
    with clock.held_at(at(9)):
        client_for(alice).post(f"/api/v1/appointments/{made['id']}/cancel/", {})
    run_jobs()
    assert (owed(tara), income(), balanced()) == (54_000, 6_000, True)


def test_a_deposit_and_the_rest_at_the_counter(client_for, alice, tara, bike, oil):
    make_shop(tuner_id=tara.pk, commission_bps=1_000, deposit_bps=2_500, is_default=True)
    made = online(client_for(alice), bike)
    pays(made)
    assert (owed(tara), income()) == (27_000, 3_000)
    sam = client_for(make_user("sam"))
    sam.patch(f"/api/v1/staff/bookings/{made['id']}/update-status/", {"status": "in_progress"})
    collect_cash(payment=Payment.objects.get(gateway="cash"), amount_minor=90_000, by=None)
    assert (owed(tara), income(), balanced()) == (108_000, 12_000, True)


def test_the_rate_is_that_of_the_day_of_booking(client_for, alice, tara, shop, bike, oil, settings):
    made = online(client_for(alice), bike)
    Location.objects.update(commission_bps=5_000, tuner_id=make_user("bob").pk)
    pays(made)
    assert (owed(tara), income()) == (105_000, 15_000)


@pytest.mark.parametrize(
    "own,house,kept", [(None, 800, 9_600), (0, 800, 0), (10_000, 0, PRICE), (None, 0, 0)]
)
def test_the_shop_s_own_rate_counts_before_the_house_s(tara, own, house, kept, settings):
    settings.BOOKING_COMMISSION_BPS = house
    shop = make_shop(tuner_id=tara.pk, commission_bps=own)
    rate = decide(shop, None, PRICE).bps
    assert ledger.split(PRICE, [10_000 - rate, rate])[1] == kept


def test_the_house_s_own_shop_earns_all(client_for, alice, bike, oil):
    make_shop()
    pays(online(client_for(alice), bike))
    row = Appointment.objects.get()
    assert (row.payee_id, row.commission_bps, income()) == (None, 0, PRICE)
    assert not Posting.objects.filter(account__code__startswith="payee:").exists()


# -- Members


def member(alice, number=1, **more):
    return make_member(alice, "plus", benefits={"commission_free_bookings": number, **more})


def test_a_member_pays_less_and_the_shop_gets_the_same(client_for, alice, tara, shop, bike, oil):
    member(alice)
    made = online(client_for(alice), bike)
    assert (made["total_minor"], made["discount_minor"], made["commission_free_minor"]) == (
        105_000,
        15_000,
        15_000,
    )
    pays(made)
    payment = Payment.objects.get(subject_kind="booking")
    assert [(line["label"].split()[0], line["amount_minor"]) for line in payment.lines] == [
        ("Booking", PRICE), ("Commission,", -15_000),
    ]  # fmt: skip
    assert Invoice.objects.get(payment=payment).total_minor == 105_000
    assert (owed(tara), income(), balanced()) == (105_000, 0, True)
    line = client_for(tara).get("/api/v1/tuners/me/earnings/").json()["results"][0]
    assert line["description"].endswith("(INR 1,050.00, no commission)")
    assert AppointmentLine.objects.get().discount_minor == 15_000


def test_as_often_as_the_plan_says_and_a_cancelled_one_leaves_its_number(client_for, alice, shop, bike, oil):
    member(alice, number=2)
    client = client_for(alice)
    made = [online(client, bike, start_time=at(hour).isoformat()) for hour in (9, 11, 13)]
    assert [one["commission_free_minor"] for one in made] == [15_000, 15_000, 0]
    client.post(f"/api/v1/appointments/{made[0]['id']}/cancel/", {})
    assert online(client, bike, start_time=at(15).isoformat())["commission_free_minor"] == 15_000
    assert online(client, bike, start_time=at(17).isoformat())["commission_free_minor"] == 0


def test_a_period_begins_when_it_begins_not_when_it_was_paid(alice, tara, shop, oil):
    """Paying the next period ahead neither brings its number early nor loses count of this one's."""
    row = member(alice)
    old_end = row.period_end
    booked(alice, shop, at(9))
    with as_system("test"):
        invoice = MembershipInvoice.objects.get()
        MembershipInvoice.objects.create(
            membership=row, plan=row.plan, kind="renewal", status="paid", price_minor=1, currency="INR",
            period_start=old_end, period_end=at(9, day=30) + (old_end - invoice.period_start), paid_at=clock.now(),
        )  # fmt: skip
        Membership.objects.update(
            period_start=old_end, period_end=at(9, day=30) + (old_end - invoice.period_start)
        )
        assert decide(shop, alice, PRICE).off_minor == 0
        with clock.held_at(old_end):
            assert decide(shop, alice, PRICE).off_minor == 15_000


def test_later_changes_of_the_plan_change_no_booking(client_for, alice, tara, shop, bike, oil):
    member(alice)
    made = online(client_for(alice), bike)
    Plan.objects.update(benefits={})
    pays(made)
    assert (owed(tara), income()) == (105_000, 0)
    assert online(client_for(alice), bike, start_time=at(12).isoformat())["commission_free_minor"] == 0


def test_offers_and_discounts_come_first(client_for, alice, shop, bike, oil):
    member(alice, number=5, service_discount_bps=1_000)
    assert online(client_for(alice), bike)["discount_minor"] == 12_000 + 13_500
    offer = Offer.objects.create(title="Half", percent_bps=5_000, expires_at=at(10, day=30))
    made = online(client_for(alice), bike, start_time=at(12).isoformat(), offer_id=str(offer.pk))
    assert (made["total_minor"], made["commission_free_minor"]) == (52_500, 7_500)
    assert Appointment.objects.get(pk=made["id"]).redemption.amount_minor == 60_000


def test_included_services_and_guests_use_no_number(client_for, anyone, alice, tara, shop, bike, oil):
    member(alice, included_services=["oil-change"])
    made = client_for(alice).post(BOOK, wish(bike, payment_method="membership")).json()
    assert (made["total_minor"], made["commission_free_minor"]) == (0, 0)
    body = wish(bike, at(12), payment_method="razorpay") | {
        "customer_name": "Gita",
        "customer_phone": "+919876543210",
    }
    del body["vehicle_id"]
    made = anyone.post("/api/v1/bookings/", body | {"vehicle_model_id": str(bike.vehicle_model_id)}).json()
    assert (made["total_minor"], made["commission_free_minor"]) == (PRICE, 0)
    assert online(client_for(alice), bike, start_time=at(15).isoformat())["commission_free_minor"] == 15_000


def test_a_shop_without_commission_uses_no_number(alice, tara):
    member(alice)
    free = make_shop(tuner_id=tara.pk, commission_bps=0)
    assert decide(free, alice, PRICE) == Commission(tara.pk, 0, 0)


@limits(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10**9), st.integers(0, 10_000))
def test_the_shop_gets_the_same_of_a_member_as_of_anybody(price, bps):
    """Whatever the price and the rate: to the unit."""
    theirs, ours = ledger.split(price, [10_000 - bps, bps])
    assert price - ours == theirs


@pytest.mark.django_db(transaction=True)
def test_two_bookings_at_once_share_one_free_number():
    with as_system("test"):
        alice, tara = make_user("alice"), make_user("tara")
        shops = [make_shop(name=f"Works {n}", tuner_id=tara.pk, commission_bps=1_000) for n in range(4)]
        make_member(alice, "plus", benefits={"commission_free_bookings": 1})
        bikes, oil = [make_bike(alice) for _ in shops], make_service()

    def one(number):
        with clock.held_at(at(8, day=1)):
            booked(alice, shops[number], at(9 + 2 * number), services=[oil], vehicle=bikes[number])
        connections.close_all()

    at_once(one, 4)
    with as_system("test"):
        assert sorted(Appointment.objects.values_list("commission_free_minor", flat=True)) == [
            0,
            0,
            0,
            12_000,
        ]


# -- Staff


def test_staff_see_whose_shop_it_is_and_what_is_kept(desk, client_for, alice, tara, shop, bike, oil):
    member(alice)
    house = make_shop(name="House")
    for hour in (9, 11):
        online(client_for(alice), bike, start_time=at(hour).isoformat())
    shown = desk.get(reverse("admin:appointments_location_changelist")).content.decode()
    assert ("Tara Performance" in shown, "12.5 %" in shown, "The house" in shown) == (True, True, True)
    free, kept = Appointment.objects.order_by("start_at")
    pages = [
        desk.get(reverse("admin:appointments_appointment_change", args=[row.pk])).content.decode()
        for row in (free, kept)
    ]
    assert "a member was spared INR 150.00" in pages[0]
    assert "12.5 % (INR 150.00 of the total)" in pages[1]
    payment = Payment.objects.get(subject_id=kept.pk)
    page = desk.get(reverse("admin:payments_payment_change", args=[payment.pk])).content.decode()
    assert "INR 1,050.00; the house: INR 150.00 (12.5 %)" in page
    assert desk.get(reverse("admin:appointments_location_change", args=[house.pk])).status_code == 200


def test_staff_choose_the_tuner_by_name_and_the_rate(desk, tara):
    shop = make_shop()
    page = reverse("admin:appointments_location_change", args=[shop.pk])
    form = desk.get(page).context["adminform"].form
    said = {
        name: value
        for name in form.fields
        if (value := form[name].value()) is not None and value is not False
    }
    empty = {f"{name}-{part}": 0 for name in ("rules", "exceptions", "closures", "resources")
             for part in ("TOTAL_FORMS", "INITIAL_FORMS")}  # fmt: skip
    said |= {"tuner_id": str(tara.pk), "commission_bps": "700", **empty}
    answer = desk.post(page, said)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    shop.refresh_from_db()
    assert (shop.tuner_id, shop.commission_bps) == (tara.pk, 700)
    wrong = desk.post(page, said | {"tuner_id": str(make_user("bob").pk)})
    assert (wrong.status_code, "tuner_id" in wrong.context["adminform"].form.errors) == (200, True)
    wrong = desk.post(page, said | {"commission_bps": "10001"})
    assert wrong.status_code == 200
    shop.refresh_from_db()
    assert (shop.tuner_id, shop.commission_bps) == (tara.pk, 700)


def test_the_database_keeps_the_bounds(shop):
    for columns in ({"commission_bps": 10_001}, {"commission_bps": 32_000}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Location.objects.update(**columns)


@pytest.mark.parametrize("name", ["BOOKING_COMMISSION_BPS", "MARKETPLACE_COMMISSION_BPS"])
def test_an_impossible_rate_of_the_house_stops_the_start(settings, name):
    setattr(settings, name, 10_001)
    with pytest.raises(SystemCheckError, match=r"revsync\.E105"):
        call_command("check", tags=["security"])
