"""A change of plan where the gateway renews: it is carried there, else our job goes on; nobody pays a day twice."""

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from core.clock import held_at
from core.models import AuditEvent
from core.rls import as_system
from memberships.models import Membership, MembershipInvoice
from memberships.services import joining, renewing
from memberships.services.lives import KIND
from memberships.tests.gateway import Standing
from memberships.tests.making import fresh, give_back
from memberships.tests.test_members import at_once
from memberships.tests.test_stories import answered
from payments.models import GatewayPayment, Payment, Refund, WebhookEvent
from payments.ports import SeenRefund
from payments.services import webhooks
from payments.services.refunds import settle_refund
from payments.tests.conftest import standin
from payments.tests.till import balanced
from tests.standins.razorpay import new_id

__all__ = ["standin"]
pytestmark = pytest.mark.django_db
PLUS, BASIC, PRO = 79_900, 29_900, 149_900


@pytest.fixture
def member(standin):
    return Standing(standin)


def plan_at(standin, member):
    """What the gateway charges now, and what it will charge next."""
    found = standin.subscriptions[member.id]
    amounts = {key: plan["item"]["amount"] for key, plan in standin.plans.items()}
    return amounts[found["plan_id"]], amounts.get(found.get("_next_plan"))


def invoices(member):
    rows = MembershipInvoice.objects.filter(membership=member.row, status="paid").order_by("created_at")
    return [(row.kind, row.plan.code, row.price_minor) for row in rows]


# -- A smaller plan


def test_a_smaller_plan_is_charged_by_the_gateway_from_the_next_cycle(member, standin):
    member.wait(days=10)
    made = member.change("basic")
    assert (made.membership.next_plan.code, made.membership.subscription_id is not None) == ("basic", True)
    member.jobs()
    assert plan_at(standin, member) == (PLUS, BASIC)
    member.cycle_ends()
    member.told()
    row = member.row
    assert (row.plan.code, row.next_plan, row.price_minor, row.status) == ("basic", None, BASIC, "active")
    assert (row.subscription.amount_minor, row.subscription.next_gateway_plan_id) == (BASIC, "")
    assert invoices(member) == [("first", "plus", PLUS), ("renewal", "basic", BASIC)]
    member.cycle_ends()
    member.told()
    assert (Payment.objects.filter(honoured=True).count(), Refund.objects.count(), balanced()) == (3, 0, True)


def test_taking_it_back_in_time_takes_it_back_there(member, standin):
    member.change("basic")
    member.jobs()
    member.change("plus")
    member.jobs()
    assert plan_at(standin, member) == (PLUS, None)
    member.change("basic")
    member.change("plus")  # before any job ran: nothing to say
    seen = len(standin.seen)
    member.jobs()
    assert not [line for line in standin.seen[seen:] if line.startswith("PATCH")]
    member.cycle_ends()
    member.told()
    assert (member.row.plan.code, member.row.price_minor) == ("plus", PLUS)


def test_a_charge_at_the_old_price_gives_the_difference_back(member, standin):
    """The change came too late for the gateway: the member has the smaller plan all the same, at its price."""
    member.change("basic")
    member.jobs_meet_silence()
    member.cycle_ends()
    member.told()
    row = member.row
    assert (row.plan.code, row.next_plan, row.price_minor) == ("basic", None, BASIC)
    member.jobs()
    assert list(Refund.objects.values_list("amount_minor", "status")) == [(PLUS - BASIC, "processed")]
    assert plan_at(standin, member) == (PLUS, BASIC)  # and the change is carried for the cycle after
    member.cycle_ends()
    member.told()
    assert (fresh(row).price_minor, Refund.objects.count(), balanced()) == (BASIC, 1, True)


@pytest.mark.parametrize("says_no", ["upi", "halted"])
def test_where_the_gateway_says_no_our_job_sells_the_next_period(member, standin, says_no):
    found = standin.subscriptions[member.id]
    found["_method" if says_no == "upi" else "status"] = says_no
    member.change("basic")
    member.jobs()
    row = member.row
    assert (row.subscription_id, row.next_plan.code, row.status) == (None, "basic", "active")
    assert found.get("_ends") is True
    assert AuditEvent.objects.filter(action="membership.gateway_keeps_no_plan").count() == 1
    with held_at(row.period_end - timedelta(days=1)):
        renewing.run_due()
    order = Payment.objects.get(status="created")
    assert (order.amount_minor, order.user_id) == (BASIC, member.user.pk)
    member.cycle_ends()
    assert member.news == []  # the gateway charges no more


def test_another_interval_is_no_change_that_a_gateway_knows(member, standin):
    member.plans["basic"].interval = "year"
    member.plans["basic"].save()
    member.change("basic")
    assert member.row.subscription_id is None
    member.jobs()
    assert standin.subscriptions[member.id]["_ends"] is True


# -- A better plan


def test_a_step_up_pays_the_rest_of_the_cycle_and_the_gateway_goes_on(member, standin):
    member.wait(days=10)
    made = member.change("pro")
    whole = (member.row.period_end - member.row.period_start).days
    left = (member.row.period_end - member.now).days
    due = PRO * left // whole - PLUS * left // whole
    assert (made.payment["amount_minor"], made.credit_minor) == (due, PLUS * left // whole)
    before = member.row
    member.pays()
    row = member.row
    assert (row.plan.code, row.price_minor, row.subscription_id) == ("pro", PRO, before.subscription_id)
    assert (row.period_start, row.period_end) == (before.period_start, before.period_end)
    member.jobs()
    assert plan_at(standin, member) == (PLUS, PRO)
    member.cycle_ends()
    member.told()
    assert (member.row.plan.code, member.row.price_minor) == ("pro", PRO)
    kinds = [one[:2] for one in invoices(member)]
    assert kinds == [("first", "plus"), ("upgrade", "pro"), ("renewal", "pro")]
    assert (Refund.objects.count(), balanced()) == (0, True)


def test_two_steps_up_in_one_cycle_cost_what_one_would(standin):
    member = Standing(standin, "basic")
    whole = (member.row.period_end - member.row.period_start).days
    member.wait(days=10)
    first = member.change("plus").payment["amount_minor"]
    member.pays()
    second = member.change("pro").payment["amount_minor"]
    member.pays()
    left = (member.row.period_end - member.now).days
    assert abs(first + second - (PRO - BASIC) * left / whole) <= 2
    member.jobs()
    assert plan_at(standin, member) == (BASIC, PRO)


def test_a_step_up_that_is_paid_after_the_cycle_comes_back(member, standin):
    member.wait(days=29)
    member.change("pro")
    member.cycle_ends()
    member.told()  # plus, for another cycle: the step up is off
    member.pays(late=True)
    member.jobs()
    row = member.row
    assert (row.plan.code, row.price_minor, row.subscription_id is not None) == ("plus", PLUS, True)
    late = Payment.objects.get(subject_kind=KIND, honoured=False)
    assert fresh(late).status == "refunded"
    assert balanced()


def test_a_charge_of_the_smaller_plan_after_a_step_up_comes_back_and_our_job_goes_on(member, standin):
    member.wait(days=10)
    member.change("pro")
    member.pays()
    member.jobs_meet_silence()
    member.cycle_ends()
    member.told()
    member.jobs()
    row = member.row
    assert (row.plan.code, row.subscription_id) == ("pro", None)
    assert [one.status for one in Payment.objects.filter(honoured=False)] == ["refunded"]
    assert standin.subscriptions[member.id]["status"] == "cancelled"
    with held_at(member.now + timedelta(days=1)):
        renewing.run_due()
    assert Payment.objects.get(status="created").amount_minor == PRO


def test_money_back_of_a_step_up_takes_it_back_there_too(member, standin):
    member.wait(days=10)
    member.change("pro")
    member.pays()
    member.jobs()
    give_back(Payment.objects.get(subscription=None))
    member.jobs()
    row = member.row
    assert (row.plan.code, row.price_minor, row.subscription_id is not None) == ("plus", PLUS, True)
    assert plan_at(standin, member) == (PLUS, None)


def test_the_last_day_buys_a_whole_period_by_an_order(member, standin):
    """Less than a day is left: nothing to reckon with, so the step up is a period of its own, renewed by orders."""
    member.now = member.row.period_end - timedelta(hours=5)
    made = member.change("pro")
    assert (made.payment["amount_minor"], made.credit_minor) == (PRO, 0)
    member.pays()
    assert member.row.subscription_id is None
    member.jobs()
    assert standin.subscriptions[member.id]["status"] == "cancelled"


def test_a_charge_of_a_covered_cycle_is_kept_beside_an_open_renewal(member, standin):
    """News of the second cycle come before those of the first, when a renewal is for sale already."""
    for _ in range(2):
        member.cycle_ends()
    our_job(member)
    assert MembershipInvoice.objects.filter(status="open").count() == 1
    member.told(newest_first=True)
    assert set(WebhookEvent.objects.values_list("state", flat=True)) == {"handled"}
    assert Payment.objects.filter(honoured=True).count() == 3
    holds(member)


# -- Whatever comes in whatever order


def leave(member):
    with held_at(member.now):
        joining.cancel(user=member.user, reason="other")


def come_back(member):
    with held_at(member.now):
        joining.resume(user=member.user)


def our_job(member):
    with held_at(member.now):
        renewing.run_due()


def said_no(member):
    member.standin.subscriptions[member.id]["_method"] = "upi"


DEEDS = {
    "to basic": lambda member: member.change("basic"),
    "to plus": lambda member: member.change("plus"),
    "to pro": lambda member: member.change("pro"),
    "pay": Standing.pays,
    "pay late": lambda member: member.pays(late=True),
    "jobs": Standing.jobs,
    "silence": Standing.jobs_meet_silence,
    "the gateway says no": said_no,
    "cycle": Standing.cycle_ends,
    "news": Standing.told,
    "news, newest first": lambda member: member.told(newest_first=True),
    "old news": Standing.told_again,
    "our job": our_job,
    "leave": leave,
    "come back": come_back,
}
stories = st.lists(st.tuples(st.sampled_from(sorted(DEEDS)), st.sampled_from([0, 1, 9, 20])), max_size=14)


@limits(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["basic", "plus"]), stories)
def test_no_order_of_events_charges_twice(standin, code, story):
    member = Standing(standin, code)
    for name, days in story:
        member.wait(days=days, minutes=1)
        while member.now > member.end and standin.subscriptions[member.id]["status"] == "active":
            member.cycle_ends()
        assert answered(DEEDS[name], member) in {200, 404, 409}, name
    member.told()
    member.jobs()
    holds(member)


def holds(member):
    """Every charge was honoured once or went back; what is kept is what invoices say; no day is paid for twice."""
    rows = Payment.objects.filter(user=member.user)
    heard = GatewayPayment.objects.filter(payment__user=member.user, status="captured")
    assert sorted(heard.values_list("gateway_payment_id", flat=True)) == sorted(member.taken)
    kept = 0
    for payment in rows.exclude(captured_at=None):
        if payment.honoured:
            kept += payment.worth_left_minor
        else:
            assert payment.left_minor == 0
    paid = list(
        MembershipInvoice.objects.filter(membership__user=member.user, status="paid").order_by("paid_at")
    )
    assert kept == sum(invoice.due_minor for invoice in paid)
    covered = []
    for invoice in paid:
        if invoice.keeps_cycle or invoice.period_start is None:
            continue
        if invoice.kind == "upgrade":  # what it replaced was given as credit
            covered = [(start, min(end, invoice.period_start)) for start, end in covered]
        covered.append((invoice.period_start, invoice.period_end))
    covered.sort()
    for (_, end), (start, _) in pairwise(covered):
        assert start >= end - timedelta(minutes=10)
    assert Membership.objects.filter(user=member.user, status__in=["active", "past_due"]).count() <= 1
    assert balanced()


@pytest.mark.django_db(transaction=True)
def test_the_charge_of_a_cycle_and_the_money_of_a_step_up_at_once(standin):
    """Whoever is first: the other finds out under the lock, and what does not fit goes back."""
    member = Standing(standin)
    member.wait(days=29)
    order = member.change("pro").payment["gateway_order_id"]
    member.cycle_ends()
    payment, _ = standin.pay(order)
    member.taken.append(payment["id"])
    news = [*member.news, standin.webhook("payment.captured", payment=payment)]
    at_once(lambda number: member._receive(*news[number % 2]), 4)
    for _ in range(2):  # what lost a race for a lock is tried again, as by the job
        with held_at(member.now + timedelta(hours=1)):
            webhooks.handle_due()
    with as_system("test"):
        assert set(WebhookEvent.objects.values_list("state", flat=True)) == {"handled"}
        for row in Refund.objects.filter(status="requested"):
            refund_now(row)
        holds(member)


def refund_now(row):
    """As the job would; the gateway is never asked inside a transaction, so what it says is told."""
    seen = SeenRefund(
        new_id("rfnd"), row.attempt.gateway_payment_id, row.amount_minor, row.currency, "processed", row.key
    )
    settle_refund(gateway="razorpay", seen=seen, source="webhook")
