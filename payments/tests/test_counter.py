"""Cash over the counter, in parts too, and what a person decides about doubtful money."""

from uuid import uuid4

import pytest

from core.models import AuditEvent
from core.rls import as_system
from payments import ledger
from payments.errors import CashTooMuch, NotACashPayment, NotInReview, PaymentClosed, TooMuchRefunded
from payments.models import GatewayPayment, Refund, SandboxPayment
from payments.services import accept, collect_cash, refund, reject, settle
from payments.tests.till import balanced, fresh, ordered, run_jobs, seen_of, told
from tests.cast import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def sam():
    return make_user("sam")


@pytest.fixture
def cash():
    return ordered(make_user("alice"), gateway="cash")


@pytest.fixture
def doubtful():
    payment = ordered(make_user("alice"))
    settle(gateway="sandbox", seen=seen_of(payment, amount_minor=60_000), source="webhook")
    return fresh(payment)


def test_cash_in_two_parts_settles_with_the_second(cash, sam):
    collect_cash(payment=cash, amount_minor=20_000, by=sam)
    assert (fresh(cash).status, fresh(cash).captured_minor, told("paid", cash.subject_id)) == (
        "created",
        20_000,
        0,
    )
    assert ledger.balance(ledger.CUSTOMER_FUNDS, "INR") == -20_000
    collect_cash(payment=cash, amount_minor=29_900, by=sam)
    assert (fresh(cash).status, told("paid", cash.subject_id)) == ("captured", 1)
    assert ledger.balance("cash:desk", "INR") == 49_900
    assert ledger.balance("income:test_thing", "INR") == -49_900
    assert ledger.balance(ledger.CUSTOMER_FUNDS, "INR") == 0
    actions = AuditEvent.objects.filter(action="payments.cash_collected")
    assert {row.actor for row in actions} == {sam.pk}
    assert balanced()


def test_the_same_key_collects_once(cash, sam):
    for _ in range(3):
        collect_cash(payment=cash, amount_minor=10_000, by=sam, key="one")
    assert fresh(cash).captured_minor == 10_000


@pytest.mark.parametrize("amount", [0, -1, 49_901])
def test_more_than_is_due_is_not_taken(cash, sam, amount):
    with pytest.raises(CashTooMuch):
        collect_cash(payment=cash, amount_minor=amount, by=sam)
    assert GatewayPayment.objects.count() == 0


def test_an_online_payment_is_not_paid_at_the_counter(sam):
    with pytest.raises(NotACashPayment):
        collect_cash(payment=ordered(make_user("alice")), amount_minor=1, by=sam)


def test_what_is_paid_is_not_paid_again(cash, sam):
    collect_cash(payment=cash, amount_minor=49_900, by=sam)
    with pytest.raises(PaymentClosed):
        collect_cash(payment=cash, amount_minor=1, by=sam)


def test_a_part_is_given_back_and_the_whole_is_due_again(cash, sam):
    collect_cash(payment=cash, amount_minor=20_000, by=sam)
    refund(payment=cash, reason="Changed their mind", by=sam)
    run_jobs("send_refund")
    assert (fresh(cash).captured_minor, fresh(cash).status) == (0, "created")
    assert ledger.balance("cash:desk", "INR") == 0
    collect_cash(payment=cash, amount_minor=49_900, by=sam)
    assert (fresh(cash).status, told("paid", cash.subject_id)) == ("captured", 1)
    assert balanced()


def test_cash_that_cannot_be_honoured_goes_back_over_the_counter(cash, sam, things):
    things.honours = False
    collect_cash(payment=cash, amount_minor=20_000, by=sam)
    collect_cash(payment=cash, amount_minor=29_900, by=sam)
    run_jobs("send_refund")
    assert (fresh(cash).status, Refund.objects.get().status) == ("refunded", "processed")
    assert ledger.balance("cash:desk", "INR") == 0


def test_paid_cash_is_given_back_whole_or_in_part(cash, sam):
    collect_cash(payment=cash, amount_minor=49_900, by=sam)
    refund(payment=cash, amount_minor=900, reason="x", by=sam)
    refund(payment=cash, reason="y", by=sam)
    run_jobs("send_refund")
    assert (fresh(cash).status, told("refunded", cash.subject_id)) == ("refunded", 2)
    with pytest.raises(TooMuchRefunded):
        refund(payment=cash, reason="z", by=sam)


def test_the_cash_desk_over_the_api(cash, client_for, sam):
    url, desk = f"/api/v1/staff/payments/{cash.pk}/collect-cash/", client_for(sam)
    key = {"Idempotency-Key": "note-1"}
    first, again = (desk.post(url, {"amount_minor": 10_000}, headers=key) for _ in range(2))
    assert (first.status_code, first.json()["payment"]["captured_minor"]) == (200, 10_000)
    assert again.content == first.content
    other = desk.post(url, {"amount_minor": 11_000}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    rest = desk.post(url, {})
    assert rest.json()["payment"]["status"] == "captured"
    for body in ({"amount_minor": 0}, {"amount_minor": "x"}, {"amount_minor": 2**60}, {"amount": 5}):
        assert desk.post(url, body).status_code == 400
    assert client_for(make_user("alice")).post(url, {}).status_code == 403
    assert desk.post(f"/api/v1/staff/payments/{uuid4()}/collect-cash/", {}).status_code == 404


def test_staff_accepts_doubtful_money_and_what_is_above_goes_back(doubtful, sam):
    accept(payment=doubtful, by=sam, reason="They added a tip by mistake")
    now = fresh(doubtful)
    assert (now.status, now.captured_minor, now.review_reason) == ("captured", 49_900, "")
    assert told("paid", now.subject_id) == 1
    row = Refund.objects.get()
    assert (row.amount_minor, row.key) == (10_100, f"above-{row.attempt_id}")
    assert ledger.balance(ledger.CUSTOMER_FUNDS, "INR") == -10_100
    assert balanced()
    attempt = row.attempt
    with as_system("test"):
        SandboxPayment.objects.create(
            id=attempt.gateway_payment_id, order_id=now.gateway_order_id, status="captured", amount_minor=60_000,
            currency="INR",
        )  # fmt: skip
    run_jobs("send_refund")
    assert (fresh(now).status, fresh(now).refunded_minor, fresh(row).status) == ("captured", 0, "processed")
    assert ledger.balance(ledger.CUSTOMER_FUNDS, "INR") == 0
    with pytest.raises(NotInReview):
        accept(payment=now, by=sam, reason="again")


def test_staff_rejects_it_and_all_goes_back(doubtful, sam):
    reject(payment=doubtful, by=sam, reason="Not ours")
    assert (fresh(doubtful).status, told("paid", doubtful.subject_id)) == ("expired", 0)
    assert Refund.objects.get().amount_minor == 60_000
    with pytest.raises(NotInReview):
        reject(payment=doubtful, by=sam, reason="again")


def test_too_little_or_foreign_money_cannot_be_accepted(sam):
    for changes in ({"amount_minor": 100}, {"currency": "USD"}):
        payment = ordered(make_user("alice"))
        settle(gateway="sandbox", seen=seen_of(payment, **changes), source="webhook")
        with pytest.raises(NotInReview):
            accept(payment=payment, by=sam, reason="x")
        assert fresh(payment).status == "review"


def test_good_money_for_a_payment_in_review_waits_for_a_person(doubtful, sam):
    good = seen_of(doubtful)
    assert settle(gateway="sandbox", seen=good, source="webhook").outcome == "review"
    assert told("paid", doubtful.subject_id) == 0
    accept(payment=doubtful, by=sam, reason="The second try is right")
    assert (fresh(doubtful).status, told("paid", doubtful.subject_id)) == ("captured", 1)
    assert GatewayPayment.objects.get(role="settles").gateway_payment_id == good.id
    assert [(row.amount_minor, row.counts) for row in Refund.objects.all()] == [(60_000, False)]


def test_accepted_too_late_all_of_it_goes_back(doubtful, sam, things):
    things.honours = False
    accept(payment=doubtful, by=sam, reason="x")
    assert sorted(Refund.objects.values_list("amount_minor", "counts")) == [(10_100, False), (49_900, True)]
