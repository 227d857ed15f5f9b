"""Money back: once a key, never above paid, partial or whole, and what to do when nobody knows."""

from datetime import timedelta
from uuid import uuid4

import pytest

from core import clock
from core.clock import held_at
from payments import ledger
from payments.errors import GatewayUnavailable, TooMuchRefunded
from payments.models import Payment, PaymentStatus, Refund, RefundStatus
from payments.ports import SeenRefund
from payments.services import reconcile, reconcile_due, refund, send, settle, settle_refund
from payments.tests.till import balanced, deliver, fresh, ordered, run_jobs, seen_of, told
from tests.cast import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def paid(standin):
    payment = ordered(make_user("alice"))
    entity, _ = standin.pay(payment.gateway_order_id)
    settle(gateway="razorpay", seen=seen_of(payment, id=entity["id"]), source="webhook")
    return fresh(payment)


def test_a_partial_refund_keeps_the_right_and_a_full_one_ends_it(paid, standin):
    refund(payment=paid, amount_minor=10_000, reason="A scratch")
    run_jobs("send_refund")
    now = fresh(paid)
    assert (now.status, now.refunded_minor, now.left_minor) == ("partially_refunded", 10_000, 39_900)
    refund(payment=paid, reason="The rest")
    run_jobs("send_refund")
    assert (fresh(paid).status, fresh(paid).refunded_minor) == ("refunded", 49_900)
    assert [row["amount"] for row in standin.refunds.values()] == [10_000, 39_900]
    assert (told("refunded", paid.subject_id), told("told_refunded", paid.subject_id)) == (2, 2)
    assert ledger.balance("income:test_thing", "INR") == 0
    assert ledger.balance("gateway:razorpay", "INR") == 0
    assert balanced()


def test_the_same_key_is_the_same_refund(paid, standin):
    rows = {refund(payment=paid, amount_minor=100, reason="x", key="one-key").pk for _ in range(3)}
    assert len(rows) == 1
    run_jobs("send_refund")
    assert (send(rows.pop()).status, len(standin.refunds)) == (RefundStatus.PROCESSED, 1)
    assert fresh(paid).refunded_minor == 100


def test_the_same_key_is_the_same_refund_when_nothing_is_left(paid):
    first = refund(payment=paid, reason="x", key="one-key")
    assert refund(payment=paid, reason="x", key="one-key") == first


def test_a_key_belongs_to_one_payment(paid):
    other = ordered(make_user("bob"))
    settle(gateway="razorpay", seen=seen_of(other), source="webhook")
    refund(payment=paid, amount_minor=100, reason="x", key="one-key")
    with pytest.raises(ValueError, match="another payment"):
        refund(payment=other, amount_minor=100, reason="x", key="one-key")
    assert Refund.objects.count() == 1


@pytest.mark.parametrize("amount", [0, -1, 49_901, 2**40])
def test_more_than_was_paid_is_refused(paid, amount):
    with pytest.raises(TooMuchRefunded):
        refund(payment=paid, amount_minor=amount, reason="x")
    assert Refund.objects.count() == 0


def test_refunds_under_way_count(paid):
    refund(payment=paid, amount_minor=40_000, reason="x")
    with pytest.raises(TooMuchRefunded) as caught:
        refund(payment=paid, amount_minor=10_000, reason="y")
    assert caught.value.fields == {"amount_minor": ["At most 9900 is left."]}


def test_an_unpaid_payment_has_nothing_to_give(standin):
    with pytest.raises(TooMuchRefunded):
        refund(payment=ordered(make_user("alice")), reason="x")


def test_a_time_out_is_unknown_and_the_same_key_settles_it(paid, standin):
    row = refund(payment=paid, amount_minor=5_000, reason="x")
    standin.trip("/refund$", after=True, silent=1.0)
    with pytest.raises(GatewayUnavailable):
        send(row.pk)
    assert (fresh(row).status, fresh(paid).refunded_minor) == (RefundStatus.UNKNOWN, 0)
    with pytest.raises(TooMuchRefunded):  # what nobody knows stays reserved
        refund(payment=paid, amount_minor=49_000, reason="y")
    send(row.pk)
    assert (fresh(row).status, fresh(paid).refunded_minor, len(standin.refunds)) == ("processed", 5_000, 1)


def test_reconcile_finds_the_end_of_an_unknown_refund_by_listing(paid, standin):
    row = refund(payment=paid, amount_minor=5_000, reason="x")
    standin.trip("/refund$", after=True, silent=1.0)
    with pytest.raises(GatewayUnavailable):
        send(row.pk)
    standin.seen.clear()
    with held_at(clock.now() + timedelta(hours=1)):
        reconcile_due()
    assert fresh(row).status == "processed"
    assert not any(line.endswith("/refund") for line in standin.seen)


def test_a_refusal_frees_what_was_reserved(paid, standin):
    row = refund(payment=paid, reason="x")
    standin.trip(
        "/refund$",
        status=400,
        body=b'{"error": {"code": "BAD_REQUEST_ERROR", "description": "Not enough balance"}}',
    )
    assert (send(row.pk).status, "Not enough balance" in fresh(row).error) == ("failed", True)
    assert (fresh(paid).status, fresh(paid).refunded_minor) == ("captured", 0)
    again = refund(payment=paid, reason="again")
    assert send(again.pk).status == "processed"


def test_a_refund_that_fails_after_all_gives_nothing_back(paid, anyone, standin):
    row = refund(payment=paid, reason="x")
    pending = {
        "id": "rfnd_00000000000001", "payment_id": row.attempt.gateway_payment_id, "amount": 49_900,
        "currency": "INR", "notes": {"key": row.key},
    }  # fmt: skip
    deliver(anyone, *standin.webhook("refund.created", refund=pending | {"status": "pending"}))
    assert fresh(row).status == "processing"
    deliver(anyone, *standin.webhook("refund.failed", refund=pending | {"status": "failed"}))
    deliver(
        anyone, *standin.webhook("refund.processed", refund=pending | {"status": "processed"})
    )  # too late
    assert (fresh(row).status, fresh(paid).status, told("refunded", paid.subject_id)) == (
        "failed",
        "captured",
        0,
    )


def test_the_webhook_of_a_refund_may_come_before_its_answer(paid, anyone, standin):
    row = refund(payment=paid, amount_minor=700, reason="x")
    seen = {
        "id": "rfnd_00000000000002", "payment_id": row.attempt.gateway_payment_id, "amount": 700, "currency": "INR",
        "notes": {"key": row.key}, "status": "processed",
    }  # fmt: skip
    for _ in range(2):
        deliver(anyone, *standin.webhook("refund.processed", refund=seen))
    assert (fresh(row).status, fresh(paid).refunded_minor, Refund.objects.count()) == ("processed", 700, 1)


def test_a_refund_from_the_gateways_own_desk_is_adopted(paid, anyone, standin):
    seen = {
        "id": "rfnd_00000000000003", "payment_id": paid.attempts.get().gateway_payment_id, "amount": 49_900,
        "currency": "INR", "notes": [], "status": "processed",
    }  # fmt: skip
    for _ in range(2):
        deliver(anyone, *standin.webhook("refund.processed", refund=seen))
    assert (fresh(paid).status, Refund.objects.count()) == ("refunded", 1)
    assert told("refunded", paid.subject_id) == 1
    assert balanced()


def test_a_foreign_refund_above_what_was_paid_is_kept_for_a_person(paid):
    attempt = paid.attempts.get()
    seen = SeenRefund("rfnd_x", attempt.gateway_payment_id, 60_000, "INR", "processed")
    with pytest.raises(TooMuchRefunded):
        settle_refund(gateway="razorpay", seen=seen, source="webhook")
    assert fresh(paid).refunded_minor == 0


def test_the_commission_splits_back_as_it_split(standin, things):
    tara = make_user("tara")
    things.payee_id, things.commission_bps, things.amount_minor = tara.pk, 1_530, 10_001
    payment = ordered(make_user("alice"))
    entity, _ = standin.pay(payment.gateway_order_id)
    settle(gateway="razorpay", seen=seen_of(payment, id=entity["id"]), source="webhook")
    theirs, ours = f"payee:{tara.pk}", "income:test_thing"
    assert (ledger.balance(theirs, "INR"), ledger.balance(ours, "INR")) == (-8_471, -1_530)
    for amount in (1, 3_333, 3_333, 3_334):
        refund(payment=payment, amount_minor=amount, reason="x")
        run_jobs("send_refund")
        assert balanced()
    assert (ledger.balance(theirs, "INR"), ledger.balance(ours, "INR")) == (0, 0)


def test_staff_refund_over_the_api(paid, client_for, standin):
    sam, url = client_for(make_user("sam")), f"/api/v1/staff/payments/{paid.pk}/refunds/"
    key = {"Idempotency-Key": "desk-1"}
    body = {"amount_minor": 900, "reason": "Late delivery"}
    first, again = (sam.post(url, body, headers=key) for _ in range(2))
    assert (first.status_code, first.json()["status"], first.json()["amount_minor"]) == (
        201,
        "processed",
        900,
    )
    assert (again.content, len(standin.refunds)) == (first.content, 1)
    assert Refund.objects.get().requested_by == make_user("sam")
    for wrong, field in [({"reason": "x", "amount_minor": 0}, "amount_minor"), ({"amount_minor": 5}, "reason"),
                         ({"reason": "x", "amount_minor": 99_999}, "amount_minor")]:  # fmt: skip
        refused = sam.post(url, wrong)
        assert (refused.status_code in {400, 409}, list(refused.json()["fields"])) == (True, [field])
    assert client_for(make_user("alice")).post(url, body).status_code == 403
    assert sam.post(f"/api/v1/staff/payments/{uuid4()}/refunds/", body).status_code == 404
    assert fresh(paid).refunded_minor == 900


def test_a_silent_gateway_leaves_the_refund_to_the_job(paid, client_for, standin):
    standin.trip("/refund$", status=502, body=b"")
    answer = client_for(make_user("sam")).post(f"/api/v1/staff/payments/{paid.pk}/refunds/", {"reason": "x"})
    assert (answer.status_code, answer.json()["status"]) == (201, "unknown")
    run_jobs("send_refund")
    assert (fresh(paid).status, len(standin.refunds)) == ("refunded", 1)


def test_reconcile_leaves_a_settled_payment_alone(paid, standin):
    assert reconcile(paid) == "nothing new"
    assert (fresh(paid).status, Payment.objects.filter(status=PaymentStatus.CAPTURED).count()) == (
        "captured",
        1,
    )
