"""Random stories on real rows: whatever a member, the till, a gateway and time do, in whatever order."""

from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from core import clock
from core.clock import held_at
from core.errors import DomainError
from memberships.machine import tick
from memberships.models import Membership, MembershipInvoice
from memberships.services import joining, renewing
from memberships.services.leaving import end_by_staff
from memberships.services.lives import KIND, rules, term_of
from memberships.states import ENTITLED, LIVE
from memberships.tests.making import give_back, make_plan, pay
from payments.models import Payment
from payments.models.money import OPEN
from payments.services import expire, rewards
from payments.tests.till import balanced
from users.models import User
from users.selectors import account_payload

pytestmark = pytest.mark.django_db


def payments(user, **wanted):
    return Payment.objects.filter(subject_kind=KIND, user=user, **wanted).order_by("-created_at")


def pay_open(user):
    if order := payments(user, status__in=OPEN).first():
        pay(order.pk)


def pay_closed(user):
    """Money for an order that is over."""
    if order := payments(user, status="expired", gateway="sandbox").exclude(gateway_order_id=None).first():
        pay(order.pk)


def run_out(user):
    if order := payments(user, status__in=OPEN).first():
        expire(order)


def refund_newest(user):
    if paid := payments(user, honoured=True, status__in=["captured", "partially_refunded"]).first():
        give_back(paid)


def refund_part(user):
    if paid := payments(user, honoured=True, status="captured", amount_minor__gt=100).first():
        give_back(paid, 100)


def end(user):
    if row := Membership.objects.filter(user=user, status__in=LIVE).first():
        end_by_staff(membership_id=row.pk, reason="story", by=user)


DEEDS = {
    "join basic": lambda user: joining.subscribe(user=user, plan=make_plan("basic")),
    "join plus": lambda user: joining.subscribe(user=user, plan=make_plan("plus")),
    "join with rewards": lambda user: joining.subscribe(
        user=user, plan=make_plan("basic"), rewards_minor=9_900
    ),
    "to basic": lambda user: joining.change(user=user, plan=make_plan("basic")),
    "to plus": lambda user: joining.change(user=user, plan=make_plan("plus"), rewards_minor=5_000),
    "to pro": lambda user: joining.change(user=user, plan=make_plan("pro")),
    "leave": lambda user: joining.cancel(user=user, reason="other"),
    "come back": lambda user: joining.resume(user=user),
    "pay": pay_open,
    "pay again": pay_open,
    "pay late": pay_closed,
    "run out": run_out,
    "refund": refund_newest,
    "refund a part": refund_part,
    "the job": lambda user: renewing.run_due(),
    "staff end it": end,
}
BEGINNINGS = [[], [("join basic", 0), ("pay", 0)], [("join plus", 0), ("pay", 0)]]
stories = st.lists(
    st.tuples(st.sampled_from(sorted(DEEDS)), st.sampled_from([0, 1, 26, 31, 38, 70])), max_size=14
)


@limits(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(BEGINNINGS), stories)
def test_no_story_breaks_the_club(db, beginning, story):
    user = User.objects.create_user(email=f"{uuid4().hex}@example.com", password=None)
    rewards.earn(user_id=user.pk, amount_minor=30_000, currency="INR", source=uuid4())
    now = clock.now()
    for name, days in [*beginning, *story]:
        now += timedelta(days=days, minutes=1)
        with held_at(now):
            assert answered(DEEDS[name], user) in {200, 400, 404, 409}, name
            holds(user, now)
    assert balanced()


def answered(deed, user):
    """The status of the answer; what is no refusal of ours breaks the test."""
    try:
        deed(user)
    except DomainError as refusal:
        return refusal.status
    return 200


def holds(user, now):
    """What is true after every deed."""
    rows = list(Membership.objects.filter(user=user))
    live = [row for row in rows if row.status in LIVE]
    assert len(live) <= 1
    shown = account_payload(user.pk)["membership_id"]
    assert shown == (live[0].pk if live and live[0].status in ENTITLED else None)
    bills = MembershipInvoice.objects.filter(membership__user=user, status="open")
    assert {bill.membership_id for bill in bills} <= {row.pk for row in live}
    for row in rows:
        term = term_of(row)
        assert tick(term, row.ended_at or term.created_at, rules()).status == row.status
        if row.status in {"active", "past_due", "halted"}:
            newest = MembershipInvoice.objects.filter(membership=row, status="paid").latest("paid_at")
            assert (newest.plan_id, newest.price_minor) == (row.plan_id, row.price_minor)
    for order in payments(user, status__in=OPEN):
        assert order.subject_id in {row.pk for row in live}
        assert order.worth_minor == bills.get(membership_id=order.subject_id).due_minor
    assert rewards.balance(user.pk, "INR") >= 0
