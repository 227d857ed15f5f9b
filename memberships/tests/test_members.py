"""Joining, changing, leaving, coming back, over the API: what is paid, what holds, and what a refusal leaves."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import IntegrityError, connections, transaction

from core import clock
from core.clock import held_at
from core.models import AuditEvent
from core.rls import as_system
from core.testing.counting import statements
from memberships.errors import MembershipExists
from memberships.models import Membership, MembershipInvoice
from memberships.services import joining
from memberships.tests.making import fresh, give_back, make_member, make_plan, order_of, pay
from payments import ledger
from payments.models import Invoice, Payment
from payments.ports import SeenDispute
from payments.services import collect_cash, expire, rewards
from payments.services.disputes import settle_dispute
from payments.tests.till import balanced
from tests.cast import make_user
from users.ports import Shortfall, benefits, usages
from users.selectors import account_payload

pytestmark = pytest.mark.django_db
API = "/api/v1/"
DAY = timedelta(days=1)


@pytest.fixture
def alice(db):
    return make_user("alice")


@pytest.fixture
def plans(db):
    return make_plan("basic"), make_plan(
        "plus", benefits={"assistant_quota": 500, "included_services": ["wash"]}
    )


def join(client, plan="plus", **more):
    answer = client.post(f"{API}memberships/subscribe/", {"plan": plan, **more})
    assert answer.status_code == 201, answer.content
    return answer.json()


def state(row):
    row = fresh(row)
    return row.status, row.end_reason


def only():
    with as_system("test"):
        return Membership.objects.get()


def test_plans_are_public_and_cost_one_statement(anyone, plans):
    make_plan("pro", active=False)
    with statements() as told:
        rows = anyone.get(f"{API}memberships/plans/").json()["results"]
    assert [(row["code"], row["price_minor"]) for row in rows] == [("basic", 29_900), ("plus", 79_900)]
    assert rows[1]["benefits"]["assistant_quota"] == 500
    assert len(told) == 1


def test_join_pay_and_be_a_member(client_for, alice, plans):
    client = client_for(alice)
    assert client.get(f"{API}memberships/me/").json() == {"membership": None, "invoices": []}
    made = join(client)
    assert (made["membership"]["status"], made["membership"]["benefits_hold"]) == ("incomplete", False)
    assert (made["payment"]["amount_minor"], made["subscription"]) == (79_900, None)
    assert account_payload(alice.pk)["membership_tier"] is None
    pay(made["payment"]["id"])
    mine = client.get(f"{API}memberships/me/").json()
    assert (mine["membership"]["status"], mine["membership"]["renewal"]) == ("active", "orders")
    assert [(row["kind"], row["status"], row["due_minor"]) for row in mine["invoices"]] == [
        ("first", "paid", 79_900)
    ]
    user = client.get(f"{API}auth/profile/").json()["user"]
    assert (user["membership_id"], user["membership_tier"]) == (made["membership"]["id"], "plus")
    assert (Invoice.objects.get().payment_id, ledger.balance("income:membership", "INR")) == (
        order_of(only()).pk,
        -79_900,
    )
    assert balanced()


def test_create_order_finds_the_order_of_a_membership(client_for, alice, plans):
    made = join(client_for(alice))
    body = {"membership_id": made["membership"]["id"]}
    answer = client_for(alice).post(f"{API}payments/razorpay/create-order/", body)
    assert (answer.status_code, answer.json()["payment"]["id"]) == (201, made["payment"]["id"])
    assert client_for(make_user("bob")).post(f"{API}payments/razorpay/create-order/", body).status_code == 404
    pay(made["payment"]["id"])
    again = client_for(alice).post(f"{API}payments/razorpay/create-order/", body)
    assert (again.status_code, again.json()["code"]) == (409, "nothing_to_pay")


def test_asking_again_is_the_same_and_another_plan_takes_its_place(client_for, alice, plans):
    client = client_for(alice)
    first, second = join(client), join(client)
    assert first == second | {"membership": first["membership"]}
    third = join(client, "basic")
    assert third["membership"]["id"] != first["membership"]["id"]
    with as_system("test"):
        old = Membership.objects.get(pk=first["membership"]["id"])
        assert (old.status, old.end_reason) == ("cancelled", "replaced")
        assert MembershipInvoice.objects.get(membership=old).status == "void"
    late = pay_late(first["payment"]["id"])
    assert (late.honoured, state(only_live())) == (False, ("incomplete", ""))


def only_live():
    with as_system("test"):
        return Membership.objects.exclude(status__in=["cancelled", "expired"]).get()


def pay_late(payment_id):
    """Money for an order that was closed; the gateway took it all the same."""
    from payments.services import settle
    from payments.tests.till import paid_at_sandbox, seen_of

    payment = Payment.objects.get(pk=payment_id)
    settle(gateway="sandbox", seen=seen_of(payment, id=paid_at_sandbox(payment).pk), source="webhook")
    return fresh(payment)


def test_a_second_live_membership_is_refused_and_leaves_no_trace(client_for, alice, plans):
    make_member(alice, "basic")
    client = client_for(alice)
    counted = (Membership.objects.count(), Payment.objects.count(), AuditEvent.objects.count())
    answer = client.post(f"{API}memberships/subscribe/", {"plan": "plus"})
    assert (answer.status_code, answer.json()["code"]) == (409, "membership_exists")
    assert (Membership.objects.count(), Payment.objects.count(), AuditEvent.objects.count()) == counted
    with pytest.raises(IntegrityError, match="memberships_one_live"), transaction.atomic():
        Membership.objects.create(
            user=alice, plan=plans[0], price_minor=1, currency="INR", interval="month", status="incomplete"
        )


@pytest.mark.parametrize(
    "body,field",
    [
        ({}, "plan"),
        ({"plan": "gold"}, "plan"),
        ({"plan": 7}, "plan"),
        ({"plan": "plus", "rewards_minor": -1}, "rewards_minor"),
        ({"plan": "plus", "rewards_minor": "many"}, "rewards_minor"),
        ({"plan": "plus", "auto_renew": "perhaps"}, "auto_renew"),
        ({"plan": "plus", "gateway": "barter"}, "gateway"),
        ({"plan": "plus", "price_minor": 1}, "price_minor"),
    ],
)
def test_odd_wishes_are_refused_by_name(client_for, alice, plans, body, field):
    answer = client_for(alice).post(f"{API}memberships/subscribe/", body)
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])
    assert Membership.objects.count() == 0


def test_a_retired_plan_is_not_for_sale_but_its_members_stay(client_for, alice, plans):
    make_plan("pro", active=False)
    answer = client_for(alice).post(f"{API}memberships/subscribe/", {"plan": "pro"})
    assert (answer.status_code, answer.json()["code"]) == (409, "plan_not_for_sale")


@pytest.mark.parametrize("door", ["change", "cancel", "resume"])
def test_without_a_membership_there_is_nothing_to_do(client_for, alice, plans, door):
    body = {"plan": "plus"} if door == "change" else {}
    answer = client_for(alice).post(f"{API}memberships/me/{door}/", body)
    assert (answer.status_code, answer.json()["code"]) == (404, "no_membership")


def test_an_order_that_runs_out_ends_what_never_began(client_for, alice, plans):
    made = join(client_for(alice))
    assert expire(Payment.objects.get(pk=made["payment"]["id"]))
    assert state(only()) == ("expired", "never_paid")
    assert pay_late(made["payment"]["id"]).honoured is False
    assert join(client_for(alice))["membership"]["status"] == "incomplete"


# -- Changing


def test_an_upgrade_is_paid_less_the_days_that_are_left(client_for, alice, plans):
    row = make_member(alice, "basic", days_ago=10)
    client = client_for(alice)
    days = (row.period_end - row.period_start).days
    worth = 29_900 * (days - 11 if clock.now() - row.period_start > 10 * DAY else days - 10) // days
    answer = client.post(f"{API}memberships/me/change/", {"plan": "plus", "gateway": "razorpay"})
    made = answer.json()
    assert (answer.status_code, made["credit_minor"]) == (200, worth)
    assert made["payment"]["amount_minor"] == 79_900 - worth
    assert made["membership"]["plan"]["code"] == "basic"
    again = client.post(f"{API}memberships/me/change/", {"plan": "plus", "gateway": "razorpay"}).json()
    assert again["payment"]["id"] == made["payment"]["id"]
    pay(made["payment"]["id"])
    row = fresh(row)
    assert (row.plan.code, row.price_minor, row.status) == ("plus", 79_900, "active")
    assert row.period_start.date() == clock.now().date()
    assert [line["amount_minor"] for line in Invoice.objects.latest("number").lines] == [79_900, -worth]
    assert balanced()


def test_an_upgrade_that_costs_nothing_happens_now_and_its_rest_is_rewards(client_for, alice):
    make_member(alice, "plus", interval="year", price_minor=500_000)
    make_plan("pro")
    answer = client_for(alice).post(f"{API}memberships/me/change/", {"plan": "pro"}).json()
    assert (answer["payment"], answer["membership"]["plan"]["code"]) == (None, "pro")
    assert rewards.balance(alice.pk, "INR") == answer["credit_minor"] - 149_900
    assert ledger.balance("income:membership", "INR") == -(500_000 - rewards.balance(alice.pk, "INR"))
    assert balanced()


def test_a_refunded_upgrade_goes_back_and_a_refunded_period_ends(client_for, alice, plans):
    row = make_member(alice, "basic", days_ago=5)
    first_end = row.period_end
    made = (
        client_for(alice).post(f"{API}memberships/me/change/", {"plan": "plus", "gateway": "sandbox"}).json()
    )
    payment = pay(made["payment"]["id"])
    give_back(payment, 1_000)
    assert (state(row), fresh(row).plan.code) == (("active", ""), "plus")
    give_back(payment)
    row = fresh(row)
    assert (row.status, row.plan.code, row.period_end, row.price_minor) == (
        "active",
        "basic",
        first_end,
        29_900,
    )
    give_back(Payment.objects.get(gateway="cash"))
    assert state(row) == ("cancelled", "refunded")
    assert account_payload(alice.pk)["membership_id"] is None
    assert balanced()


def test_a_smaller_plan_comes_with_the_next_period(client_for, alice, plans):
    row = make_member(alice, "plus")
    client = client_for(alice)
    answer = client.post(f"{API}memberships/me/change/", {"plan": "basic"}).json()
    assert (answer["payment"], answer["membership"]["next_plan"]) == (None, "basic")
    assert account_payload(alice.pk)["membership_tier"] == "plus"
    back = client.post(f"{API}memberships/me/change/", {"plan": "plus"}).json()
    assert back["membership"]["next_plan"] is None
    same = client.post(f"{API}memberships/me/change/", {"plan": "plus"})
    assert (same.status_code, same.json()["code"]) == (409, "same_plan")
    assert state(row) == ("active", "")


class Meter:
    """Somebody uses `used`; what a plan doesn't give of it is final, or theirs to give up."""

    def __init__(self, used, final=True):
        self.used, self.final = set(used), final

    def shortfall(self, user, given, at):
        missing = sorted(self.used - set(given or ()))
        return Shortfall(f"{', '.join(missing)} at {at:%d.%m.}", self.final) if missing else None


@pytest.mark.parametrize(
    "code,used,given,refused",
    [
        ("included_services", ["wash"], {"included_services": []}, True),
        ("included_services", ["wash"], {}, True),
        ("included_services", ["wash"], {"included_services": ["wash", "oil"]}, False),
        ("offer_tiers", ["plus"], {}, True),
        ("offer_tiers", ["basic"], {}, False),  # the own plan's offers need no benefit
    ],
)
def test_below_usage_is_refused_and_nothing_changes(
    client_for, alice, monkeypatch, code, used, given, refused
):
    make_plan("basic", benefits=given)
    row = make_member(alice, "plus")
    monkeypatch.setitem(usages._plugs, code, Meter(used))
    for more in ({}, {"accept_losses": [code]}):  # what is final can't be accepted
        answer = client_for(alice).post(f"{API}memberships/me/change/", {"plan": "basic", **more})
        if refused:
            assert (answer.status_code, answer.json()["code"]) == (409, "plan_below_usage")
            label = {"included_services": "Services included", "offer_tiers": "Offers of"}[code]
            assert answer.json()["fields"] == {"plan": [f"{label}: {used[0]} at {row.period_end:%d.%m.}"]}
            assert fresh(row).next_plan is None
        else:
            assert answer.json()["membership"]["next_plan"] == "basic"
            break


def test_what_can_be_given_up_is_named_first_and_then_accepted(client_for, alice, monkeypatch):
    make_plan("basic")
    row = make_member(alice, "plus")
    monkeypatch.setitem(usages._plugs, "telemetry_retention_days", Meter("a", final=False))
    monkeypatch.setitem(usages._plugs, "assistant_quota", Meter("b", final=False))
    client, day = client_for(alice), f"{row.period_end:%d.%m.}"
    said = {
        "telemetry_retention_days": [f"Days of telemetry kept: a at {day}"],
        "assistant_quota": [f"Messages to the assistant a day: b at {day}"],
    }

    def wish(*codes):
        return client.post(f"{API}memberships/me/change/", {"plan": "basic", "accept_losses": list(codes)})

    answer = wish()
    assert (answer.status_code, answer.json()["code"]) == (409, "plan_loses")
    assert answer.json()["fields"] == {"accept_losses": said}
    answer = wish("assistant_quota")
    assert list(answer.json()["fields"]["accept_losses"]) == ["telemetry_retention_days"]
    odd = wish("everything")
    assert (odd.status_code, list(odd.json()["fields"])) == (400, ["accept_losses"])
    assert fresh(row).next_plan is None
    assert wish(*said).json()["membership"]["next_plan"] == "basic"
    accepted = AuditEvent.objects.get(action="membership.change").data["accepted"]
    assert accepted == sorted(said)


def test_what_is_final_and_what_is_not_are_told_together(client_for, alice, monkeypatch):
    make_plan("basic")
    make_member(alice, "plus")
    monkeypatch.setitem(usages._plugs, "telemetry_retention_days", Meter("a", final=False))
    monkeypatch.setitem(usages._plugs, "included_services", Meter("b"))
    answer = client_for(alice).post(f"{API}memberships/me/change/", {"plan": "basic"}).json()
    assert (answer["code"], sorted(answer["fields"])) == ("plan_below_usage", ["accept_losses", "plan"])


# -- Leaving and coming back


def test_leaving_keeps_what_is_paid_and_can_be_taken_back(client_for, alice, plans):
    row = make_member(alice, "plus")
    client = client_for(alice)
    left = client.post(f"{API}memberships/me/cancel/", {"reason": "price", "note": "Too much"}).json()
    assert (left["status"], left["cancel_at_period_end"], left["benefits_hold"]) == ("active", True, True)
    assert (fresh(row).churn_reason, fresh(row).churn_note) == ("price", "Too much")
    back = client.post(f"{API}memberships/me/resume/").json()
    assert back["membership"]["cancel_at_period_end"] is False
    assert fresh(row).churn_reason == ""
    none = client.post(f"{API}memberships/me/resume/")
    assert (none.status_code, none.json()["code"]) == (409, "nothing_to_resume")
    odd = client.post(f"{API}memberships/me/cancel/", {"reason": "mood"})
    assert (odd.status_code, list(odd.json()["fields"])) == (400, ["reason"])


def test_leaving_before_paying_ends_it_and_its_order(client_for, alice, plans):
    made = join(client_for(alice))
    client_for(alice).post(f"{API}memberships/me/cancel/")
    assert state(only()) == ("cancelled", "by_member")
    assert fresh(Payment.objects.get(pk=made["payment"]["id"])).status == "expired"


# -- Money


def test_rewards_pay_a_part_or_all(client_for, alice, plans):
    rewards.earn(user_id=alice.pk, amount_minor=100_000, currency="INR", source="test")
    client = client_for(alice)
    made = join(client, "basic", rewards_minor=9_900)
    assert (made["payment"]["amount_minor"], made["payment"]["rewards_minor"]) == (20_000, 9_900)
    pay(made["payment"]["id"])
    asked = client.post(f"{API}memberships/me/change/", {"plan": "plus"}).json()
    due = asked["payment"]["amount_minor"]
    assert due == 79_900 - asked["credit_minor"]
    up = client.post(f"{API}memberships/me/change/", {"plan": "plus", "rewards_minor": due}).json()
    assert (up["payment"]["gateway"], up["membership"]["plan"]["code"]) == ("rewards", "plus")
    assert (rewards.balance(alice.pk, "INR"), balanced()) == (90_100 - due, True)
    over = client.post(f"{API}memberships/me/change/", {"plan": "pro", "rewards_minor": 1})
    assert over.status_code == 400


def test_an_overspend_leaves_no_membership(client_for, alice, plans):
    answer = client_for(alice).post(f"{API}memberships/subscribe/", {"plan": "plus", "rewards_minor": 500})
    assert (answer.status_code, answer.json()["code"]) == (409, "rewards_insufficient")
    assert (Membership.objects.count(), Payment.objects.count()) == (0, 0)


def test_a_dispute_rests_the_benefits_and_a_lost_one_ends_them(client_for, alice, plans):
    made = join(client_for(alice))
    payment = pay(made["payment"]["id"])
    attempt = payment.attempts.get()

    def dispute(phase):
        settle_dispute(
            gateway="sandbox",
            seen=SeenDispute("disp_1", attempt.gateway_payment_id, 79_900, "INR", phase),
            source="webhook",
        )

    dispute("created")
    assert benefits["membership_tier"].value_for(alice) is None
    assert account_payload(alice.pk)["membership_tier"] is None
    assert state(only()) == ("active", "")
    dispute("lost")
    assert state(only()) == ("cancelled", "charged_back")


def test_a_dispute_that_is_won_brings_them_back(client_for, alice, plans):
    payment = pay(join(client_for(alice))["payment"]["id"])
    attempt = payment.attempts.get()
    for phase, tier in [("created", None), ("won", "plus")]:
        seen = SeenDispute("disp_1", attempt.gateway_payment_id, 79_900, "INR", phase)
        settle_dispute(gateway="sandbox", seen=seen, source="webhook")
        assert benefits["membership_tier"].value_for(alice) == tier


def test_at_the_counter(client_for, alice, plans):
    made = join(client_for(alice), gateway="cash")
    assert (made["payment"]["gateway"], made["payment"]["gateway_order_id"]) == ("cash", None)
    collect_cash(payment=order_of(only()), amount_minor=79_900, by=make_user("sam"))
    assert state(only()) == ("active", "")


# -- What others ask


def test_benefits_by_code(alice, plans):
    row = make_member(alice, "plus")
    asked = {code: plug.value_for(alice) for code, plug in benefits.items()}
    assert asked == {
        "membership_tier": "plus",
        "membership_period_start": row.period_start,
        "offer_tiers": ["plus"],
        "included_services": ["wash"],
        "assistant_quota": 500,
        "assistant_tokens_per_day": None,
        "service_discount_bps": None,
        "telemetry_retention_days": None,
        "commission_free_bookings": None,
    }
    bob = make_user("bob")
    assert {plug.value_for(bob) or None for plug in benefits.values()} == {None}


def test_the_account_payload_stays_one_statement(client_for, alice, plans):
    rewards.earn(user_id=alice.pk, amount_minor=4_200, currency="INR", source="test")
    make_member(alice, "plus")
    client = client_for(alice)
    code = client.get(f"{API}referrals/me/").json()["code"]
    with statements() as told:
        user = client.get(f"{API}auth/profile/").json()["user"]
    assert len(told) == 2  # the session, the account with all facts
    assert (user["membership_tier"], user["referral_code"], user["rewards_balance"]) == ("plus", code, 4_200)


def test_bob_sees_nothing_of_alice(client_for, alice, plans):
    make_member(alice, "plus")
    bob = client_for(make_user("bob"))
    assert bob.get(f"{API}memberships/me/").json()["membership"] is None
    assert bob.get(f"{API}rewards/").json()["results"] == []
    assert bob.get(f"{API}referrals/me/").json()["referrals"] == []
    user = bob.get(f"{API}auth/profile/").json()["user"]
    assert (user["membership_id"], user["rewards_balance"]) == (None, 0)


@pytest.mark.parametrize(
    "method,path",
    [("get", "memberships/me/"), ("post", "memberships/subscribe/"), ("post", "memberships/me/change/"),
     ("post", "memberships/me/cancel/"), ("post", "memberships/me/resume/"), ("get", "referrals/me/"),
     ("post", "referrals/apply/"), ("get", "rewards/")],
)  # fmt: skip
def test_strangers_are_asked_to_log_in(anyone, method, path):
    assert getattr(anyone, method)(f"{API}{path}").status_code == 401


def test_an_idempotency_key_joins_once(client_for, alice, plans):
    client = client_for(alice)
    headers = {"Idempotency-Key": "join-once-please"}
    first = client.post(f"{API}memberships/subscribe/", {"plan": "plus"}, headers=headers)
    second = client.post(f"{API}memberships/subscribe/", {"plan": "plus"}, headers=headers)
    assert first.json() == second.json()
    other = client.post(f"{API}memberships/subscribe/", {"plan": "basic"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")


# -- Many at once


def at_once(deed, count):
    def one(number):
        try:
            return deed(number)
        except Exception as problem:
            return problem
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


@pytest.mark.django_db(transaction=True)
def test_ten_at_once_join_once():
    with as_system("test"):
        alice, plan = make_user("alice"), make_plan("plus")
    answers = at_once(lambda _: joining.subscribe(user=alice, plan=plan), 10)
    assert [one for one in answers if isinstance(one, Exception)] == []
    assert len({(one.membership.pk, one.payment["id"]) for one in answers}) == 1
    with as_system("test"):
        assert (Membership.objects.count(), MembershipInvoice.objects.count(), Payment.objects.count()) == (
            1,
            1,
            1,
        )


@pytest.mark.django_db(transaction=True)
def test_two_plans_at_once_leave_one_live():
    with as_system("test"):
        alice, plans = make_user("alice"), [make_plan("basic"), make_plan("plus")]
    answers = at_once(lambda number: joining.subscribe(user=alice, plan=plans[number % 2]), 8)
    assert {type(one) for one in answers} <= {joining.Standing, MembershipExists}
    with as_system("test"):
        assert Membership.objects.filter(status="incomplete").count() == 1
        assert MembershipInvoice.objects.filter(status="open").count() == 1
        assert Payment.objects.filter(status="created").count() == 1


@pytest.mark.django_db(transaction=True)
def test_paying_and_leaving_at_once_is_one_or_the_other():
    with as_system("test"):
        alice, plan = make_user("alice"), make_plan("plus")
    made = joining.subscribe(user=alice, plan=plan)

    def deed(number):
        return pay(made.payment["id"]).honoured if number else joining.cancel(user=alice).status

    at_once(deed, 2)
    with as_system("test"):
        row, payment = Membership.objects.get(), Payment.objects.get()
    assert (row.status, payment.honoured, row.cancel_at_period_end) in [
        ("cancelled", False, False), ("active", True, True),
    ]  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_upgrades_at_once_are_one_order():
    with as_system("test"):
        alice, plan = make_user("alice"), make_plan("plus")
        make_member(alice, "basic")
    answers = at_once(lambda _: joining.change(user=alice, plan=plan, gateway="sandbox"), 6)
    assert len({one.payment["id"] for one in answers}) == 1
    with held_at(clock.now()), as_system("test"):
        assert MembershipInvoice.objects.filter(status="open").count() == 1
