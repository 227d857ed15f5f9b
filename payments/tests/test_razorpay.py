"""The real SDK over HTTP against the stand-in: what it gets wrong must not reach us."""

import time

import pytest

from payments.errors import GatewayDeclined, GatewayUnavailable, OddAnswer
from payments.models import Payment
from payments.ports import gateways
from payments.services import orders
from payments.tests.till import fresh, ordered
from tests.cast import make_user

pytestmark = pytest.mark.django_db
HTML = b"<html><body>502 Bad Gateway</body></html>"


@pytest.fixture
def way(standin):
    return gateways["razorpay"]


def order(way, receipt="receipt-1", amount=50_000):
    return way.create_order(receipt=receipt, amount_minor=amount, currency="INR", notes={"payment_id": "x"})


def test_one_receipt_is_one_order(way, standin):
    first, again = order(way), order(way)
    assert (first, len(standin.orders)) == (again, 1)
    assert (first.receipt, first.amount_minor, first.currency) == ("receipt-1", 50_000, "INR")
    assert way.find_order("receipt-1") == first
    assert way.find_order("receipt-2") is None


def test_one_receipt_with_another_amount_is_refused(way):
    order(way)
    with pytest.raises(GatewayDeclined, match="Receipt should be unique"):
        order(way, amount=60_000)


def test_a_lost_answer_makes_one_order(way, standin, client_for):
    """The order was made, its answer never came: the retry with the same key finds it."""
    standin.trip("POST /v1/orders", after=True, silent=1.0)
    alice, body = client_for(make_user("alice")), {"thing_id": "0191d0f0-0000-7000-8000-000000000001"}
    key = {"Idempotency-Key": "order-1"}
    lost = alice.post("/api/v1/payments/razorpay/create-order/", body, headers=key)
    assert (lost.status_code, lost.json()["code"]) == (503, "gateway_unavailable")
    assert lost["Retry-After"] == "5"
    again = alice.post("/api/v1/payments/razorpay/create-order/", body, headers=key)
    assert again.status_code == 201
    assert list(standin.orders) == [again.json()["payment"]["gateway_order_id"]]
    assert again.json()["key_id"] == standin.key_id
    assert Payment.objects.count() == 1


def test_requests_end_in_time(way, standin):
    standin.trip("GET /v1/payments/", silent=3.0)
    start = time.monotonic()
    with pytest.raises(GatewayUnavailable) as caught:
        way.fetch_payment("pay_1")
    assert (caught.value.outcome_unknown, time.monotonic() - start < 1.5) == (True, True)


@pytest.mark.parametrize(
    "status, body, unknown",
    [
        (500, HTML, True),
        (502, HTML, True),
        (503, b'{"error": {"code": "SERVER_ERROR", "description": "x"}}', True),
        (200, HTML, True),
        (200, b'"just text"', True),
        (200, b"", True),
        (404, HTML, True),
        (400, b'{"message": "odd"}', True),
        (429, b'{"error": {"code": "BAD_REQUEST_ERROR", "description": "slow"}}', False),
        (401, b'{"error": {"code": "BAD_REQUEST_ERROR", "description": "Authentication failed"}}', False),
        (204, b"", True),
    ],
)
def test_an_answer_that_is_no_answer(way, standin, status, body, unknown, capsys):
    standin.trip("POST /v1/payments/.*/refund", status=status, body=body)
    with pytest.raises(GatewayUnavailable) as caught:
        way.refund("pay_1", amount_minor=100, currency="INR", key="refund-key-1")
    assert caught.value.outcome_unknown is unknown
    assert capsys.readouterr().out == ""


def test_a_gateway_that_is_not_there(way, standin, settings, capsys):
    settings.RAZORPAY_BASE_URL = "http://127.0.0.1:9"
    with pytest.raises(GatewayUnavailable):
        way.fetch_payment("pay_1")
    assert capsys.readouterr().out == ""


def test_a_clear_no_is_a_clear_no(way, capsys):
    with pytest.raises(GatewayDeclined, match="The id provided does not exist"):
        way.fetch_payment("pay_nobody")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "wanted", ["../orders", "pay_1/../../x", "", "pay 1", "é", "x" * 65, "pay_1?expand[]=card"]
)
def test_nothing_but_an_id_stands_in_a_path(way, standin, wanted):
    with pytest.raises(GatewayDeclined):
        way.fetch_payment(wanted)
    assert standin.seen == []


def test_wrong_keys_are_our_trouble_not_the_payers(way, settings):
    settings.RAZORPAY_KEY_SECRET = "another"
    with pytest.raises(GatewayUnavailable) as caught:
        order(way)
    assert not caught.value.outcome_unknown


def test_capture_is_asked_for_once_and_a_second_time_shows_the_payment(way, standin):
    made = order(way)
    entity, _ = standin.pay(made.id, status="authorized")
    for _ in range(2):
        seen = way.capture(entity["id"], amount_minor=50_000, currency="INR")
        assert (seen.status, seen.amount_minor) == ("captured", 50_000)
    other = order(way, "receipt-2", 60_000)
    second, _ = standin.pay(other.id, status="authorized")
    assert (
        way.capture(second["id"], amount_minor=60_000, currency="INR").status == "captured"
    )  # no shared defaults
    assert [seen.id for seen in way.list_payments(other.id)] == [second["id"]]


def test_one_key_is_one_refund_and_its_key_comes_back(way, standin):
    made = order(way)
    entity, _ = standin.pay(made.id)
    first = way.refund(entity["id"], amount_minor=20_000, currency="INR", key="refund-key-1")
    assert way.refund(entity["id"], amount_minor=20_000, currency="INR", key="refund-key-1") == first
    assert (first.status, first.key, len(standin.refunds)) == ("processed", "refund-key-1", 1)
    assert way.find_refunds(entity["id"]) == [first]
    with pytest.raises(GatewayDeclined, match="greater than"):
        way.refund(entity["id"], amount_minor=40_000, currency="INR", key="refund-key-2")


def test_a_junk_answer_is_odd(way, standin):
    standin.trip(
        "GET /v1/payments/",
        status=200,
        body=b'{"id": "pay_1", "status": "paid", "amount": 1, "currency": "INR"}',
    )
    with pytest.raises(OddAnswer):
        way.fetch_payment("pay_1")


def test_the_order_says_what_it_is_for(standin):
    payment = ordered(make_user("alice"))
    kept = standin.orders[payment.gateway_order_id]
    assert kept["receipt"] == str(payment.pk)
    assert kept["notes"]["subject"] == f"test_thing:{payment.subject_id}"
    assert orders.ensure_gateway_order(fresh(payment)).gateway_order_id == payment.gateway_order_id
    assert standin.seen == ["POST /v1/orders"]
