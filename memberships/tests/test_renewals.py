"""Time, our own job, and gateways that renew by themselves: every period is paid once, nobody is surprised."""

import time
from datetime import timedelta

import pytest

from core import clock
from core.clock import held_at
from core.models import AuditEvent
from core.rls import as_system
from core.testing.jobs import run_jobs
from memberships.models import Membership, MembershipInvoice
from memberships.services import joining, renewing
from memberships.services.leaving import end_by_staff
from memberships.tests.making import fresh, give_back, make_member, make_plan, order_of, pay
from memberships.tests.test_members import at_once, join
from payments.models import GatewaySubscription, Payment, Refund
from payments.services import collect_cash, webhooks
from payments.tests.conftest import standin
from payments.tests.till import balanced, deliver
from tests.cast import make_user
from tests.standins.razorpay import new_id

__all__ = ["standin"]
pytestmark = pytest.mark.django_db
API = "/api/v1/"
DAY = timedelta(days=1)


@pytest.fixture
def alice(db):
    return make_user("alice")


@pytest.fixture
def told(monkeypatch):
    """What people are told: (kind, title)."""
    said = []
    from core.ports import notifiers

    class Ear:
        def send(self, user_id, note):
            said.append((note.kind, note.title))

    monkeypatch.setattr(notifiers, "_plugs", {"ear": Ear()})
    return said


def run(at):
    with held_at(at):
        return renewing.run_due()


def status(row):
    row = fresh(row)
    return row.status, row.end_reason


# -- Our own job


def test_a_renewal_is_sold_ahead_and_paid(alice, told, client_for):
    row = make_member(alice, "plus", days_ago=28)
    end = row.period_end
    assert run(end - 4 * DAY) == {}
    assert run(end - 2 * DAY) == {"active": 1}
    assert run(end - 2 * DAY) == {}
    assert told[-1] == ("membership_renewal_due", "Time to renew Plus")
    order = order_of(row)
    assert (order.status, order.gateway, order.amount_minor) == ("created", "cash", 79_900)
    with held_at(end - DAY):
        collect_cash(payment=order, amount_minor=79_900, by=None)
    row = fresh(row)
    assert (row.status, row.period_start) == ("active", end)
    assert run(end + DAY) == {}
    assert sorted(MembershipInvoice.objects.values_list("kind", "status")) == [
        ("first", "paid"),
        ("renewal", "paid"),
    ]
    assert balanced()


def test_an_online_renewal_has_an_order_at_its_gateway(alice, client_for):
    make_plan("plus")
    row = Membership.objects.get(pk=join(client_for(alice))["membership"]["id"])
    pay(order_of(row).pk)
    run(fresh(row).period_end - DAY)
    assert order_of(row).gateway_order_id.startswith("order_")
    body = {"membership_id": str(row.pk)}
    answer = client_for(alice).post(f"{API}payments/razorpay/create-order/", body).json()
    assert answer["payment"]["id"] == str(order_of(row).pk)


def test_grace_halt_and_the_end(alice, told, client_for, settings):
    row = make_member(alice, "plus", days_ago=28)
    end = row.period_end
    run(end - DAY)
    run(end)
    assert (status(row), told[-1][0]) == (("past_due", ""), "membership_past_due")
    mine = client_for(alice).get(f"{API}memberships/me/").json()["membership"]
    assert (mine["status"], mine["benefits_hold"]) == ("past_due", True)
    run(end + settings.MEMBERSHIP_GRACE)
    assert (status(row), told[-1][0]) == (("halted", ""), "membership_halted")
    assert client_for(alice).get(f"{API}auth/profile/").json()["user"]["membership_tier"] is None
    run(end + settings.MEMBERSHIP_GRACE + settings.MEMBERSHIP_HALTED)
    assert (status(row), told[-1][0]) == (("expired", "unpaid"), "membership_expired")
    assert order_of(row).status == "expired"
    assert MembershipInvoice.objects.filter(status="open").count() == 0


def test_a_job_that_slept_for_months_finds_the_same_end(alice):
    row = make_member(alice, "plus", days_ago=28)
    run(row.period_end + 200 * DAY)
    assert status(row) == ("expired", "unpaid")
    assert fresh(row).ended_at == row.period_end + 37 * DAY
    moves = AuditEvent.objects.filter(action="membership.expired").values_list("data__was", flat=True)
    assert list(moves) == ["active"]


@pytest.mark.parametrize("days,starts_at_end", [(3, True), (12, False)])
def test_who_pays_late_loses_no_day_and_gets_none_free(alice, client_for, days, starts_at_end):
    row = make_member(alice, "plus", days_ago=28)
    end = row.period_end
    run(end - DAY)
    with held_at(end + days * DAY):
        renewing.run_due()
        made = joining.resume(user=alice, gateway="cash")
        collect_cash(payment=Payment.objects.get(pk=made.payment["id"]), amount_minor=79_900, by=None)
    row = fresh(row)
    assert (row.status, row.period_start) == ("active", end if starts_at_end else end + days * DAY)


def test_leaving_is_said_and_done_at_the_end(alice, told, client_for):
    row = make_member(alice, "plus", days_ago=28)
    client_for(alice).post(f"{API}memberships/me/cancel/", {"reason": "sold"})
    run(row.period_end - DAY)
    assert (told[-1][0], order_of(row).status) == ("membership_ending", "captured")
    run(row.period_end)
    assert (status(row), told[-1][0]) == (("cancelled", "by_member"), "membership_cancelled")
    assert join(client_for(alice), "plus")["membership"]["status"] == "incomplete"


def test_coming_back_in_the_last_days_is_offered_a_renewal_again(alice, client_for):
    row = make_member(alice, "plus", days_ago=28)
    client_for(alice).post(f"{API}memberships/me/cancel/")
    run(row.period_end - DAY)
    client_for(alice).post(f"{API}memberships/me/resume/")
    run(row.period_end - DAY)
    assert MembershipInvoice.objects.get(status="open").kind == "renewal"


def test_a_smaller_plan_is_what_the_renewal_sells(alice, client_for):
    make_plan("basic")
    row = make_member(alice, "plus", days_ago=28)
    run(row.period_end - 2 * DAY)
    client_for(alice).post(f"{API}memberships/me/change/", {"plan": "basic"})
    assert MembershipInvoice.objects.filter(status="open").count() == 0
    run(row.period_end - DAY)
    with held_at(row.period_end - DAY):
        collect_cash(payment=order_of(row), amount_minor=29_900, by=None)
    after = fresh(row)
    assert (after.plan.code, after.next_plan, after.price_minor) == ("basic", None, 29_900)


def test_a_new_price_counts_from_the_renewal(alice):
    row = make_member(alice, "plus", days_ago=28)
    row.plan.price_minor = 99_900
    row.plan.save()
    assert fresh(row).price_minor == 79_900
    run(row.period_end - DAY)
    assert order_of(row).amount_minor == 99_900


def test_no_gateway_today_still_lets_time_do_its_work(alice, settings, client_for):
    make_plan("plus")
    row = Membership.objects.get(pk=join(client_for(alice))["membership"]["id"])
    pay(order_of(row).pk)
    end = fresh(row).period_end
    settings.PAYMENTS_ONLINE_ENABLED = False
    assert run(end) == {"payments_disabled": 1}
    assert status(row) == ("past_due", "")
    assert MembershipInvoice.objects.get(status="open").kind == "renewal"


def test_what_was_never_paid_goes_after_some_days(alice, client_for):
    make_plan("plus")
    row = Membership.objects.get(pk=join(client_for(alice))["membership"]["id"])
    run(row.created_at + 3 * DAY)
    assert status(row) == ("incomplete", "")
    run(row.created_at + 4 * DAY)
    assert status(row) == ("expired", "never_paid")


def test_staff_end_it_now(alice):
    row = make_member(alice, "plus")
    end_by_staff(membership_id=row.pk, reason="Shared the account", by=make_user("sam"))
    assert (status(row), fresh(row).churn_note) == (("cancelled", "staff"), "Shared the account")


@pytest.mark.django_db(transaction=True)
def test_several_workers_renew_once():
    with as_system("test"):
        row = make_member(make_user("alice"), "plus", days_ago=28)
        other = make_member(make_user("bob"), "plus", days_ago=28)
    at_once(lambda _: run(row.period_end - DAY), 5)
    with as_system("test"):
        assert MembershipInvoice.objects.filter(status="open").count() == 2
        assert Payment.objects.filter(status="created").count() == 2
        assert {row.user_id, other.user_id} == set(
            Payment.objects.filter(status="created").values_list("user", flat=True)
        )


# -- A gateway that renews


MONTH = 30 * 24 * 3600


@pytest.fixture
def member(standin, alice, client_for, anyone):
    """Alice joins by a standing order; `say(phase, status)` is what Razorpay tells us."""
    make_plan("plus")
    made = join(client_for(alice))
    row = Membership.objects.get(pk=made["membership"]["id"])
    start = int(time.time())

    def say(phase, state, *, period=1, charge=None, id=None, of=None):  # noqa: A002
        subscription = of or GatewaySubscription.objects.get(subject_id=row.pk).gateway_subscription_id
        entity = standin.subscriptions[subscription] | {
            "status": state, "current_start": start + (period - 1) * MONTH, "current_end": start + period * MONTH,
        }  # fmt: skip
        entities = {"subscription": entity}
        if charge is not None:
            identity = id or new_id("pay")
            entities["payment"] = {
                "id": identity, "order_id": new_id("order"), "status": "captured", "amount": charge,
                "currency": "INR", "method": "card",
            }  # fmt: skip
            standin.payments[identity] = entities["payment"] | {"amount_refunded": 0}
        return deliver(anyone, *standin.webhook(f"subscription.{phase}", **entities)).json()["status"]

    return made, row, say


def test_joining_opens_a_standing_order(member, standin, client_for, alice):
    made, row, _ = member
    assert made["payment"] is None
    assert made["subscription"]["short_url"].startswith("https://rzp.io/")
    assert (made["subscription"]["amount_minor"], made["subscription"]["key_id"]) == (79_900, standin.key_id)
    again = join(client_for(alice))
    assert again["subscription"]["id"] == made["subscription"]["id"]
    assert (len(standin.plans), len(standin.subscriptions), row.status) == (1, 1, "incomplete")


def test_the_gateway_charges_and_the_membership_runs(member, alice, client_for):
    _, row, say = member
    first = new_id("pay")
    for _ in range(2):
        assert say("charged", "active", charge=79_900, id=first) == "handled"
    row = fresh(row)
    assert (row.status, MembershipInvoice.objects.filter(status="paid").count()) == ("active", 1)
    end = row.period_end
    assert say("charged", "active", period=2, charge=79_900) == "handled"
    assert fresh(row).period_end > end
    assert [one["kind"] for one in client_for(alice).get(f"{API}memberships/me/").json()["invoices"]] == [
        "renewal", "first",
    ]  # fmt: skip
    assert (Refund.objects.count(), balanced()) == (0, True)


def test_news_out_of_order_lose_no_payment_and_take_none_too_many(member):
    _, row, say = member
    say("charged", "active", period=2, charge=79_900)
    say("charged", "active", period=1, charge=79_900)
    assert (Payment.objects.filter(honoured=True).count(), Refund.objects.count()) == (2, 0)
    say("charged", "active", period=2, charge=79_900)
    assert (Payment.objects.filter(honoured=False).count(), Refund.objects.count()) == (1, 1)
    assert (fresh(row).status, balanced()) == ("active", True)


def test_a_card_that_fails_is_grace_then_halt_then_back(member, told):
    _, row, say = member
    say("charged", "active", charge=79_900)
    say("pending", "pending")
    assert (status(row), told[-1][0]) == (("past_due", ""), "membership_past_due")
    say("halted", "halted")
    assert (status(row), told[-1][0]) == (("halted", ""), "membership_halted")
    say("charged", "active", period=2, charge=79_900)
    assert status(row) == ("active", "")


def test_a_charge_that_is_late_is_no_alarm(member, told):
    _, row, say = member
    say("charged", "active", charge=79_900)
    end = fresh(row).period_end
    run(end - DAY)
    assert told[-1][0] == "membership_renewing"
    run(end + timedelta(hours=5))
    assert status(row) == ("active", "")
    run(end + DAY)
    assert status(row) == ("past_due", "")
    assert MembershipInvoice.objects.get(status="open").kind == "renewal"


def test_leaving_ends_the_standing_order_and_coming_back_sells_orders(member, standin, client_for, alice):
    made, row, say = member
    say("charged", "active", charge=79_900)
    client_for(alice).post(f"{API}memberships/me/cancel/")
    run_jobs()
    seen = [line for line in standin.seen if "cancel" in str(line)]
    assert len(seen) == 1
    back = client_for(alice).post(f"{API}memberships/me/resume/").json()["membership"]
    assert (back["renewal"], back["cancel_at_period_end"]) == ("orders", False)
    assert say("cancelled", "cancelled") == "handled"
    assert status(row) == ("active", "")
    say("charged", "active", period=2, charge=79_900, of=made["subscription"]["id"])
    assert Payment.objects.latest("created_at").honoured is False  # a charge of one that was let go


def test_an_order_instead_of_the_standing_order(member, standin, client_for, alice):
    made, row, _ = member
    body = {"membership_id": str(row.pk)}
    answer = client_for(alice).post(f"{API}payments/razorpay/create-order/", body).json()
    _, result = standin.pay(answer["payment"]["gateway_order_id"])
    client_for(alice).post(f"{API}payments/razorpay/verify/", result)
    assert (status(row), fresh(row).subscription_id) == (("active", ""), None)
    run_jobs()
    assert standin.subscriptions[made["subscription"]["id"]]["status"] == "cancelled"


def test_rewards_and_no_renewal_are_orders(standin, client_for, alice):
    make_plan("plus")
    made = join(client_for(alice), auto_renew=False)
    assert (made["subscription"], made["payment"]["gateway"]) == (None, "razorpay")
    assert GatewaySubscription.objects.count() == 0


def test_a_silent_gateway_leaves_a_membership_that_can_be_tried_again(standin, client_for, alice):
    make_plan("plus")
    standin.trip("POST /v1/subscriptions", status=503)
    answer = client_for(alice).post(f"{API}memberships/subscribe/", {"plan": "plus"})
    assert (answer.status_code, answer.json()["code"]) == (503, "gateway_unavailable")
    assert join(client_for(alice))["subscription"]["status"] == "created"
    assert Membership.objects.count() == 1


def test_a_refunded_charge_ends_it(member):
    _, row, say = member
    say("charged", "active", charge=79_900)
    give_back(Payment.objects.get())
    assert status(row) == ("cancelled", "refunded")
    webhooks.handle_due()
    assert clock.now() > row.created_at
