"""The one door: every way in which money may arrive, twice, late, wrong or out of order."""

from datetime import timedelta
from uuid import uuid4

import pytest

from core import clock
from core.clock import held_at
from core.refs import Ref
from core.rls import as_user
from payments import ledger
from payments.errors import AmountNotPossible, NothingToPay, OrderMismatch, PaymentsDisabled, UnknownOrder
from payments.models import (
    GatewayPayment,
    Invoice,
    JournalEntry,
    Payment,
    PaymentStatus,
    Refund,
    WebhookEvent,
)
from payments.services import cancel_order, expire, open_order, present_order, settle
from payments.tests.till import KIND, balanced, fresh, ordered, paid_at_sandbox, run_jobs, seen_of, told
from tests.cast import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def payment():
    return ordered(make_user("alice"))


def seen(payment, status="captured", **changes):
    return settle(gateway=payment.gateway, seen=seen_of(payment, status, **changes), source="webhook")


def granted(payment):
    return told("paid", payment.subject_id)


def test_a_capture_is_settled_once_however_often_it_is_seen(payment):
    one = seen_of(payment)
    outcomes = [
        settle(gateway="sandbox", seen=one, source=door).outcome
        for door in ("verify", "webhook", "reconcile")
    ]
    assert outcomes == ["settled", "unchanged", "unchanged"]
    assert (granted(payment), told("told_captured", payment.subject_id)) == (1, 1)
    assert (JournalEntry.objects.count(), Invoice.objects.count()) == (2, 1)
    assert balanced()


def test_failed_after_captured_is_ignored(payment):
    one = seen_of(payment)
    settle(gateway="sandbox", seen=one, source="webhook")
    assert seen(payment, "failed", id=one.id).outcome == "unchanged"
    assert seen(payment, "failed").outcome == "unchanged"  # of another attempt
    assert seen(payment, "authorized", id=one.id).outcome == "unchanged"
    assert fresh(payment).status == PaymentStatus.CAPTURED


def test_a_late_authorisation_after_a_failure_is_legal(payment):
    one = seen_of(payment, "failed")
    assert settle(gateway="sandbox", seen=one, source="webhook").outcome == "failed"
    assert seen(payment, "authorized", id=one.id).outcome == "processing"
    assert fresh(payment).status == PaymentStatus.AUTHORIZED
    assert seen(payment, "captured", id=one.id).outcome == "settled"
    assert granted(payment) == 1


@pytest.mark.parametrize("changes", [{"amount_minor": 1}, {"amount_minor": 49_901}, {"currency": "USD"}])
@pytest.mark.parametrize("status", ["authorized", "captured"])
def test_another_amount_or_currency_is_for_a_person_to_look_at(payment, changes, status):
    assert seen(payment, status, **changes).outcome == "review"
    now = fresh(payment)
    assert (now.status, now.captured_minor, granted(payment)) == (PaymentStatus.REVIEW, 0, 0)
    assert now.review_reason != ""
    assert ledger.balance("income:test_thing", "INR") == 0
    assert balanced()


def test_an_attempt_may_not_change_its_order(payment):
    one = seen_of(payment, "authorized")
    settle(gateway="sandbox", seen=one, source="webhook")
    other = ordered(make_user("bob"))
    with pytest.raises(OrderMismatch):
        settle(gateway="sandbox", seen=seen_of(other, id=one.id), source="webhook")
    assert (granted(payment), granted(other)) == (0, 0)


def test_a_client_result_of_another_order_grants_nothing(payment):
    other = ordered(make_user("bob"))
    with pytest.raises(OrderMismatch):
        settle(gateway="sandbox", seen=seen_of(other), source="verify", expected=payment)
    assert (granted(payment), granted(other), GatewayPayment.objects.count()) == (0, 0, 0)


def test_an_unknown_order_is_unknown(payment):
    with pytest.raises(UnknownOrder):
        seen(payment, order_id="order_ofsomebodyelse")
    assert GatewayPayment.objects.count() == 0


def test_a_second_capture_is_recorded_and_given_back(payment):
    seen(payment)
    second = seen_of(payment)
    assert settle(gateway="sandbox", seen=second, source="webhook").outcome == "extra"
    assert (granted(payment), fresh(payment).status) == (1, PaymentStatus.CAPTURED)
    refund = Refund.objects.get()
    assert (refund.amount_minor, refund.attempt.role, refund.key) == (
        49_900,
        "extra",
        f"extra-{refund.attempt_id}",
    )
    assert ledger.balance(ledger.CUSTOMER_FUNDS, "INR") == -49_900
    assert ledger.balance("income:test_thing", "INR") == -49_900


def test_what_cannot_be_honoured_any_more_is_given_back_whole(payment, things):
    things.honours = False
    row = paid_at_sandbox(payment)
    assert seen(payment, id=row.pk).outcome == "refunding"
    assert Refund.objects.get().key == f"late-{payment.pk}"
    assert (Invoice.objects.count(), told("told_captured", payment.subject_id)) == (0, 0)
    assert run_jobs("send_refund") == 1
    now = fresh(payment)
    assert (now.status, now.refunded_minor, now.honoured) == (PaymentStatus.REFUNDED, 49_900, False)
    assert told("refunded", payment.subject_id) == 0  # it never had the right
    assert ledger.balance(ledger.CUSTOMER_FUNDS, "INR") == 0
    assert ledger.balance("gateway:sandbox", "INR") == 0


def test_money_after_the_hold_may_still_be_honoured(payment):
    assert expire(payment)
    assert (fresh(payment).status, told("expired", payment.subject_id)) == (PaymentStatus.EXPIRED, 1)
    assert seen(payment).outcome == "settled"
    assert granted(payment) == 1


def test_pay_late_at_the_sandbox(anyone, payment, things):
    things.honours = False
    answer = anyone.post(f"/api/v1/payments/sandbox/{payment.gateway_order_id}/late/")
    assert (answer.status_code, answer.json()["payment_status"]) == (200, "captured")
    assert run_jobs("send_refund") == 1
    assert fresh(payment).status == PaymentStatus.REFUNDED


def test_a_crash_while_granting_leaves_nothing_and_the_event_is_tried_again(anyone, payment, things):
    things.breaks = True
    assert anyone.post(f"/api/v1/payments/sandbox/{payment.gateway_order_id}/pay/").status_code == 200
    event = WebhookEvent.objects.get()
    assert (event.state, event.attempts, "The shelf broke." in event.error) == ("pending", 1, True)
    assert (fresh(payment).status, GatewayPayment.objects.count(), JournalEntry.objects.count()) == (
        "created",
        0,
        0,
    )
    things.breaks = False
    with held_at(clock.now() + timedelta(minutes=2)):
        from payments.services.webhooks import handle_due

        assert handle_due() == 1
    assert (fresh(payment).status, granted(payment), fresh(event).state) == ("captured", 1, "handled")


def test_the_receipt_finds_a_payment_whose_order_id_got_lost(payment):
    Payment.objects.filter(pk=payment.pk).update(gateway_order_id=None)
    lost = seen_of(payment)
    with pytest.raises(UnknownOrder):
        settle(gateway="sandbox", seen=lost, source="webhook")
    outcome = settle(gateway="sandbox", seen=lost, source="webhook", receipt=payment.receipt).outcome
    assert (outcome, fresh(payment).gateway_order_id) == ("settled", payment.gateway_order_id)


def test_a_zero_decimal_currency_stays_whole(things):
    things.amount_minor, things.currency = 1980, "JPY"
    payment = ordered(make_user("alice"))
    assert seen(payment).outcome == "settled"
    assert ledger.balance("income:test_thing", "JPY") == -1980


# -- Opening


def test_a_changed_price_closes_the_old_order(payment, things):
    things.amount_minor = 39_900
    alice = make_user("alice")
    again = open_order(payer=alice, target=payment.target)
    assert (again.pk != payment.pk, again.amount_minor) == (True, 39_900)
    assert fresh(payment).status == PaymentStatus.EXPIRED


def test_money_under_way_is_not_ordered_twice(payment, things):
    seen(payment, "authorized")
    things.amount_minor = 39_900
    assert open_order(payer=make_user("alice"), target=payment.target).pk == payment.pk


def test_a_cancelled_order_takes_no_money(payment, things):
    cancel_order(payment)
    cancel_order(payment)
    assert fresh(payment).status == PaymentStatus.EXPIRED
    things.honours = False
    assert seen(payment).outcome == "refunding"


@pytest.mark.parametrize(
    "amount, currency, problem",
    [(0, "INR", NothingToPay), (99, "INR", AmountNotPossible), (-5, "INR", NothingToPay)],
)
def test_an_impossible_amount_opens_nothing(amount, currency, problem, things):
    things.amount_minor, things.currency = amount, currency
    with pytest.raises(problem):
        open_order(payer=make_user("alice"), target=Ref(KIND, uuid4()))
    assert Payment.objects.count() == 0


def test_switched_off_means_503_and_cash_still_works(client_for, settings):
    settings.PAYMENTS_ONLINE_ENABLED = False
    alice = client_for(make_user("alice"))
    refused = alice.post("/api/v1/payments/razorpay/create-order/", {"thing_id": str(uuid4())})
    assert (refused.status_code, refused.json()["code"]) == (503, "payments_disabled")
    with pytest.raises(PaymentsDisabled):
        open_order(payer=make_user("alice"), target=Ref(KIND, uuid4()), gateway="razorpay")
    cash = alice.post(
        "/api/v1/payments/razorpay/create-order/", {"thing_id": str(uuid4()), "gateway": "cash"}
    )
    assert (cash.status_code, cash.json()["payment"]["gateway_order_id"]) == (201, None)


def test_a_gateway_is_never_called_inside_a_transaction(payment):
    with as_user(make_user("alice")), pytest.raises(RuntimeError, match="inside a transaction"):
        present_order(payment)


@pytest.mark.parametrize(
    "body, field",
    [
        ({}, "non_field_errors"),
        ({"thing_id": "x"}, "thing_id"),
        ({"thing_id": str(uuid4()), "price": 1}, "price"),
        ({"thing_id": 7}, "thing_id"),
        ({"thing_id": str(uuid4()), "gateway": "bitcoin"}, "gateway"),
        ([], "non_field_errors"),
    ],
)
def test_a_bad_order_is_refused_by_name(client_for, body, field):
    answer = client_for(make_user("alice")).post("/api/v1/payments/razorpay/create-order/", body)
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])
    assert Payment.objects.count() == 0


def test_another_persons_thing_is_absent(client_for, things):
    thing = uuid4()
    things.owners[thing] = make_user("alice").pk
    answer = client_for(make_user("bob")).post("/api/v1/payments/", {"thing_id": str(thing)})
    assert (answer.status_code, Payment.objects.count()) == (404, 0)


def test_a_guest_pays_with_the_token_of_the_booking(anyone, things):
    thing = uuid4()
    things.tokens[thing] = "open-sesame"
    body = {"thing_id": str(thing)}
    url = "/api/v1/payments/razorpay/create-order/"
    assert anyone.post(url, body).status_code == 401
    assert anyone.post(f"{url}?token=wrong", body).status_code == 401
    made = anyone.post(f"{url}?token=open-sesame", body)
    assert made.status_code == 201
    payment = made.json()["payment"]
    paid = anyone.post(f"/api/v1/payments/sandbox/{payment['gateway_order_id']}/pay/").json()
    paid.pop("payment_status")
    assert anyone.post("/api/v1/payments/verify/?token=wrong", paid).status_code == 404
    verified = anyone.post("/api/v1/payments/verify/?token=open-sesame", paid)
    assert (verified.status_code, verified.json()["payment"]["status"]) == (200, "captured")
    invoice = f"/api/v1/payments/{payment['id']}/invoice.pdf"
    assert anyone.get(invoice).status_code == 404
    assert anyone.get(f"{invoice}?token=open-sesame").content.startswith(b"%PDF")


def test_a_hold_ends_the_payment(things):
    things.hold = timedelta(minutes=15)
    payment = ordered(make_user("alice"))
    with held_at(clock.now() + timedelta(minutes=16)):
        again = open_order(payer=make_user("alice"), target=payment.target)
    assert (again.pk != payment.pk, fresh(payment).status) == (True, PaymentStatus.EXPIRED)
