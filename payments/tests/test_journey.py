"""The main road: order, pay, settled; then every door once as Alice, and as Bob."""

from uuid import uuid4

import pytest
from django.db import DatabaseError, transaction

from core.rls import as_user
from payments import ledger
from payments.models import GatewayPayment, Invoice, Payment, PaymentEvent
from payments.tests.till import fresh, ordered, told
from tests.cast import make_user

pytestmark = pytest.mark.django_db


def test_alice_orders_pays_and_verifies(client_for, anyone):
    alice, thing = client_for(make_user("alice")), uuid4()
    made = alice.post("/api/v1/payments/razorpay/create-order/", {"thing_id": str(thing)})
    assert made.status_code == 201, made.json()
    payment = made.json()["payment"]
    assert (payment["status"], payment["amount_minor"], payment["currency"]) == ("created", 49_900, "INR")
    assert made.json()["key_id"] == "rzp_sandbox"
    page = anyone.get(payment["checkout_url"])
    assert page.status_code == 200
    assert b"INR 499.00" in page.content
    checkout = anyone.post(f"/api/v1/payments/sandbox/{payment['gateway_order_id']}/pay/").json()
    assert checkout.pop("payment_status") == "captured"
    verified = alice.post("/api/v1/payments/razorpay/verify/", checkout)
    assert (verified.status_code, verified.json()["payment"]["status"]) == (200, "captured")
    assert told("paid", thing) == 1
    assert told("told_captured", thing) == 1
    assert Invoice.objects.get().total_minor == 49_900
    assert ledger.balance("gateway:sandbox", "INR") == 49_900
    assert ledger.balance("income:test_thing", "INR") == -49_900
    assert ledger.balance(ledger.CUSTOMER_FUNDS, "INR") == 0
    assert alice.get("/api/v1/payments/").json()["results"][0]["status"] == "captured"
    kinds = list(PaymentEvent.objects.order_by("at").values_list("kind", flat=True))
    assert kinds == ["opened", "order_created", "attempt_captured", "settled"]


def test_creating_again_gives_the_same_payment(client_for):
    alice, body = client_for(make_user("alice")), {"thing_id": str(uuid4())}
    first = alice.post("/api/v1/payments/razorpay/create-order/", body).json()
    again = alice.post("/api/payments/", body)
    assert (again.status_code, again.json()) == (201, first)
    assert Payment.objects.count() == 1


def test_a_refused_card_may_be_tried_again_on_the_same_order(client_for, anyone):
    alice = make_user("alice")
    payment = ordered(alice)
    url = f"/api/v1/payments/sandbox/{payment.gateway_order_id}"
    assert anyone.post(f"{url}/fail/").json()["payment_status"] == "failed"
    assert told("paid", payment.subject_id) == 0
    assert anyone.post(f"{url}/pay/").json()["payment_status"] == "captured"
    assert told("paid", payment.subject_id) == 1
    twice = anyone.post(f"{url}/pay/")
    assert (twice.status_code, twice.json()["code"]) == (409, "gateway_declined")
    assert GatewayPayment.objects.count() == 2


def test_bob_finds_none_of_alices_doors_open(client_for, anyone):
    alice, bob = make_user("alice"), client_for(make_user("bob"))
    payment = ordered(alice)
    checkout = anyone.post(f"/api/v1/payments/sandbox/{payment.gateway_order_id}/fail/").json()
    checkout.pop("payment_status")
    absent = bob.get(f"/api/v1/payments/{uuid4()}/")
    seen = bob.get(f"/api/v1/payments/{payment.pk}/")
    assert (
        (seen.status_code, seen.json()["code"])
        == (absent.status_code, absent.json()["code"])
        == (404, "not_found")
    )
    assert bob.get("/api/v1/payments/").json()["results"] == []
    assert bob.post("/api/v1/payments/razorpay/verify/", checkout).status_code == 404
    assert anyone.post("/api/v1/payments/razorpay/verify/", checkout).status_code == 404
    assert anyone.get("/api/v1/payments/").status_code == 401


def test_row_level_security_holds_without_the_filter():
    alice, bob = make_user("alice"), make_user("bob")
    mine = ordered(alice)
    with as_user(bob):
        assert Payment.objects.filter(pk=mine.pk).count() == 0
    with as_user(alice):
        assert Payment.objects.get(pk=mine.pk) == mine
        with pytest.raises(DatabaseError), transaction.atomic():
            Payment.objects.filter(pk=mine.pk).update(status="captured")
    assert fresh(mine).status == "created"


def test_the_filter_holds_without_row_level_security():
    alice, bob = make_user("alice"), make_user("bob")
    mine = ordered(alice)
    assert list(Payment.objects.visible_to(alice)) == [mine]
    assert list(Payment.objects.visible_to(bob)) == []


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_two_statements(count, client_for, django_assert_num_queries):
    harness = 6  # the test client's change of role, there and back, and the savepoint for the transaction
    alice = make_user("alice")
    for _ in range(count):
        ordered(alice)
    client = client_for(alice)
    with django_assert_num_queries(harness + 2):  # the session, the rows
        page = client.get("/api/v1/payments/").json()
    assert len(page["results"]) == count
