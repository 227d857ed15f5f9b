"""Payees get what has cleared, once, and nothing while they owe."""

from datetime import timedelta

import pytest

from core import clock
from core.clock import held_at
from payments import ledger
from payments.errors import GatewayUnavailable, PaymentClosed
from payments.models import Payout
from payments.ports import SeenDispute
from payments.services import refund, settle
from payments.services.disputes import settle_dispute
from payments.services.payouts import (
    cleared,
    register_account,
    resume,
    reverse,
    schedule,
    schedule_all,
    send,
    verify_account,
)
from payments.tests.till import balanced, deliver, fresh, ordered, run_jobs, seen_of
from tests.cast import make_user

pytestmark = pytest.mark.django_db
CLEAR = timedelta(days=15)


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
        refund(payment=first, reason="x")
        run_jobs("send_refund")
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


def test_a_payout_is_fetched_back_before_a_refund(account, standin, things, tara):
    sale(standin, things, tara)
    with later():
        payout = schedule(account, "INR")
        with pytest.raises(PaymentClosed):
            reverse(payout, by=make_user("sam"), reason="too early")
        send(payout.pk)
    done = reverse(fresh(payout), by=make_user("sam"), reason="The tune was stolen")
    assert (done.status, ledger.balance(f"payee:{tara.pk}", "INR")) == ("reversed", -85_000)
    assert balanced()


def test_a_new_account_takes_the_place_of_the_old_one_unverified(account, tara):
    second = register_account(user=tara, gateway="razorpay", gateway_account_id="acc_new")
    assert (fresh(account).deleted_at is None, second.verified_at) == (False, None)
