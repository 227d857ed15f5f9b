"""Forged, missing, non-ASCII, re-serialised, of another secret: 400, counted, nothing changed."""

import json

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from payments.errors import BadSignature
from payments.gateways.sandbox import new_id
from payments.gateways.signatures import checkout_message, demand, sign
from payments.models import GatewayPayment, WebhookEvent
from payments.tests.till import deliver, fresh, ordered, told
from tests.cast import make_user

pytestmark = pytest.mark.django_db
SECRET = "a secret"
MESSAGE = b'{"event":"payment.captured"}'


def counted(door):
    return (
        REGISTRY.get_sample_value("payments_bad_signatures_total", {"gateway": "razorpay", "door": door}) or 0
    )


def forgeries(good, raw, standin):
    return {
        "missing": None,
        "empty": "",
        "of another message": sign(raw + b" ", standin.webhook_secret),
        "of the checkout's secret": sign(raw, standin.key_secret),
        "cut": good[:-1],
        "shouted": good.upper(),
        "padded": good + " ",
        "not hex": "z" * 64,
        "long": good * 100,
    }


@pytest.fixture
def paid(standin):
    payment = ordered(make_user("alice"))
    entity, result = standin.pay(payment.gateway_order_id)
    return payment, entity, result


def test_a_forged_webhook_changes_nothing_and_is_counted(standin, anyone, paid):
    payment, entity, _ = paid
    raw, headers = standin.webhook("payment.captured", payment=entity)
    before, tries = counted("webhook"), forgeries(headers["X-Razorpay-Signature"], raw, standin)
    for what, forged in tries.items():
        answer = deliver(anyone, raw, {"X-Razorpay-Signature": forged} if forged is not None else {})
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_signature"), what
    assert counted("webhook") == before + len(tries)
    assert (WebhookEvent.objects.count(), GatewayPayment.objects.count()) == (0, 0)
    assert (fresh(payment).status, told("paid", payment.subject_id)) == ("created", 0)


def test_a_signature_that_is_not_ascii_is_only_wrong(standin, anyone, paid):
    raw, _ = standin.webhook("payment.captured", payment=paid[1])
    answer = anyone.generic(
        "POST",
        "/api/v1/payments/webhooks/razorpay/",
        raw,
        content_type="application/json",
        HTTP_X_RAZORPAY_SIGNATURE="é" * 64,
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_signature")


def test_a_body_that_was_written_anew_is_refused(standin, anyone, paid):
    raw, headers = standin.webhook("payment.captured", payment=paid[1])
    anew = json.dumps(json.loads(raw), separators=(",", ":")).encode()
    assert json.loads(anew) == json.loads(raw)
    assert deliver(anyone, anew, headers).status_code == 400
    assert deliver(anyone, raw, headers).status_code == 200


def test_either_of_two_secrets_is_good_while_one_is_rotated(standin, anyone, paid):
    payment, entity, _ = paid
    raw, headers = standin.webhook("payment.captured", payment=entity, secret="an older secret")
    assert deliver(anyone, raw, headers).status_code == 200
    assert fresh(payment).status == "captured"


def test_a_forged_checkout_result_grants_nothing(standin, client_for, paid):
    payment, _, result = paid
    alice = client_for(make_user("alice"))
    good = result["razorpay_signature"]
    swapped = sign(
        f"{result['razorpay_payment_id']}|{result['razorpay_order_id']}".encode(), standin.key_secret
    )
    wrong = [
        good[:-1], "é" * 64, "\udce9", sign(b"|", standin.key_secret), swapped, "0" * 64,
        standin.result(payment.gateway_order_id, result["razorpay_payment_id"], standin.webhook_secret)[
            "razorpay_signature"
        ],
    ]  # fmt: skip
    before = counted("verify")
    for forged in wrong[:2] + wrong[3:]:
        answer = alice.post("/api/v1/payments/razorpay/verify/", result | {"razorpay_signature": forged})
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_signature")
    assert counted("verify") == before + len(wrong) - 1
    missing = {key: value for key, value in result.items() if key != "razorpay_signature"}
    answer = alice.post("/api/v1/payments/razorpay/verify/", missing)
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["razorpay_signature"])
    assert (fresh(payment).status, told("paid", payment.subject_id)) == ("created", 0)
    assert alice.post("/api/v1/payments/razorpay/verify/", result).status_code == 200


def test_a_good_result_of_my_own_cheap_order_does_not_pay_my_dear_one(standin, client_for, things):
    alice = make_user("alice")
    things.amount_minor = 100
    cheap = ordered(alice)
    things.amount_minor = 99_900
    dear = ordered(alice)
    entity, _ = standin.pay(cheap.gateway_order_id)
    forged = standin.result(dear.gateway_order_id, entity["id"])  # even with a signature of the right secret
    answer = client_for(alice).post("/api/v1/payments/razorpay/verify/", forged)
    assert (answer.status_code, answer.json()["code"]) == (400, "order_mismatch")
    assert (fresh(cheap).status, fresh(dear).status) == ("created", "created")


def test_an_empty_secret_signs_nothing():
    with pytest.raises(BadSignature):
        demand(MESSAGE, sign(MESSAGE, ""), [""])
    with pytest.raises(BadSignature):
        demand(MESSAGE, sign(MESSAGE, ""), [])


def test_the_three_messages_of_the_documents():
    assert checkout_message(order_id="order_1", payment_id="pay_1") == b"order_1|pay_1"
    assert checkout_message(subscription_id="sub_1", payment_id="pay_1") == b"pay_1|sub_1"


@given(st.one_of(st.none(), st.text(), st.binary(), st.integers(), st.lists(st.text())))
@hypothesis_settings(max_examples=60)
def test_whatever_comes_as_a_signature_is_refused_without_a_crash(odd):
    with pytest.raises(BadSignature):
        demand(MESSAGE, odd, [SECRET])


@given(st.binary(max_size=200), st.text(min_size=1, max_size=40, alphabet=st.characters(codec="utf-8")))
@hypothesis_settings(max_examples=40)
def test_what_was_signed_verifies_and_one_bit_more_does_not(message, secret):
    good = sign(message, secret)
    demand(message, good, ["another", secret])
    with pytest.raises(BadSignature):
        demand(message + b"\x01", good, ["another", secret])


def test_ids_look_like_razorpays():
    assert len(new_id("pay")) == len("pay_") + 14
