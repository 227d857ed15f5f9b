"""Forward only: by the tables, by the database, and whatever order the events come in."""

import json
from contextlib import suppress
from itertools import pairwise
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from payments import states
from payments.errors import TooMuchRefunded, UnknownOrder
from payments.models import GatewayPayment, Payment, Refund
from payments.ports import SeenDispute, SeenRefund
from payments.services import settle, settle_refund
from payments.services.disputes import settle_dispute
from payments.tests.till import balanced, fresh, ordered, seen_of, told
from tests.cast import make_user

pytestmark = pytest.mark.django_db
ORDER = {"created": 0, "failed": 1, "expired": 1, "authorized": 2, "captured": 3, "partially_refunded": 4,
         "disputed": 4, "refunded": 5, "charged_back": 6, "review": 9}  # fmt: skip


def test_the_database_knows_the_same_moves():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text, tgargs FROM pg_trigger WHERE tgname = 'forward_only' AND tgrelid::regclass::text LIKE 'payments%'"
        )
        found = {table: json.loads(bytes(moves).rstrip(b"\0")) for table, moves in cursor.fetchall()}
    assert found == {
        table: {old: sorted(new) for old, new in machine.items()}
        for table, machine in states.MACHINES.items()
    }


@pytest.mark.parametrize("old", list(states.PAYMENT))
def test_the_database_refuses_every_step_backwards(old):
    payment = Payment.objects.create(
        subject_kind="test_thing", subject_id=uuid4(), gateway="sandbox", amount_minor=100, currency="INR",
        receipt="one", status=old,
    )  # fmt: skip
    reached = set()
    for new in set(states.PAYMENT) - {old}:
        with suppress(IntegrityError), transaction.atomic():
            Payment.objects.filter(pk=payment.pk).update(status=new)
            reached.add(new)
            transaction.set_rollback(True)
    assert reached == states.PAYMENT[old]


ATTEMPTS = ("A", "B")
PAYMENT_STEPS = st.tuples(
    st.just("payment"),
    st.sampled_from(ATTEMPTS),
    st.sampled_from(["created", "authorized", "captured", "failed", "refunded"]),
)
REFUND_STEPS = st.tuples(
    st.just("refund"),
    st.sampled_from(["rfnd_1", "rfnd_2"]),
    st.sampled_from(["pending", "processed", "failed"]),
)
DISPUTE_STEPS = st.tuples(
    st.just("dispute"), st.sampled_from(["disp_1"]), st.sampled_from(["created", "won", "lost", "closed"])
)


@given(st.lists(st.one_of(PAYMENT_STEPS, PAYMENT_STEPS, REFUND_STEPS, DISPUTE_STEPS), max_size=14))
@hypothesis_settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_events_in_any_order_move_forward_and_keep_the_books(things, steps):
    payment = ordered(make_user("alice"))
    statuses = ["created"]
    for what, name, status in steps:
        with suppress(UnknownOrder, TooMuchRefunded), transaction.atomic():
            one_step(payment, what, name, status)
        check_invariants(payment)
        statuses.append(fresh(payment).status)
    for old, new in pairwise(statuses):
        assert ORDER[new] >= ORDER[old] or old == "disputed", statuses


def one_step(payment, what, name, status):
    first, tag = f"pay_A{payment.pk.hex}", payment.pk.hex
    if what == "payment":
        settle(gateway="sandbox", seen=seen_of(payment, status, id=f"pay_{name}{tag}"), source="webhook")
    elif what == "refund":
        seen = SeenRefund(f"{name}{tag}", first, 20_000, "INR", status)
        settle_refund(gateway="sandbox", seen=seen, source="webhook")
    else:
        seen = SeenDispute(f"{name}{tag}", first, 49_900, "INR", status)
        settle_dispute(gateway="sandbox", seen=seen, source="webhook")


def check_invariants(payment):
    now = fresh(payment)
    captured = list(GatewayPayment.objects.filter(payment=payment, status="captured").order_by("role"))
    assert told("paid", payment.subject_id) == (1 if captured else 0)
    assert [attempt.role for attempt in captured] in ([], ["settles"], ["extra", "settles"])
    assert 0 <= now.refunded_minor <= now.captured_minor <= now.amount_minor
    for attempt in captured:
        out = sum(
            Refund.objects.filter(attempt=attempt, status="processed").values_list("amount_minor", flat=True)
        )
        assert out <= attempt.reserved_minor <= attempt.amount_minor
    assert balanced()
