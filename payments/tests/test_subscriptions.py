# ruff: noqa: A002 -- the words of the gateway
"""Paid again and again: one payment a period, states forward only, no charge twice."""

import time
from uuid import uuid4

import pytest

from core.models import AuditEvent
from core.refs import Ref
from payments.errors import NotSupported
from payments.models import GatewaySubscription, Invoice, Payment, WebhookEvent
from payments.services.subscriptions import cancel, make_plan, subscribe
from payments.tests.till import KIND, balanced, deliver, fresh, told
from tests.cast import make_user
from tests.standins.razorpay import new_id

pytestmark = pytest.mark.django_db
MONTH = 30 * 24 * 3600


@pytest.fixture
def subscription(standin):
    gateway, plan = make_plan(name="Plus", amount_minor=19_900, currency="INR", interval="month")
    assert gateway == "razorpay"
    return subscribe(
        payer=make_user("alice"), target=Ref(KIND, uuid4()), plan_id=plan, amount_minor=19_900, currency="INR",
        description="Plus, monthly", cycles=12,
    )  # fmt: skip


@pytest.fixture
def says(subscription, standin, anyone):
    start = int(time.time())

    def event(phase, status, *, period=1, charge=None, id=None):
        entity = standin.subscriptions[subscription.gateway_subscription_id] | {
            "status": status, "current_start": start + (period - 1) * MONTH, "current_end": start + period * MONTH,
        }  # fmt: skip
        entities = {"subscription": entity}
        if charge is not None:
            entities["payment"] = {
                "id": id or new_id("pay"), "order_id": new_id("order"), "status": "captured", "amount": charge,
                "currency": "INR", "method": "card",
            }  # fmt: skip
        answer = deliver(anyone, *standin.webhook(f"subscription.{phase}", **entities))
        return answer.json()["status"]

    return event


def changes(subscription):
    rows = AuditEvent.objects.filter(action="test.changed", target=str(subscription.subject_id)).order_by(
        "id"
    )
    return [row.data["status"] for row in rows]


def test_a_year_begins(subscription, says):
    assert says("authenticated", "authenticated") == "handled"
    assert says("activated", "active") == "handled"
    first = new_id("pay")
    for _ in range(3):
        assert says("charged", "active", charge=19_900, id=first) == "handled"
    assert says("charged", "active", period=2, charge=19_900) == "handled"
    assert Payment.objects.filter(status="captured", subscription=subscription).count() == 2
    assert Payment.objects.count() == 2
    assert (told("charged", subscription.subject_id), told("paid", subscription.subject_id)) == (2, 0)
    assert (Invoice.objects.count(), balanced()) == (2, True)
    assert changes(subscription)[:2] == ["authenticated", "active"]


def test_late_news_change_nothing(subscription, says):
    says("activated", "active", period=2)
    says("authenticated", "authenticated")
    says("activated", "pending", period=1)
    assert fresh(subscription).status == "active"
    says("cancelled", "cancelled", period=2)
    says("activated", "active", period=2)
    assert fresh(subscription).status == "cancelled"


def test_the_road_of_a_card_that_fails(subscription, says):
    for phase, status in [("activated", "active"), ("pending", "pending"), ("halted", "halted"),
                          ("activated", "active"), ("paused", "paused"), ("resumed", "active"),
                          ("completed", "completed")]:  # fmt: skip
        assert says(phase, status) == "handled"
        assert fresh(subscription).status == status


def test_a_charge_of_another_amount_is_for_a_person(subscription, says):
    assert says("charged", "active", charge=100) == "handled"
    assert (Payment.objects.get().status, told("charged", subscription.subject_id)) == ("review", 0)


def test_the_first_payment_is_verified_with_the_reversed_signature(subscription, standin, client_for):
    identity = new_id("pay")
    standin.payments[identity] = {
        "id": identity, "order_id": new_id("order"), "status": "captured", "amount": 19_900, "currency": "INR",
    }  # fmt: skip
    standin.subscriptions[subscription.gateway_subscription_id]["status"] = "active"
    body = {
        "razorpay_subscription_id": subscription.gateway_subscription_id, "razorpay_payment_id": identity,
        "razorpay_signature": standin.sign(
            f"{identity}|{subscription.gateway_subscription_id}".encode(), standin.key_secret
        ),
    }  # fmt: skip
    wrong = body | {
        "razorpay_signature": standin.sign(
            f"{subscription.gateway_subscription_id}|{identity}".encode(), standin.key_secret
        )
    }
    alice, url = client_for(make_user("alice")), "/api/v1/payments/razorpay/verify/"
    assert alice.post(url, wrong).status_code == 400
    assert client_for(make_user("bob")).post(url, body).status_code == 404
    assert Payment.objects.count() == 0
    answer = alice.post(url, body)
    assert (answer.status_code, answer.json()["payment"]["status"]) == (200, "captured")
    assert fresh(subscription).status == "active"
    both = alice.post(url, body | {"razorpay_order_id": "order_x"})
    assert both.status_code == 400


def test_cancelling_now_or_at_the_end_of_the_period(subscription, standin, says):
    says("activated", "active")
    assert cancel(subscription, at_period_end=True).status == "active"
    assert cancel(subscription, at_period_end=False).status == "cancelled"


def test_a_foreign_subscription_waits(standin, anyone):
    entity = {"id": "sub_foreign0000000", "status": "active", "plan_id": "plan_1"}
    answer = deliver(anyone, *standin.webhook("subscription.activated", subscription=entity))
    assert answer.json() == {"status": "pending"}
    assert "UnknownOrder" in WebhookEvent.objects.get().error


def test_the_sandbox_has_no_subscriptions():
    with pytest.raises(NotSupported):
        make_plan(name="Plus", amount_minor=19_900, currency="INR", interval="month")
    assert GatewaySubscription.objects.count() == 0
