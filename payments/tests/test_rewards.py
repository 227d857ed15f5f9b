"""Rewards pay: a part or all, held while it is open, back when it comes to nothing, never below zero."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from django.db.utils import IntegrityError
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from core.refs import Ref
from core.rls import as_system
from payments import ledger
from payments.errors import AmountNotPossible, MoreRewardsThanDue, NotEnoughRewards
from payments.gateways import wire
from payments.models import Invoice, JournalEntry, Payment, Refund
from payments.services import collect_cash, expire, open_order, orders, refund, rewards, send, settle
from payments.services.books import rewards_back
from payments.tests.test_races import at_once
from payments.tests.till import KIND, balanced, fresh, ordered, paid_at_sandbox, seen_of, told
from tests.cast import make_user

pytestmark = pytest.mark.django_db
PRICE = 49_900


@pytest.fixture
def alice(db):
    person = make_user("alice")
    rewards.earn(user_id=person.pk, amount_minor=60_000, currency="INR", source="welcome")
    return person


def opened(payer, rewards_minor, *, gateway=None, thing=None):
    return open_order(
        payer=payer, target=Ref(KIND, thing or uuid4()), gateway=gateway, rewards_minor=rewards_minor
    )


def at_gateway(payment):
    """The open payment with its order at the sandbox."""
    return orders.ensure_gateway_order(payment)


def pay(payment):
    seen = seen_of(payment, id=paid_at_sandbox(payment).pk)
    return settle(gateway=payment.gateway, seen=seen, source="webhook")


def balance(user):
    return rewards.balance(user.pk, "INR")


def account(code):
    return ledger.balance(code, "INR")


def test_earning_happens_once_a_source(alice):
    assert not rewards.earn(user_id=alice.pk, amount_minor=60_000, currency="INR", source="welcome")
    assert (balance(alice), account("expense:rewards"), balanced()) == (60_000, 60_000, True)


def test_a_part_is_held_then_earned_with_the_money(alice):
    payment = at_gateway(opened(alice, 10_000))
    assert (payment.amount_minor, payment.rewards_minor, payment.worth_minor) == (39_900, 10_000, PRICE)
    assert (balance(alice), account("customer_funds")) == (50_000, -10_000)
    assert [line["amount_minor"] for line in payment.lines] == [PRICE, -10_000]
    assert pay(payment).outcome == "settled"
    assert (account("gateway:sandbox"), account(f"income:{KIND}"), account("customer_funds")) == (
        39_900,
        -PRICE,
        0,
    )
    assert (Invoice.objects.get().total_minor, told("paid", payment.subject_id)) == (39_900, 1)
    assert (balance(alice), balanced()) == (50_000, True)


def test_a_tuner_earns_of_the_whole_price(alice, things):
    things.payee_id, things.commission_bps = make_user("tara").pk, 1_000
    pay(at_gateway(opened(alice, 10_000)))
    assert account(f"payee:{things.payee_id}") == -44_910
    assert account(f"income:{KIND}") == -4_990


def test_an_unpaid_order_gives_them_back(alice):
    payment = opened(alice, 10_000)
    assert expire(payment)
    assert (balance(alice), account("customer_funds"), fresh(payment).rewards_held) == (60_000, 0, False)
    assert not expire(payment)
    assert (balance(alice), balanced()) == (60_000, True)


def test_asking_again_keeps_them_and_another_number_changes_them(alice):
    thing = uuid4()
    first = opened(alice, 10_000, thing=thing)
    assert opened(alice, None, thing=thing).pk == opened(alice, 10_000, thing=thing).pk == first.pk
    second = opened(alice, 20_000, thing=thing)
    assert (second.amount_minor, balance(alice), fresh(first).status) == (29_900, 40_000, "expired")
    third = opened(alice, 0, thing=thing)
    assert (third.amount_minor, balance(alice)) == (PRICE, 60_000)


@pytest.mark.parametrize(
    "wanted,refusal",
    [(60_001, MoreRewardsThanDue), (PRICE + 1, MoreRewardsThanDue), (PRICE - 99, AmountNotPossible)],
)
def test_odd_wishes_are_refused_and_leave_no_trace(alice, wanted, refusal):
    with pytest.raises(refusal), transaction.atomic():
        opened(alice, wanted)
    assert (Payment.objects.count(), balance(alice)) == (0, 60_000)


def test_an_overspend_is_refused_and_leaves_no_trace(alice):
    bob = make_user("bob")
    for wanted in (1, PRICE):
        with pytest.raises(NotEnoughRewards) as refusal, transaction.atomic():
            opened(bob, wanted)
        assert refusal.value.fields == {"rewards_minor": ["You have 0."]}
    with pytest.raises(NotEnoughRewards), transaction.atomic():
        opened(None, 1)
    assert (Payment.objects.count(), JournalEntry.objects.count()) == (0, 1)


def test_all_of_it_is_settled_at_once(alice):
    payment = opened(alice, PRICE)
    assert (payment.gateway, payment.status, payment.honoured) == ("rewards", "captured", True)
    assert (balance(alice), account(f"income:{KIND}")) == (10_100, -PRICE)
    assert told("paid", payment.subject_id) == 1
    send(refund(payment=payment, amount_minor=900, reason="x").pk)
    assert (balance(alice), fresh(payment).status) == (11_000, "partially_refunded")
    send(refund(payment=payment, reason="x").pk)
    assert (balance(alice), account(f"income:{KIND}"), balanced()) == (60_000, 0, True)


def test_all_of_it_for_a_thing_that_is_gone_comes_back(alice, things):
    things.honours = False
    payment = opened(alice, PRICE)
    assert (payment.honoured, balance(alice)) == (False, 10_100)
    send(Refund.objects.get().pk)
    assert (balance(alice), account("customer_funds"), balanced()) == (60_000, 0, True)


def test_a_refund_gives_them_back_in_proportion(alice):
    payment = at_gateway(opened(alice, 10_000))
    pay(payment)
    send(refund(payment=fresh(payment), amount_minor=19_950, reason="half").pk)
    assert (balance(alice), fresh(payment).rewards_back_minor) == (55_000, 5_000)
    assert fresh(payment).worth_left_minor == 24_950
    send(refund(payment=fresh(payment), reason="rest").pk)
    assert (balance(alice), account(f"income:{KIND}"), account("gateway:sandbox")) == (60_000, 0, 0)
    assert balanced()


def test_what_cannot_be_honoured_gives_both_back(alice, things):
    things.honours = False
    payment = at_gateway(opened(alice, 10_000))
    assert pay(payment).outcome == "refunding"
    assert (balance(alice), account("customer_funds")) == (60_000, -39_900)
    send(Refund.objects.get().pk)
    assert (account("customer_funds"), account("gateway:sandbox"), balanced()) == (0, 0, True)


def test_late_money_takes_them_again_or_goes_back(alice):
    first, second = at_gateway(opened(alice, 30_000)), at_gateway(opened(alice, 30_000))
    expire(first)
    expire(second)
    opened(alice, PRICE)
    assert balance(alice) == 10_100
    assert pay(second).outcome == "refunding"
    assert (balance(alice), fresh(second).honoured) == (10_100, False)
    rewards.earn(user_id=alice.pk, amount_minor=30_000, currency="INR", source="more")
    assert pay(first).outcome == "settled"
    assert (balance(alice), balanced()) == (10_100, True)


def test_at_the_counter_too(alice):
    payment = opened(alice, 10_000, gateway="cash")
    collect_cash(payment=payment, amount_minor=39_900, by=None)
    assert (fresh(payment).status, account("cash:desk"), account(f"income:{KIND}")) == (
        "captured",
        39_900,
        -PRICE,
    )


def test_taking_back_stops_at_nothing_left(alice):
    assert (
        rewards.take(user_id=alice.pk, amount_minor=50_000, currency="INR", source="a", kind="expired")
        == 50_000
    )
    assert (
        rewards.take(user_id=alice.pk, amount_minor=50_000, currency="INR", source="a", kind="expired") == 0
    )
    assert (
        rewards.take(user_id=alice.pk, amount_minor=50_000, currency="INR", source="b", kind="expired")
        == 10_000
    )
    assert (balance(alice), balanced()) == (0, True)


def test_the_database_itself_refuses_a_balance_below_zero(alice):
    with pytest.raises(IntegrityError, match="below zero"), transaction.atomic():
        ledger.book(
            source="forged", kind="x", currency="INR",
            lines=[(rewards.account_of(alice.pk), 60_001), ("expense:rewards", -60_001)],
        )  # fmt: skip
    with pytest.raises(IntegrityError, match="below zero"), transaction.atomic():
        ledger.book(
            source="forged", kind="x", currency="USD",
            lines=[(rewards.account_of(alice.pk), 1), ("expense:rewards", -1)],
        )  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_many_spends_at_once_never_pass_the_balance():
    with as_system("test"):
        person = make_user("alice")
        rewards.earn(user_id=person.pk, amount_minor=35_000, currency="INR", source="welcome")

    def spend(number):
        with as_system("test"):
            return opened(person, 10_000 if number % 2 else PRICE)

    results = at_once(spend, 12)
    with as_system("test"):
        assert sum(isinstance(row, Payment) for row in results) == 3
        assert {type(row) for row in results} == {Payment, NotEnoughRewards}
        assert (balance(person), Payment.objects.count()) == (5_000, 3)
    assert balanced()


@pytest.mark.django_db(transaction=True)
def test_many_debits_past_the_kind_words_meet_the_wall():
    with as_system("test"):
        person = make_user("alice")
        rewards.earn(user_id=person.pk, amount_minor=35_000, currency="INR", source="welcome")

    def debit(number):
        ledger.book(
            source=f"raw:{number}", kind="x", currency="INR",
            lines=[(rewards.account_of(person.pk), 10_000), ("expense:rewards", -10_000)],
        )  # fmt: skip

    results = at_once(debit, 8)
    with as_system("test"):
        assert sum(row is None for row in results) == 3
        assert (balance(person), balanced()) == (5_000, True)


@limits(max_examples=60, deadline=timedelta(seconds=2))
@given(
    st.integers(1, 10**6),
    st.integers(1, 10**6),
    st.lists(st.integers(1, 10**5), max_size=12),
)
def test_whatever_the_parts_the_last_unit_brings_the_last_reward(amount, spent, parts):
    payment = Payment(amount_minor=amount, captured_minor=amount, rewards_minor=spent)
    for part in [*parts, amount]:
        now = min(part, payment.left_minor)
        back = rewards_back(payment, now)
        assert 0 <= back <= spent - payment.rewards_back_minor
        payment.refunded_minor += now
        payment.rewards_back_minor += back
    assert (payment.left_minor, payment.rewards_back_minor) == (0, spent)


def test_the_order_answers_what_rewards_pay(alice, client_for):
    row = ordered(alice)
    answer = client_for(alice).get(f"/api/v1/payments/{row.pk}/").json()
    assert (answer["rewards_minor"], answer["amount_minor"]) == (0, PRICE)


@pytest.mark.parametrize(
    "entity,tells",
    [
        ({}, False),
        ({"vpa": None, "card": None}, False),
        ({"card": {"last4": "4242", "network": "Visa"}}, False),  # too little to tell two people apart
        ({"card": {"last4": "4242", "network": "Visa", "name": "ALICE"}}, True),
        ({"vpa": "Alice@upi"}, True),
    ],
)
def test_what_was_paid_with_is_kept_as_a_hash_where_the_gateway_tells_it(entity, tells):
    found = wire.instrument(entity)
    assert (len(found), found) == (64 if tells else 0, wire.instrument(entity))


def test_a_payment_address_is_the_same_in_any_case():
    one, same, other = (wire.instrument({"vpa": name}) for name in ("alice@UPI", "Alice@upi", "bob@upi"))
    assert one == same != other
