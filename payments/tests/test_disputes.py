# ruff: noqa: A002 -- the words of the gateway
"""Chargebacks: suspended while open, restored when won, ended when lost."""

import pytest

from core.models import AuditEvent
from payments import ledger
from payments.errors import TooMuchRefunded
from payments.models import Dispute
from payments.services import refund, settle
from payments.tests.till import balanced, deliver, fresh, ordered, run_jobs, seen_of, told
from tests.cast import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def paid(standin):
    payment = ordered(make_user("alice"))
    entity, _ = standin.pay(payment.gateway_order_id)
    settle(gateway="razorpay", seen=seen_of(payment, id=entity["id"]), source="webhook")
    return fresh(payment)


@pytest.fixture
def bank(paid, standin, anyone):
    def says(phase, *, amount=None, id="disp_00000000000001"):
        dispute = {
            "id": id, "payment_id": paid.attempts.first().gateway_payment_id, "amount": amount or paid.amount_minor,
            "currency": "INR", "reason_code": "goods_not_received", "status": phase,
        }  # fmt: skip
        answer = deliver(anyone, *standin.webhook(f"payment.dispute.{phase}", dispute=dispute))
        assert answer.json() == {"status": "handled"}

    return says


def last_word(payment):
    row = (
        AuditEvent.objects.filter(action="test.disputed", target=str(payment.subject_id))
        .order_by("-id")
        .first()
    )
    return row.data["open"] if row else None


def test_a_dispute_that_is_won_restores_the_right(paid, bank):
    bank("created")
    bank("created")
    assert (fresh(paid).status, last_word(paid), told("disputed", paid.subject_id)) == ("disputed", True, 1)
    bank("won")
    bank("won")
    assert (fresh(paid).status, last_word(paid), told("disputed", paid.subject_id)) == ("captured", False, 2)
    assert ledger.balance("income:test_thing", "INR") == -49_900


def test_a_dispute_that_is_lost_ends_it(paid, bank):
    bank("created")
    bank("lost")
    bank("closed")
    now = fresh(paid)
    assert (now.status, now.refunded_minor, Dispute.objects.get().status) == ("charged_back", 49_900, "lost")
    refunded = AuditEvent.objects.get(action="test.refunded")
    assert refunded.data == {"amount_minor": 49_900, "full": True}
    assert (ledger.balance("income:test_thing", "INR"), ledger.balance("gateway:razorpay", "INR")) == (0, 0)
    assert balanced()
    with pytest.raises(TooMuchRefunded):
        refund(payment=now, reason="and once more")


def test_the_end_may_come_before_the_beginning(paid, bank):
    bank("lost")
    bank("created")
    assert fresh(paid).status == "charged_back"
    assert told("disputed", paid.subject_id) == 1


def test_a_lost_part_keeps_the_rest(paid, bank):
    bank("created", amount=10_000)
    bank("lost", amount=10_000)
    now = fresh(paid)
    assert (now.status, now.left_minor, last_word(paid)) == ("partially_refunded", 39_900, False)


def test_after_a_partial_refund_only_the_rest_can_be_lost(paid, bank):
    refund(payment=paid, amount_minor=9_900, reason="x")
    run_jobs("send_refund")
    bank("created")
    bank("lost")
    assert (fresh(paid).status, fresh(paid).refunded_minor) == ("charged_back", 49_900)
    assert balanced()


def test_two_disputes_suspend_until_both_have_ended(paid, bank):
    bank("created", amount=100)
    bank("created", amount=200, id="disp_00000000000002")
    bank("won", amount=100)
    assert (fresh(paid).status, last_word(paid)) == ("disputed", True)
    bank("closed", amount=200, id="disp_00000000000002")
    assert (fresh(paid).status, last_word(paid)) == ("captured", False)
