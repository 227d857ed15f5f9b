"""Payees get what has cleared, once, and nothing while they owe."""

from datetime import timedelta

import pytest

from core import clock
from core.clock import held_at
from payments import ledger
from payments.errors import GatewayUnavailable, PaymentClosed
from payments.models import Payout, PayoutReversal
from payments.ports import SeenDispute
from payments.services import refund, settle
from payments.services.disputes import settle_dispute
from payments.services.payouts import (
    cleared,
    register_account,
    resume,
    schedule,
    schedule_all,
    send,
    verify_account,
)
from payments.services.recovery import resume as resume_reversals
from payments.services.recovery import reverse
from payments.services.refunds import send as send_refund
from payments.tests.test_desk import act, page_of
from payments.tests.till import balanced, deliver, fresh, ordered, run_jobs, seen_of
from tests.cast import make_user

pytestmark = pytest.mark.django_db
CLEAR = timedelta(days=15)
SPENT = b'{"error": {"code": "BAD_REQUEST_ERROR", "description": "The account has insufficient balance."}}'


@pytest.fixture
def tara():
    return make_user("tara")


@pytest.fixture
def account(tara, standin):
    made = register_account(user=tara, gateway="razorpay", gateway_account_id="acc_tara", label="Tara's bank")
    verify_account(made, by=make_user("sam"))
    return fresh(made)


def sale(standin, things, tara, amount=100_000):
    things.payee_id, things.commission_bps, things.amount_minor = tara.pk, 1_500, amount
    payment = ordered(make_user("alice"))
    entity, _ = standin.pay(payment.gateway_order_id)
    settle(gateway="razorpay", seen=seen_of(payment, id=entity["id"]), source="webhook")
    return fresh(payment)


def later():
    return held_at(clock.now() + CLEAR)


def test_earnings_clear_after_the_refund_window_and_are_paid_once(account, standin, things, tara):
    sale(standin, things, tara)
    assert cleared(tara.pk, "INR") == 0
    assert schedule(account, "INR") is None
    with later():
        assert cleared(tara.pk, "INR") == 85_000
        assert schedule_all() == 1
        assert schedule_all() == 0
    assert run_jobs("send_payout") == 1
    payout = Payout.objects.get()
    assert (payout.status, payout.amount_minor) == ("paid", 85_000)
    assert [row["amount"] for row in standin.transfers.values()] == [85_000]
    assert ledger.balance(f"payee:{tara.pk}", "INR") == 0
    assert ledger.balance("gateway:razorpay", "INR") == 15_000
    assert balanced()


def test_nothing_is_paid_while_the_balance_is_negative(account, standin, things, tara):
    first = sale(standin, things, tara)
    with later():
        schedule_all()
        run_jobs("send_payout")
        standin.trip("POST .*/reversals$", status=400, body=SPENT)
        refund(payment=first, reason="x")
        run_jobs("send_refund")
        assert [row.status for row in PayoutReversal.objects.all()] == ["failed"]
        assert Payout.objects.get().left_minor == 85_000
        assert ledger.balance(f"payee:{tara.pk}", "INR") == 85_000  # she owes it
        sale(standin, things, tara, amount=50_000)
    with held_at(clock.now() + 2 * CLEAR):
        assert (cleared(tara.pk, "INR"), schedule_all()) == (0, 0)
        sale(standin, things, tara, amount=200_000)
    with held_at(clock.now() + 3 * CLEAR):
        assert cleared(tara.pk, "INR") == 42_500 + 170_000 - 85_000


def test_a_dispute_and_a_refund_under_way_hold_back_their_part(account, standin, things, tara):
    disputed, returned = sale(standin, things, tara), sale(standin, things, tara, amount=10_000)
    with later():
        assert cleared(tara.pk, "INR") == 85_000 + 8_500
        refund(payment=returned, amount_minor=5_000, reason="x")
        assert cleared(tara.pk, "INR") == 85_000 + 8_500 - 4_250
        seen = SeenDispute("disp_1", disputed.attempts.get().gateway_payment_id, 100_000, "INR", "created")
        settle_dispute(gateway="razorpay", seen=seen, source="webhook")
        assert cleared(tara.pk, "INR") == 8_500 - 4_250


def test_an_unverified_account_gets_nothing(standin, things, tara):
    made = register_account(user=tara, gateway="razorpay", gateway_account_id="acc_x")
    sale(standin, things, tara)
    with later():
        assert (schedule(made, "INR"), schedule_all()) == (None, 0)


def test_a_lost_answer_sends_the_money_once(account, standin, things, tara):
    sale(standin, things, tara)
    with later():
        payout = schedule(account, "INR")
    standin.trip("POST /v1/transfers$", after=True, silent=1.0)
    with pytest.raises(GatewayUnavailable):
        send(payout.pk)
    assert fresh(payout).status == "processing"
    assert resume() == 1
    assert (fresh(payout).status, len(standin.transfers)) == ("paid", 1)
    assert ledger.balance("payouts:razorpay", "INR") == 0


def test_a_refused_transfer_gives_the_earnings_back(account, standin, things, tara):
    sale(standin, things, tara)
    account.gateway_account_id = "bad"
    account.save()
    with later():
        payout = schedule(account, "INR")
        send(payout.pk)
        assert (fresh(payout).status, cleared(tara.pk, "INR")) == ("failed", 85_000)
    assert balanced()


def test_the_webhook_of_a_transfer_comes_to_the_same_end(account, standin, things, tara, anyone):
    sale(standin, things, tara)
    with later():
        payout = schedule(account, "INR")
    entity = {
        "id": "trf_00000000000001", "amount": 85_000, "currency": "INR", "status": "processed",
        "notes": {"key": payout.key},
    }  # fmt: skip
    for _ in range(2):
        answer = deliver(anyone, *standin.webhook("transfer.processed", transfer=entity))
        assert answer.json() == {"status": "handled"}
    assert (fresh(payout).status, balanced()) == ("paid", True)


def test_staff_fetch_a_payout_back(account, standin, things, tara, desk):
    sale(standin, things, tara)
    with later():
        payout = schedule(account, "INR")
        with pytest.raises(PaymentClosed):
            reverse(payout, by=make_user("sam"), reason="too early")
        send(payout.pk)
    act(desk, payout, "fetch_back", reason="The tune was stolen")
    assert fresh(payout).status == "paid"
    assert run_jobs("send_reversal") == 1
    assert (fresh(payout).status, ledger.balance(f"payee:{tara.pk}", "INR")) == ("reversed", -85_000)
    assert balanced()
    assert "The tune was stolen" in desk.get(page_of(payout)).content.decode()
    with pytest.raises(PaymentClosed):
        reverse(fresh(payout), by=make_user("sam"), reason="twice")


def paid_out(account, standin, things, tara, *amounts):
    """Sales whose earnings have gone to Tara, as one payout."""
    sales = [sale(standin, things, tara, amount=amount) for amount in amounts]
    with later():
        payout = schedule(account, "INR")
        send(payout.pk)
    return sales, fresh(payout)


def backs(standin):
    return [row["amount"] for row in standin.reversals]


def test_what_a_payee_lacks_comes_back_before_the_refund(account, standin, things, tara):
    (first, second), payout = paid_out(account, standin, things, tara, 100_000, 40_000)
    with later():
        sale(standin, things, tara, amount=10_000)  # 8,500 of hers lie here
        refund(payment=first, reason="It did not fit")
        run_jobs("send_refund")
        assert (backs(standin), ledger.balance(f"payee:{tara.pk}", "INR")) == ([76_500], 0)
        assert (fresh(payout).status, fresh(payout).left_minor) == ("paid", 34_000 + 8_500)
        refund(payment=second, amount_minor=10_000, reason="half")
        run_jobs("send_refund")
    assert (backs(standin), ledger.balance(f"payee:{tara.pk}", "INR")) == ([76_500, 8_500], 0)
    asked = [line for line in standin.seen if "/reversals" in line or "/refund" in line]
    assert [line.split("/")[-1] for line in asked] == ["reversals", "reversals", "refund"] * 2
    assert balanced()


def test_a_lost_answer_fetches_back_once(account, standin, things, tara):
    (first,), payout = paid_out(account, standin, things, tara, 100_000)
    standin.trip("POST .*/reversals$", after=True, silent=1.0)
    row = refund(payment=first, reason="It did not fit")
    with pytest.raises(GatewayUnavailable):
        send_refund(row.pk)
    assert (backs(standin), fresh(row).status, fresh(payout).status) == ([85_000], "requested", "paid")
    assert resume_reversals() == 1
    send_refund(row.pk)
    assert (backs(standin), fresh(row).status, fresh(payout).status) == ([85_000], "processed", "reversed")
    assert ledger.balance(f"payee:{tara.pk}", "INR") == 0
    assert balanced()


def test_two_refunds_at_once_fetch_what_both_need(account, standin, things, tara):
    sales, payout = paid_out(account, standin, things, tara, 30_000, 20_000)
    rows = [refund(payment=payment, reason="x") for payment in sales]
    for row in rows:
        send_refund(row.pk)
    assert (sum(backs(standin)), fresh(payout).status) == (42_500, "reversed")
    assert (ledger.balance(f"payee:{tara.pk}", "INR"), balanced()) == (0, True)


def test_a_new_account_takes_the_place_of_the_old_one_unverified(account, tara):
    second = register_account(user=tara, gateway="razorpay", gateway_account_id="acc_new")
    assert (fresh(account).deleted_at is None, second.verified_at) == (False, None)
