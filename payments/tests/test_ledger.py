"""The books: nothing is lost in a split, nothing unbalanced is kept, nothing is changed."""

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.rls import as_system, as_user
from payments import ledger
from payments.amounts import money
from payments.models import Invoice, JournalEntry, LedgerAccount, PaymentEvent, Posting
from payments.services import settle
from payments.tests.till import balanced, ordered, seen_of
from tests.cast import make_user

pytestmark = pytest.mark.django_db
WEIGHTS = st.lists(st.integers(0, 10_000), min_size=1, max_size=6).filter(any)


@given(st.integers(-(10**12), 10**12), WEIGHTS)
@hypothesis_settings(max_examples=200)
def test_a_split_loses_nothing_and_is_never_off_by_a_unit(amount, weights):
    parts = ledger.split(amount, weights)
    assert sum(parts) == amount
    total = sum(weights)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * total - amount * weight) < total
        assert weight or part == 0


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10_000))
@hypothesis_settings(max_examples=200)
def test_parts_of_two_only_grow_with_the_whole(first, more, bps):
    """So a refund in steps never takes from one side to give to the other."""
    small, large = (ledger.split(amount, [10_000 - bps, bps]) for amount in (first, first + more))
    assert all(a <= b for a, b in zip(small, large, strict=True))


@pytest.mark.parametrize(
    "amount, weights, parts",
    [(100, [1, 1, 1], [34, 33, 33]), (-100, [1, 1, 1], [-34, -33, -33]), (0, [3, 1], [0, 0]), (1, [0, 5], [0, 1]),
     (49_900, [8_500, 1_500], [42_415, 7_485]), (5, [1, 1], [3, 2])],
)  # fmt: skip
def test_splits_as_people_expect_them(amount, weights, parts):
    assert ledger.split(amount, weights) == parts


@pytest.mark.parametrize("weights", [[], [0, 0], [-1, 2]])
def test_weights_that_make_no_sense(weights):
    with pytest.raises(ValueError, match="Weights"):
        ledger.split(100, weights)


def settle_up():
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def book(lines, source="test:1", currency="INR"):
    return ledger.book(source=source, kind="test", currency=currency, lines=lines)


def test_the_database_refuses_lines_that_do_not_sum_to_zero():
    with pytest.raises(IntegrityError, match="does not sum to zero"), transaction.atomic():
        book([("cash:desk", 100), ("customer_funds", -99)])
        settle_up()
    with pytest.raises(IntegrityError, match="has no lines"), transaction.atomic():
        book([("cash:desk", 0)])
        settle_up()
    assert Posting.objects.count() == 0


def test_currencies_are_balanced_each_for_itself():
    entry = book([("cash:desk", 100), ("customer_funds", -100)])
    with pytest.raises(IntegrityError, match="does not sum to zero"), transaction.atomic():
        for amount, currency in ((5, "INR"), (-5, "USD")):
            Posting.objects.create(
                entry=entry, account_id=ledger.account("cash:desk"), amount_minor=amount, currency=currency
            )
        settle_up()
    assert balanced()


def test_a_fact_is_booked_once():
    assert book([("cash:desk", 100), ("customer_funds", -100)]) is not None
    assert book([("cash:desk", 100), ("customer_funds", -100)]) is None
    assert ledger.balance("cash:desk", "INR") == 100


@pytest.mark.parametrize("model", [Posting, JournalEntry, LedgerAccount, PaymentEvent, Invoice])
@pytest.mark.parametrize("role", ["revsync_app", "revsync_system", "owner"])
def test_nobody_changes_or_deletes(model, role):
    payment = ordered(make_user("alice"))
    settle(gateway="sandbox", seen=seen_of(payment), source="webhook")
    settle_up()
    table, row = model._meta.db_table, model.objects.first()
    column = "currency" if model in {Posting, Invoice} else "kind"
    for statement in (f"UPDATE {table} SET {column} = 'XXX'", f"DELETE FROM {table}"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE NONE" if role == "owner" else f"SET LOCAL ROLE {role}")
            cursor.execute(statement)
    assert model.objects.get(pk=row.pk) == row


def test_the_books_of_a_sale_and_the_statements_of_its_people(things):
    tara = make_user("tara")
    things.payee_id, things.commission_bps = tara.pk, 1_500
    payment = ordered(make_user("alice"))
    settle(gateway="sandbox", seen=seen_of(payment), source="webhook")
    lines = {line.account: (line.debit_minor, line.credit_minor) for line in ledger.trial_balance()}
    assert lines == {
        "gateway:sandbox": (49_900, 0),
        "customer_funds": (49_900, 49_900),
        f"payee:{tara.pk}": (0, 42_415),
        "income:test_thing": (0, 7_485),
    }
    assert [row.amount_minor for row in ledger.statement(tara.pk)] == [-42_415]
    with as_user(tara):
        assert [row.entry.description for row in ledger.statement(tara.pk)] == [
            "A test thing (INR 499.00, commission 15 %)"
        ]
        assert Posting.objects.count() == 1
    with as_user(make_user("alice")):
        assert (Posting.objects.count(), JournalEntry.objects.count(), LedgerAccount.objects.count()) == (
            0,
            0,
            0,
        )


def test_the_web_role_cannot_book():
    with as_user(make_user("alice")), pytest.raises(DatabaseError), transaction.atomic():
        LedgerAccount.objects.create(code="cash:mine", kind="asset")
    with as_system("test"):
        assert LedgerAccount.objects.count() == 0


def test_staff_read_the_trial_balance(client_for):
    payment = ordered(make_user("alice"))
    settle(gateway="sandbox", seen=seen_of(payment), source="webhook")
    answer = client_for(make_user("sam")).get("/api/v1/staff/ledger/trial-balance/")
    assert (answer.status_code, answer.json()["balanced"]) == (200, True)
    assert answer.json()["totals"] == [{"currency": "INR", "balance_minor": 0}]
    assert client_for(make_user("alice")).get("/api/v1/staff/ledger/trial-balance/").status_code == 403


@pytest.mark.parametrize(
    "amount, currency, text",
    [(123_456, "INR", "INR 1,234.56"), (5, "INR", "INR 0.05"), (-5, "EUR", "EUR -0.05"), (1_980, "JPY", "JPY 1,980"),
     (1_234, "KWD", "KWD 1.234"), (2**53, "INR", "INR 90,071,992,547,409.92")],
)  # fmt: skip
def test_amounts_as_people_write_them(amount, currency, text):
    assert money(amount, currency) == text
