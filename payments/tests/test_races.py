# ruff: noqa: A002 -- the words of the ports
"""Storms on real PostgreSQL: many at once, one effect."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import orjson
import pytest
from django.conf import settings
from django.db import connections

from core.refs import Ref
from core.rls import as_system, as_user
from payments import ledger
from payments.gateways.sandbox import new_id
from payments.gateways.signatures import checkout_message, sign
from payments.models import (
    GatewayPayment,
    Invoice,
    JournalEntry,
    Payment,
    Refund,
    SandboxOrder,
    WebhookEvent,
)
from payments.services import collect_cash, open_order, orders, refund, settle
from payments.services.payouts import register_account, schedule, verify_account
from payments.services.verifying import verify
from payments.services.webhooks import receive
from payments.tests.till import KIND, balanced, fresh, ordered, paid_at_sandbox, seen_of, told
from tests.cast import make_user

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 20


def at_once(deed, count=MANY):
    """Run `deed(number)` in as many threads as there are calls; results and refusals."""

    def one(number):
        try:
            return deed(number)
        except Exception as problem:
            return problem
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


@pytest.fixture
def alice():
    with as_system("test"):
        return make_user("alice")


def one_effect(payment):
    with as_system("test"):
        assert (fresh(payment).status, told("paid", payment.subject_id)) == ("captured", 1)
        assert told("told_captured", payment.subject_id) == 1
        assert (Invoice.objects.count(), GatewayPayment.objects.count(), Refund.objects.count()) == (1, 1, 0)
        assert JournalEntry.objects.count() == 2
        assert ledger.balance("gateway:sandbox", "INR") == payment.amount_minor
    assert balanced()


def client_result(payment, payment_id):
    message = checkout_message(order_id=payment.gateway_order_id, payment_id=payment_id)
    return {
        "razorpay_order_id": payment.gateway_order_id,
        "razorpay_payment_id": payment_id,
        "razorpay_signature": sign(message, settings.SANDBOX_SECRET),
    }


def webhook(payment, payment_id, kind):
    entity = {
        "id": payment_id, "order_id": payment.gateway_order_id, "status": "captured", "method": "card",
        "amount": payment.amount_minor, "currency": payment.currency,
    }  # fmt: skip
    raw = orjson.dumps({"event": kind, "payload": {"payment": {"entity": entity}}})
    return raw, {
        "X-Razorpay-Signature": sign(raw, settings.SANDBOX_WEBHOOK_SECRET),
        "X-Razorpay-Event-Id": new_id("evt"),
    }


def test_verify_captured_and_paid_at_once_are_one_settlement(alice):
    """Twenty of each door: sixty stories of the same money."""
    payment = ordered(alice)
    row = paid_at_sandbox(payment)
    data = client_result(payment, row.pk)

    def door(number):
        if number % 3 == 0:
            return verify(payer=alice, data=data)[1]
        raw, headers = webhook(payment, row.pk, "payment.captured" if number % 3 == 1 else "order.paid")
        return receive(gateway="sandbox", raw=raw, headers=headers).state

    answers = at_once(door, 3 * MANY)
    assert [answer for answer in answers if isinstance(answer, Exception)] == []
    one_effect(payment)
    with as_system("test"):
        assert WebhookEvent.objects.exclude(state="handled").count() == 0
        assert WebhookEvent.objects.count() == 2 * MANY


def test_one_event_delivered_twenty_times_at_once_is_one_event(alice):
    payment = ordered(alice)
    raw, headers = webhook(payment, paid_at_sandbox(payment).pk, "payment.captured")
    at_once(lambda _: receive(gateway="sandbox", raw=raw, headers=headers))
    one_effect(payment)
    with as_system("test"):
        assert WebhookEvent.objects.count() == 1


def test_two_payments_of_one_order_at_once_settle_one_and_give_one_back(alice):
    payment = ordered(alice)
    rows = [paid_at_sandbox(payment), paid_at_sandbox(payment)]
    at_once(
        lambda n: settle(gateway="sandbox", seen=seen_of(payment, id=rows[n % 2].pk), source="webhook"), 10
    )
    with as_system("test"):
        assert told("paid", payment.subject_id) == 1
        assert sorted(GatewayPayment.objects.values_list("role", flat=True)) == ["extra", "settles"]
        assert Refund.objects.get().attempt.role == "extra"
    assert balanced()


def test_twenty_orders_of_one_thing_at_once_are_one_order(alice):
    thing = uuid4()

    def order(_):
        with as_user(alice):
            payment = open_order(payer=alice, target=Ref(KIND, thing))
        return orders.ensure_gateway_order(payment).gateway_order_id

    ids = at_once(order)
    assert len(set(ids)) == 1
    with as_system("test"):
        assert (Payment.objects.count(), SandboxOrder.objects.count()) == (1, 1)


def test_refunds_at_once_never_give_back_more_than_was_paid(alice):
    payment = ordered(alice)
    settle(gateway="sandbox", seen=seen_of(payment, id=paid_at_sandbox(payment).pk), source="webhook")
    results = at_once(lambda _: refund(payment=payment, amount_minor=9_000, reason="x"))
    made = [row for row in results if isinstance(row, Refund)]
    assert (len(made), {type(row).__name__ for row in results}) == (5, {"Refund", "TooMuchRefunded"})


def test_the_same_refund_key_at_once_is_one_refund(alice):
    payment = ordered(alice)
    settle(gateway="sandbox", seen=seen_of(payment, id=paid_at_sandbox(payment).pk), source="webhook")
    rows = at_once(lambda _: refund(payment=payment, amount_minor=9_000, reason="x", key="one").pk)
    assert len(set(rows)) == 1


def test_cash_at_two_desks_is_never_more_than_is_due(alice):
    payment = ordered(alice, gateway="cash")
    results = at_once(lambda _: collect_cash(payment=payment, amount_minor=10_000, by=alice), 8)
    assert sum(isinstance(row, Payment) for row in results) == 4
    assert fresh(payment).captured_minor == 40_000


def test_invoice_numbers_have_no_gaps_under_load_and_failures(alice, things):
    payments = [ordered(alice) for _ in range(8)]

    def pay(number):
        return settle(gateway="sandbox", seen=seen_of(payments[number]), source="webhook").outcome

    def broken(self, id):
        if id in {payments[2].subject_id, payments[5].subject_id}:
            raise RuntimeError
        return True

    type(things).paid, whole = broken, type(things).paid
    try:
        at_once(pay, 8)
    finally:
        type(things).paid = whole
    assert [pay(2), pay(5)] == ["settled", "settled"]
    with as_system("test"):
        numbers = sorted(Invoice.objects.values_list("number", flat=True))
    assert numbers == list(range(1, 9))
    assert balanced()


def test_earnings_are_paid_out_once_however_many_ask(alice, things, settings):
    settings.REFUND_WINDOW = timedelta(0)
    with as_system("test"):
        tara = make_user("tara")
    things.payee_id = tara.pk
    settle(gateway="sandbox", seen=seen_of(ordered(alice)), source="webhook")
    account = register_account(user=tara, gateway="razorpay", gateway_account_id="acc_tara")
    verify_account(account, by=alice)
    account = fresh(account)
    made = [row for row in at_once(lambda _: schedule(account, "INR"), 8) if row is not None]
    assert [row.amount_minor for row in made] == [49_900]
    assert balanced()


STORM = """
import json, os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings_test"
import django
django.setup()
from django.db import connection
connection.settings_dict["NAME"] = sys.argv[1]
from core.rls import as_system
from payments.ports import payables, settled
from payments.services.verifying import verify
from payments.services.webhooks import receive
from payments.tests.till import KIND, Listener, Things
from users.models import User
payables.register(KIND, Things())
settled.register("test_listener", Listener())
with as_system("test"):
    payer = User.objects.get(pk=sys.argv[2])
print("ready", flush=True)
for door in json.loads(sys.stdin.readline()):
    if "data" in door:
        print(verify(payer=payer, data=door["data"])[0].status)
    else:
        print(receive(gateway="sandbox", raw=door["raw"].encode(), headers=door["headers"]).state)
"""
PROCESSES = 4


def test_several_processes_come_through_every_door_and_settle_once(alice):
    """Four processes: verify, payment.captured and order.paid, twenty times each."""
    payment = ordered(alice)
    row = paid_at_sandbox(payment)
    name = connections["default"].settings_dict["NAME"]
    command = [sys.executable, "-c", STORM, name, str(alice.pk)]
    children = [
        subprocess.Popen(
            command, cwd=Path(__file__).resolve().parents[2], env=os.environ | {"REVSYNC_DB_ROLE": "revsync_app"},
            text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for _ in range(PROCESSES)
    ]  # fmt: skip
    for child in children:
        assert child.stdout.readline() == "ready\n", child.stderr.read()
    for child in children:
        doors = []
        for _ in range(MANY // PROCESSES):
            doors.append({"data": client_result(payment, row.pk)})
            for kind in ("payment.captured", "order.paid"):
                raw, headers = webhook(payment, row.pk, kind)
                doors.append({"raw": raw.decode(), "headers": headers})
        child.stdin.write(orjson.dumps(doors).decode() + "\n")
        child.stdin.flush()
    answers = []
    for child in children:
        out, err = child.communicate(timeout=60)
        assert child.returncode == 0, err
        answers += out.split()
    assert sorted(answers) == ["captured"] * MANY + ["handled"] * 2 * MANY
    one_effect(payment)
    with as_system("test"):
        assert WebhookEvent.objects.filter(state="handled").count() == 2 * MANY
