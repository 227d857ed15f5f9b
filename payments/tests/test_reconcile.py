"""Nothing arrived: the till asks the gateway, at growing gaps, for three days."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from core import clock
from core.clock import held_at
from payments.models import Payment, PaymentEvent, PaymentStatus
from payments.selectors import paid_payment_of
from payments.services import collect_cash, reconcile, reconcile_due, refund, send
from payments.tests.till import fresh, ordered, told
from tests.cast import make_user

pytestmark = pytest.mark.django_db
LATER = timedelta(minutes=16)


@pytest.fixture
def payment(standin):
    return ordered(make_user("alice"))


def after(gap):
    return held_at(clock.now() + gap)


def test_a_lost_webhook_is_found(payment, standin):
    standin.pay(payment.gateway_order_id)
    assert reconcile_due() == {}  # too early: webhook and verify have their time
    with after(LATER):
        assert reconcile_due() == {"settled": 1}
    now = fresh(payment)
    assert (now.status, now.next_check_at, told("paid", payment.subject_id)) == ("captured", None, 1)
    with after(LATER):
        assert reconcile_due() == {}


def test_an_order_whose_id_never_came_is_found_by_its_receipt(payment, standin):
    standin.pay(payment.gateway_order_id)
    Payment.objects.filter(pk=payment.pk).update(gateway_order_id=None)
    with after(LATER):
        assert reconcile_due() == {"settled": 1}
    assert fresh(payment).gateway_order_id == payment.gateway_order_id


def test_an_order_that_was_never_made_just_expires(payment, standin):
    Payment.objects.filter(pk=payment.pk).update(gateway_order_id=None)
    standin.orders.clear()
    with after(timedelta(days=3, minutes=1)):
        assert reconcile_due() == {"expired": 1}
    assert (fresh(payment).status, told("expired", payment.subject_id)) == ("expired", 1)


def test_the_gaps_grow_for_three_days_and_then_it_ends(payment, standin):
    looks, now = [], payment.created_at
    for _ in range(20):
        due = fresh(payment).next_check_at
        if due is None:
            break
        looks.append(round((due - now) / timedelta(minutes=1)))
        with held_at(due):
            reconcile_due()
        now = due
    assert looks[:6] == [15, 30, 60, 120, 240, 480]
    assert sum(looks) <= 3 * 24 * 60
    assert fresh(payment).status == PaymentStatus.EXPIRED
    standin.pay(payment.gateway_order_id)  # even then: a person may ask
    assert reconcile(payment) == "settled"


def test_the_hold_ends_when_it_says(payment, things):
    things.hold = timedelta(minutes=20)
    short = ordered(make_user("bob"))
    with after(LATER):
        reconcile_due()
        assert fresh(short).status == "created"
    with after(timedelta(minutes=50)):
        reconcile_due()
    assert (fresh(short).status, told("expired", short.subject_id)) == ("expired", 1)
    assert fresh(payment).status == "created"


def test_an_authorisation_that_nobody_captured_is_captured(payment, standin):
    entity, _ = standin.pay(payment.gateway_order_id, status="authorized")
    assert reconcile(payment) == "processing"  # the gateway may still do it by itself
    assert standin.payments[entity["id"]]["status"] == "authorized"
    with after(LATER):
        assert reconcile_due() == {"settled": 1}
    assert standin.payments[entity["id"]]["status"] == "captured"
    assert told("paid", payment.subject_id) == 1


def test_a_wrong_amount_is_never_captured(payment, standin):
    entity, _ = standin.pay(payment.gateway_order_id, status="authorized", amount=100)
    reconcile(payment)
    with after(LATER):
        reconcile_due()
    assert (standin.payments[entity["id"]]["status"], fresh(payment).status) == ("authorized", "review")


def test_a_silent_gateway_ends_the_round_and_the_next_goes_on(payment, standin):
    second = ordered(make_user("bob"))
    for each in (payment, second):
        standin.pay(each.gateway_order_id)
    standin.trip("/payments$", status=503, body=b"")
    with after(LATER):
        assert reconcile_due() == {"gateway silent": 1}
    with after(LATER * 4):
        assert reconcile_due() == {"settled": 2}


def test_one_broken_payment_does_not_stop_the_others(payment, standin, things):
    second = ordered(make_user("bob"))
    Payment.objects.filter(pk=payment.pk).update(subject_kind="gone")
    for each in (payment, second):
        standin.pay(each.gateway_order_id)
    with after(LATER):
        assert reconcile_due() == {"error": 1, "settled": 1}


def test_the_command_shows_its_progress(payment, standin):
    standin.pay(payment.gateway_order_id)
    out = StringIO()
    call_command("reconcile_payments", "--all", stdout=out)
    assert out.getvalue().splitlines() == [
        f"[1/1] razorpay {payment.receipt}: settled",
        "     1  settled",
    ]
    out = StringIO()
    call_command("reconcile_payments", stdout=out)
    assert out.getvalue() == "Nothing to ask about.\n"


def test_it_stands_in_the_timeline(payment, standin):
    standin.pay(payment.gateway_order_id)
    reconcile(payment)
    last = PaymentEvent.objects.filter(payment=payment).order_by("at").last()
    assert (last.kind, last.source) == ("settled", "reconcile")


def test_an_authorisation_that_ran_out_grants_nothing_and_frees_the_thing(payment, standin):
    entity, _ = standin.pay(payment.gateway_order_id, status="authorized")
    reconcile(payment)
    standin.payments[entity["id"]] |= {"status": "refunded", "captured": False}
    with after(timedelta(days=4)):
        reconcile_due()
    assert (fresh(payment).status, told("paid", payment.subject_id)) == ("expired", 0)
    assert told("expired", payment.subject_id) == 1


def test_a_refund_at_the_counter_whose_job_was_lost_is_done_all_the_same(standin):
    cash = ordered(make_user("alice"), gateway="cash")
    collect_cash(payment=cash, amount_minor=cash.amount_minor, by=make_user("sam"))
    refund(payment=cash, reason="x")
    with after(LATER):
        assert reconcile_due() == {"at the counter": 1}
    assert fresh(cash).status == "refunded"


def test_what_bought_a_thing_can_be_found_while_something_is_left(payment, standin):
    assert paid_payment_of(payment.target) is None
    standin.pay(payment.gateway_order_id)
    reconcile(payment)
    assert paid_payment_of(payment.target) == payment
    send(refund(payment=payment, reason="x").pk)
    assert paid_payment_of(payment.target) is None
