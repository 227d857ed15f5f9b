"""Stored first, handled once, tried again until handled; odd bodies are kept, not crashed on."""

import random
from datetime import timedelta

import pytest

from core import clock
from core.clock import held_at
from core.rls import as_system
from payments.models import GatewayPayment, WebhookEvent
from payments.services.webhooks import forget, handle, handle_due
from payments.tests.till import balanced, deliver, fresh, ordered, run_jobs, told
from tests.cast import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def payment(standin):
    return ordered(make_user("alice"))


def test_webhook_before_verify_and_verify_after(standin, anyone, client_for, payment):
    entity, result = standin.pay(payment.gateway_order_id)
    assert deliver(anyone, *standin.webhook("payment.captured", payment=entity)).json() == {
        "status": "handled"
    }
    answer = client_for(make_user("alice")).post("/api/v1/payments/razorpay/verify/", result)
    assert (answer.status_code, answer.json()["payment"]["status"]) == (200, "captured")
    assert told("paid", payment.subject_id) == 1


def test_verify_before_webhook(standin, anyone, client_for, payment):
    entity, result = standin.pay(payment.gateway_order_id)
    alice = client_for(make_user("alice"))
    assert alice.post("/api/v1/payments/razorpay/verify/", result).status_code == 200
    for kind in ("payment.captured", "order.paid", "payment.authorized"):
        order = standin.orders[payment.gateway_order_id]
        shown = entity | {"status": "authorized"} if kind == "payment.authorized" else entity
        assert deliver(anyone, *standin.webhook(kind, payment=shown, order=order)).status_code == 200
    assert told("paid", payment.subject_id) == 1
    assert set(WebhookEvent.objects.values_list("state", flat=True)) == {"handled"}


def test_an_authorised_payment_is_still_processing(standin, client_for, payment):
    _, result = standin.pay(payment.gateway_order_id, status="authorized")
    answer = client_for(make_user("alice")).post("/api/v1/payments/razorpay/verify/", result)
    assert (answer.status_code, answer.json()["payment"]["status"]) == (202, "authorized")
    assert told("paid", payment.subject_id) == 0


def test_verify_while_the_gateway_is_silent_is_followed_up(standin, client_for, payment):
    _, result = standin.pay(payment.gateway_order_id)
    standin.trip("GET /v1/payments/", status=502, body=b"<html>Bad gateway</html>")
    answer = client_for(make_user("alice")).post("/api/v1/payments/razorpay/verify/", result)
    assert (answer.status_code, answer.json()["payment"]["status"]) == (202, "created")
    assert run_jobs("reconcile_payment") == 1
    assert (fresh(payment).status, told("paid", payment.subject_id)) == ("captured", 1)


def test_a_repeated_event_is_the_same_event(standin, anyone, payment):
    entity, _ = standin.pay(payment.gateway_order_id)
    raw, headers = standin.webhook("payment.captured", payment=entity)
    for _ in range(3):
        assert deliver(anyone, raw, headers).json() == {"status": "handled"}
    nameless = {key: value for key, value in headers.items() if "Event-Id" not in key}
    for _ in range(2):
        assert deliver(anyone, raw, nameless).status_code == 200
    assert WebhookEvent.objects.count() == 2  # the named one, and the one that its body's hash names
    assert told("paid", payment.subject_id) == 1


def test_any_order_and_any_number_of_events_comes_to_the_same_end(standin, anyone, payment):
    dice = random.Random(7)
    entity, _ = standin.pay(payment.gateway_order_id)
    order = standin.orders[payment.gateway_order_id]
    events = [
        standin.webhook("payment.authorized", payment=entity | {"status": "authorized"}),
        standin.webhook("payment.failed", payment=entity | {"status": "failed"}),
        standin.webhook("payment.captured", payment=entity),
        standin.webhook("order.paid", payment=entity, order=order),
    ] * 3
    dice.shuffle(events)
    for raw, headers in events:
        assert deliver(anyone, raw, headers).status_code == 200
    assert (fresh(payment).status, told("paid", payment.subject_id)) == ("captured", 1)
    assert balanced()


def test_a_crashed_event_stays_and_is_tried_with_growing_gaps(standin, anyone, payment, things):
    things.breaks = True
    entity, _ = standin.pay(payment.gateway_order_id)
    answer = deliver(anyone, *standin.webhook("payment.captured", payment=entity))
    assert (answer.status_code, answer.json()) == (200, {"status": "pending"})
    start, gaps = clock.now(), []
    for _ in range(9):
        event = WebhookEvent.objects.get()
        gaps.append(event.next_try_at - start)
        start = event.next_try_at
        with held_at(event.next_try_at):
            assert handle_due() == 0
    event = WebhookEvent.objects.get()
    assert (event.state, event.attempts) == ("failed", 10)  # staff sees it; it is tried on all the same
    assert [round(gap / timedelta(minutes=1)) for gap in gaps[1:6]] == [2, 4, 8, 16, 32]
    things.breaks = False
    with held_at(event.next_try_at):
        assert handle_due() == 1
    assert (fresh(event).state, told("paid", payment.subject_id)) == ("handled", 1)


def test_the_job_handles_what_the_request_could_not(standin, anyone, payment, things):
    things.breaks = True
    entity, _ = standin.pay(payment.gateway_order_id)
    deliver(anyone, *standin.webhook("payment.captured", payment=entity))
    things.breaks = False
    assert run_jobs("handle_webhook") == 1
    assert told("paid", payment.subject_id) == 1


@pytest.mark.parametrize(
    "raw",
    [b"", b"{}", b"[]", b"null", b'"x"', b"\xff\xfe", b"{" * 5000, b'{"event": 7}', b'{"event": "invoice.paid"}',
     b'{"event": "settlement.processed", "payload": {}}', b'{"event": "\\u0000"}'],
)  # fmt: skip
def test_a_signed_body_that_says_nothing_to_us_is_stored_and_ignored(standin, anyone, payment, raw):
    answer = deliver(anyone, raw, {"X-Razorpay-Signature": standin.sign(raw, standin.webhook_secret)})
    assert (answer.status_code, answer.json()) == (200, {"status": "ignored"})
    event = WebhookEvent.objects.get()
    assert (bytes(event.raw), event.event_id.startswith("sha256:")) == (raw, True)
    assert fresh(payment).status == "created"


@pytest.mark.parametrize(
    "change",
    [{"amount": "49900"}, {"amount": -1}, {"amount": True}, {"amount": 1e3}, {"amount": 2**70}, {"currency": "RUPEES"},
     {"currency": None}, {"status": "paid"}, {"id": ""}, {"id": "x" * 65}, {"id": None}, {"order_id": 5}],
)  # fmt: skip
def test_a_known_event_with_an_odd_field_waits_for_a_person(standin, anyone, payment, change):
    entity, _ = standin.pay(payment.gateway_order_id)
    answer = deliver(anyone, *standin.webhook("payment.captured", payment=entity | change))
    assert (answer.status_code, answer.json()) == (200, {"status": "pending"})
    assert WebhookEvent.objects.get().error.startswith("OddAnswer")
    assert (fresh(payment).status, GatewayPayment.objects.count()) == ("created", 0)


def test_an_event_of_a_foreign_order_is_given_up_after_three_days(standin, anyone):
    foreign = standin.create_order(body={"amount": 500, "currency": "INR", "receipt": "somebody else's"})
    entity, _ = standin.pay(foreign["id"])
    deliver(anyone, *standin.webhook("payment.captured", payment=entity))
    event = WebhookEvent.objects.get()
    assert (event.state, event.error.startswith("UnknownOrder")) == ("pending", True)
    with held_at(clock.now() + timedelta(days=4)):
        handle(event.pk)
    assert fresh(event).state == "ignored"


def test_a_body_without_end_is_refused(standin, anyone):
    raw = b" " * (256 * 1024 + 1)
    answer = deliver(anyone, raw, {"X-Razorpay-Signature": standin.sign(raw, standin.webhook_secret)})
    assert (answer.status_code, WebhookEvent.objects.count()) == (413, 0)


def test_a_gateway_that_is_not_configured_takes_no_webhooks(anyone):
    answer = deliver(anyone, b"{}", {"X-Razorpay-Signature": "0" * 64})
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_gateway")


def test_the_web_role_sees_no_events(standin, anyone, payment):
    entity, _ = standin.pay(payment.gateway_order_id)
    deliver(anyone, *standin.webhook("payment.captured", payment=entity))
    from core.rls import as_user

    with as_user(make_user("alice")):
        assert WebhookEvent.objects.count() == 0
    with as_system("test"):
        assert WebhookEvent.objects.count() == 1


def test_bodies_are_forgotten_after_three_months(standin, anyone, payment):
    entity, _ = standin.pay(payment.gateway_order_id)
    deliver(anyone, *standin.webhook("payment.captured", payment=entity))
    assert forget() == 0
    with held_at(clock.now() + timedelta(days=91)):
        assert (forget(), forget()) == (1, 0)
    assert bytes(WebhookEvent.objects.get().raw) == b""
