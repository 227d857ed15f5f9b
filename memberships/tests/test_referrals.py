"""Codes, who comes by whom, the rules against fraud, what is credited and taken back."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connections, transaction
from django.test import RequestFactory

from core import clock
from core.clock import held_at
from core.models import AuditEvent
from core.rls import as_system
from core.testing.counting import statements
from memberships.errors import CodeTaken
from memberships.models import GrantReason, Referral, ReferralCode, RewardGrant
from memberships.services import codes, fraud, giving, referring
from memberships.tests.making import give_back, make_member, make_plan, pay
from memberships.tests.test_members import at_once, join
from payments import ledger
from payments.models import GatewayPayment, Payment
from payments.services import rewards
from payments.tests.till import balanced
from tests.cast import make_user
from users.models import User, UserDevice
from users.services import otp

pytestmark = pytest.mark.django_db
API = "/api/v1/"
LATER = timedelta(days=15)


@pytest.fixture
def alice(db):
    return make_user("alice")


@pytest.fixture
def bob(db):
    return make_user("bob")


@pytest.fixture
def code(alice):
    return codes.own_code(alice).code


def apply(client, code):
    return client.post(f"{API}referrals/apply/", {"code": code})


def buys(client, **more):
    """A first payment of 799 rupees."""
    make_plan("plus")
    return pay(join(client)["payment"]["id"], **more)


def referred(client, code):
    assert apply(client, code).status_code == 201
    return Referral.objects.get()


def status(row):
    row.refresh_from_db()
    return row.status, row.reasons


def balance(user):
    return rewards.balance(user.pk, "INR")


def credited(row):
    with held_at(clock.now() + LATER):
        assert referring.credit_due() == 1
    assert status(row) == ("credited", [])


# -- Codes


def test_everybody_gets_one_code_and_a_link(client_for, alice, settings):
    client = client_for(alice)
    with statements() as told:
        first = client.get(f"{API}referrals/me/").json()
    assert client.get(f"{API}referrals/me/").json() == first
    assert first == {
        "code": ReferralCode.objects.get().code,
        "link": settings.REFERRAL_LINK.format(code=first["code"]),
        "referrals": [],
    }
    assert len(first["code"]) == codes.LENGTH
    assert set(first["code"]) <= set(codes.LETTERS)
    assert told


def test_accounts_without_a_code_get_one_by_the_job(alice, bob):
    codes.own_code(alice)
    assert (codes.give_codes(), codes.give_codes(), ReferralCode.objects.count()) == (1, 0, 2)


def test_a_newcomer_has_a_code_in_the_first_answer(anyone):
    body = {"email": "new@example.com", "password": "open-road-99", "first_name": "New"}
    user = anyone.post(f"{API}auth/register/", body).json()["user"]
    row = ReferralCode.objects.get()
    assert (user["referral_code"], str(row.user_id), row.own) == (row.code, user["id"], True)
    assert (codes.give_codes(), ReferralCode.objects.count()) == (0, 1)


def test_a_number_that_registers_has_one_too(anyone, settings):
    with as_system("test"):
        made = otp._account_of("+919876543210", RequestFactory().get("/"))
    assert ReferralCode.objects.get().user_id == made.pk


def test_a_registration_that_fails_leaves_no_code(anyone, alice):
    body = {"email": alice.email, "password": "open-road-99", "first_name": "Twin"}
    assert anyone.post(f"{API}auth/register/", body).status_code == 409
    assert ReferralCode.objects.count() == 0


def test_a_code_that_is_taken_is_drawn_again(alice, bob, monkeypatch):
    codes.own_code(alice)
    drawn = iter([ReferralCode.objects.get().code, "FRESH234"])
    monkeypatch.setattr(codes, "new_code", lambda: next(drawn))
    codes.first_code(bob)
    assert ReferralCode.objects.get(user=bob).code == "FRESH234"


def test_codes_are_unique_in_any_case(alice, bob):
    sam = make_user("sam")
    made = codes.make_vanity(user=alice, code="ride-on", expires_at=None, by=sam)
    assert (made.code, codes.shown(alice)) == ("RIDE-ON", made)
    with pytest.raises(CodeTaken):
        codes.make_vanity(user=bob, code="Ride-On", expires_at=None, by=sam)
    with pytest.raises(IntegrityError), transaction.atomic():
        ReferralCode.objects.create(user=bob, code="ride-on")
    assert AuditEvent.objects.filter(action="referral.vanity_code").count() == 1


def test_a_code_at_registration(anyone, alice, code):
    body = {"email": "new@example.com", "password": "open-road-99", "name": "New Rider"}
    wrong = anyone.post(f"{API}auth/register/", {**body, "referral_code": "NOBODYS"})
    assert (wrong.status_code, list(wrong.json()["fields"])) == (400, ["referral_code"])
    assert not User.objects.filter(email="new@example.com").exists()
    made = anyone.post(f"{API}auth/register/", {**body, "referral_code": f" {code.lower()} "})
    assert made.status_code == 201
    row = Referral.objects.get()
    assert (row.referrer, str(row.referred_id), row.status) == (alice, made.json()["user"]["id"], "pending")


def test_a_friend_says_who_sent_them(client_for, alice, bob, code):
    answer = apply(client_for(bob), code.lower())
    row = Referral.objects.get()
    expected = {
        "id": str(row.pk), "referrer_user": str(alice.pk), "referred_user": str(bob.pk), "code": code,
        "status": "pending", "rewards_applied": False,
    }  # fmt: skip
    assert answer.status_code == 201
    assert {name: answer.json()[name] for name in expected} == expected
    seen = client_for(alice).get(f"{API}referrals/me/").json()["referrals"]
    assert seen == [answer.json()]
    assert client_for(bob).get(f"{API}referrals/me/").json()["referrals"] == []


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same(client_for, alice, code, count):
    for number in range(count):
        client = client_for(make_user(f"friend{number}"))
        apply(client, code)
    client = client_for(alice)
    with statements() as told:
        assert len(client.get(f"{API}referrals/me/").json()["referrals"]) == count
    reads = [line for line in told if "set_config" not in line]
    assert len(reads) == 3  # whether there is a code, the code that is shown, the referrals


# -- Refusals, none of which leaves a trace


def refused(client, code, why, number):
    rows = Referral.objects.count()
    answer = apply(client, code)
    assert (answer.status_code, answer.json()["code"]) == (number, why)
    assert Referral.objects.count() == rows


def test_ones_own_code(client_for, alice, code):
    refused(client_for(alice), code, "own_referral_code", 409)
    with pytest.raises(IntegrityError), transaction.atomic():
        Referral.objects.create(referrer=alice, referred=alice, code_text=code)


def test_a_code_that_nobody_has_or_that_is_over(client_for, alice, bob, code):
    client = client_for(bob)
    refused(client, "NOSUCHCODE", "referral_code_unknown", 404)
    over = codes.make_vanity(
        user=alice, code="SUMMER", expires_at=clock.now() - timedelta(seconds=1), by=alice
    )
    refused(client, over.code, "referral_code_expired", 409)
    ReferralCode.objects.filter(code=code).update(active=False)
    refused(client, code, "referral_code_expired", 409)
    for odd in ({}, {"code": 7}, {"code": ""}, {"code": "x" * 41}, {"code": code, "for": "me"}):
        assert client.post(f"{API}referrals/apply/", odd).status_code == 400


def test_once_in_a_life_and_only_when_new(client_for, alice, bob, code):
    client = client_for(bob)
    referred(client, code)
    refused(client, code, "already_referred", 409)
    tara = make_user("tara")
    User.objects.filter(pk=tara.pk).update(created_at=clock.now() - timedelta(days=31))
    refused(client_for(tara), code, "referral_too_late", 409)
    sam = make_user("sam")
    buys(client_for(sam))
    refused(client_for(sam), code, "referral_too_late", 409)


def test_guesses_are_throttled(client_for, bob, settings):
    settings.THROTTLES = settings.THROTTLES | {"referral_code": "3/h"}
    client = client_for(bob)
    answers = [apply(client, "GUESS123").status_code for _ in range(4)]
    assert answers == [404, 404, 404, 429]


# -- The road of a referral


def test_a_first_payment_qualifies_and_time_credits(client_for, alice, bob, code, settings):
    row = referred(client_for(bob), code)
    buys(client_for(bob))
    assert status(row) == ("qualified", [])
    assert (referring.credit_due(), balance(alice)) == (0, 0)
    credited(row)
    assert (balance(alice), balance(bob)) == (settings.REFERRER_REWARD_MINOR, settings.REFERRED_REWARD_MINOR)
    with held_at(clock.now() + LATER):
        assert referring.credit_due() == 0
    shown = client_for(alice).get(f"{API}referrals/me/").json()["referrals"][0]
    assert (shown["status"], shown["rewards_applied"]) == ("credited", True)
    assert ledger.balance("expense:rewards", "INR") == 30_000
    assert balanced()


def test_small_and_second_payments_qualify_nobody(client_for, alice, bob, code, settings):
    settings.REFERRAL_MINIMUM_MINOR = 80_000
    row = referred(client_for(bob), code)
    buys(client_for(bob))
    assert status(row) == ("pending", [])


def test_rewards_alone_qualify_nobody(client_for, alice, bob, code):
    row = referred(client_for(bob), code)
    rewards.earn(user_id=bob.pk, amount_minor=79_900, currency="INR", source="test")
    make_plan("plus")
    assert join(client_for(bob), rewards_minor=79_900)["payment"]["status"] == "captured"
    assert status(row) == ("pending", [])


def test_a_refund_in_time_rejects_a_part_does_not(client_for, alice, bob, code):
    row = referred(client_for(bob), code)
    payment = buys(client_for(bob))
    give_back(payment, 100)
    assert status(row) == ("qualified", [])
    give_back(payment)
    assert status(row) == ("rejected", ["refunded"])
    with held_at(clock.now() + LATER):
        assert (referring.credit_due(), balance(alice)) == (0, 0)


def test_a_refund_after_the_credit_takes_back_what_is_left(client_for, alice, bob, code):
    row = referred(client_for(bob), code)
    payment = buys(client_for(bob))
    credited(row)
    rewards.take(user_id=alice.pk, amount_minor=15_000, currency="INR", source="spent", kind="x")
    give_back(payment)
    assert status(row) == ("reversed", ["refunded"])
    assert (balance(alice), balance(bob), balanced()) == (0, 0, True)
    assert sorted(RewardGrant.objects.values_list("taken_minor", flat=True)) == [5_000, 10_000]


# -- Fraud


def test_the_same_phone_again(client_for, alice, bob, code):
    bob.phone = "+919876543210"
    bob.save()
    referred(client_for(bob), code)
    User.objects.filter(pk=bob.pk).update(phone=None)  # an erased account's number is free again
    tara = make_user("tara", phone="+919876543210")
    assert apply(client_for(tara), code).json()["status"] == "pending"  # not told what staff know
    assert status(Referral.objects.get(referred=tara)) == ("rejected", ["same_phone"])


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_same_device(client_for, alice, bob, code, when):
    def same():
        for person in (alice, bob):
            UserDevice.objects.create(user=person, device_id="one-phone")

    if when == "before":
        same()
    row = referred(client_for(bob), code)
    if when == "after":
        same()
        assert status(row) == ("pending", [])
        buys(client_for(bob))
    assert status(row) == ("rejected", ["same_device"])


def test_another_spelling_of_the_same_mailbox(client_for, code, alice):
    User.objects.filter(pk=alice.pk).update(email="alice.rider@gmail.com")
    twin = User.objects.create_user(email="alicerider+new@googlemail.com", password="open-road-99")
    apply(client_for(twin), code)
    assert status(Referral.objects.get()) == ("rejected", ["same_mailbox"])


def test_the_same_card(client_for, alice, bob, code):
    buys(client_for(alice), instrument="card-one")
    row = referred(client_for(bob), code)
    buys(client_for(bob), instrument="card-one")
    assert status(row) == ("rejected", ["same_instrument"])
    assert GatewayPayment.objects.filter(instrument="card-one").count() == 2


@pytest.mark.parametrize(
    "card,outcome",
    [
        ({"last4": "4242", "name": "ALICE RIDER"}, ("rejected", ["same_instrument"])),
        ({"last4": "4242", "name": "Bob Rider"}, ("qualified", [])),
        ({"last4": "1111", "name": "Alice Rider"}, ("qualified", [])),
        (None, ("qualified", [])),
    ],
)
def test_the_card_at_the_checkout_is_what_the_gateway_tells(
    client_for, alice, bob, code, card, outcome, anyone
):
    """From the payer's fingers to the rule: checkout page, signed webhook, settled payment, referral."""
    make_plan("plus")

    def pays(client, paid_with):
        order = join(client)["payment"]["gateway_order_id"]
        body = {"card": paid_with} if paid_with else {}
        answer = anyone.post(f"{API}payments/sandbox/{order}/pay/", body)
        assert answer.json()["payment_status"] == "captured"

    pays(client_for(alice), {"last4": "4242", "name": "Alice Rider"})
    row = referred(client_for(bob), code)
    pays(client_for(bob), card)
    assert status(row) == outcome
    kept = GatewayPayment.objects.get(payment__user=alice).instrument
    assert (len(kept), "4242" in kept) == (64, False)


@pytest.mark.parametrize(
    "card", [{"last4": "42"}, {"last4": "4242"}, {"last4": "4242", "name": "A", "cvc": "1"}, "x"]
)
def test_an_odd_card_is_refused_and_pays_nothing(client_for, alice, anyone, card):
    make_plan("plus")
    order = join(client_for(alice))["payment"]["gateway_order_id"]
    answer = anyone.post(f"{API}payments/sandbox/{order}/pay/", {"card": card})
    assert (answer.status_code, "card" in answer.json()["fields"]) == (400, True)
    assert GatewayPayment.objects.count() == 0


def test_cash_tells_no_instrument(client_for, alice, bob, code):
    for person in (alice, bob):
        if person is bob:
            row = referred(client_for(bob), code)
        make_member(person, "plus")
    assert set(GatewayPayment.objects.values_list("instrument", flat=True)) == {""}
    assert status(row) == ("qualified", [])


def test_another_card_or_none_is_fine(client_for, alice, bob, code):
    buys(client_for(alice))
    row = referred(client_for(bob), code)
    buys(client_for(bob))
    assert status(row) == ("qualified", [])


def test_the_caps_of_a_month_and_of_all_time(client_for, alice, code, settings):
    settings.REFERRAL_MONTHLY_CAP, settings.REFERRAL_TOTAL_CAP = 2, 3
    reasons = []
    for number in range(4):
        person = make_user(f"friend{number}")
        client = client_for(person)
        apply(client, code)
        buys(client)
        reasons.append(status(Referral.objects.get(referred=person)))
        if number == 2:
            Referral.objects.filter(status="qualified").update(qualified_at=clock.now() - timedelta(days=40))
            settings.REFERRAL_TOTAL_CAP = 2
    assert reasons == [
        ("qualified", []), ("qualified", []), ("rejected", ["monthly_cap"]), ("rejected", ["total_cap"]),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "one,other,same",
    [
        ("a.b+x@gmail.com", "ab@googlemail.com", True),
        ("a.b@example.com", "ab@example.com", False),
        ("a+x@example.com", "A@Example.com", True),
    ],
)
def test_mailboxes(one, other, same):
    assert (fraud.mailbox(one) == fraud.mailbox(other)) is same


# -- Staff


def test_staff_approve_and_reject_with_reasons(client_for, alice, bob, code, desk):
    sam = make_user("sam")
    for person in (alice, bob):
        UserDevice.objects.create(user=person, device_id="one-phone")
    row = referred(client_for(bob), code)
    buys(client_for(bob))
    assert status(row) == ("rejected", ["same_device"])
    referring.approve(referral_id=row.pk, note="A family's tablet", by=sam)
    assert status(row) == ("pending", [])
    with pytest.raises(referring.ReferralDecided):
        referring.approve(referral_id=row.pk, note="again", by=sam)
    referring.reject(referral_id=row.pk, note="No, after all", by=sam)
    assert (*status(row), row.note, row.judged_by) == ("rejected", ["staff"], "No, after all", sam)
    assert list(AuditEvent.objects.filter(action__startswith="referral.", actor=sam.pk).values_list("action", flat=True)) == [
        "referral.rejected", "referral.approved",
    ]  # fmt: skip


def test_staff_reject_what_was_credited(client_for, alice, bob, code):
    row = referred(client_for(bob), code)
    buys(client_for(bob))
    credited(row)
    referring.reject(referral_id=row.pk, note="A ring", by=make_user("sam"))
    assert (status(row), balance(alice), balance(bob)) == (("reversed", ["staff"]), 0, 0)
    with pytest.raises(referring.ReferralDecided):
        referring.reject(referral_id=row.pk, note="again", by=make_user("sam"))


# -- The rewards account


def give(user, amount, source, days):
    with held_at(clock.now() + timedelta(days=days) - timedelta(days=365)):
        return giving.give(user_id=user.pk, reason=GrantReason.GOODWILL, amount_minor=amount, source=source)


def test_rewards_run_out_the_oldest_are_spent_first(alice):
    first, second = give(alice, 1_000, "a", days=-1), give(alice, 1_000, "b", days=10)
    rewards.take(user_id=alice.pk, amount_minor=400, currency="INR", source="spent", kind="x")
    assert giving.expire_due() == 1
    first.refresh_from_db()
    assert (balance(alice), first.taken_minor) == (1_000, 600)
    assert giving.expire_due() == 0
    with held_at(clock.now() + timedelta(days=11)):
        assert giving.expire_due() == 1
    second.refresh_from_db()
    assert (balance(alice), second.taken_minor, balanced()) == (0, 1_000, True)


def test_what_is_held_by_an_open_order_does_not_run_out_and_comes_back(client_for, alice):
    give(alice, 79_900, "a", days=-1)
    make_plan("plus")
    join(client_for(alice), rewards_minor=50_000)
    giving.expire_due()
    assert balance(alice) == 0
    client_for(alice).post(f"{API}memberships/me/cancel/")
    assert (balance(alice), balanced()) == (50_000, True)


def test_the_statement_in_pages(client_for, alice, bob):
    for number in range(5):
        give(alice, 1_000 + number, f"g{number}", days=100)
    give(bob, 9, "bob", days=100)
    rewards.take(user_id=alice.pk, amount_minor=500, currency="INR", source="spent", kind="rewards_spent")
    client = client_for(alice)
    page = client.get(f"{API}rewards/", {"page_size": 4}).json()
    assert (page["balance_minor"], page["currency"]) == (4_510, "INR")
    assert [row["amount_minor"] for row in page["results"]] == [-500, 1_004, 1_003, 1_002]
    following = client.get(page["next"]).json()
    assert [row["amount_minor"] for row in following["results"]] == [1_001, 1_000]
    assert (following["next"], following["results"][0]["kind"]) == (None, "rewards_earned")
    assert client.get(f"{API}rewards/", {"page_size": 0}).status_code == 400
    assert [row["amount_minor"] for row in client_for(bob).get(f"{API}rewards/").json()["results"]] == [9]


@pytest.mark.parametrize("count", [1, 3])
def test_the_statement_costs_four_statements(client_for, alice, count):
    for number in range(count):
        give(alice, 1_000, f"g{number}", days=100)
    client = client_for(alice)
    with statements() as told:
        assert len(client.get(f"{API}rewards/").json()["results"]) == count
    assert len(told) == 3  # the session, the lines with their entries, the balance


def test_goodwill_is_given_once_a_key(alice):
    sam = make_user("sam")
    for _ in range(2):
        giving.give_goodwill(user=alice, amount_minor=500, note="Sorry", key="k", by=sam)
    assert (balance(alice), RewardGrant.objects.count()) == (500, 1)


# -- Many at once


@pytest.mark.django_db(transaction=True)
def test_many_ask_for_their_code_at_once():
    with as_system("test"):
        alice = make_user("alice")
    found = at_once(lambda _: codes.own_code(alice).code, 8)
    assert len(set(found)) == 1


@pytest.mark.django_db(transaction=True)
def test_many_applications_at_once_are_one_referral():
    with as_system("test"):
        alice, bob = make_user("alice"), make_user("bob")
        code = codes.own_code(alice).code
    answers = at_once(lambda _: referring.apply_code(user=bob, text=code), 6)
    assert sum(isinstance(one, Referral) for one in answers) == 1
    assert {type(one).__name__ for one in answers} <= {"Referral", "AlreadyReferred"}


@pytest.mark.django_db(transaction=True)
def test_many_jobs_credit_once():
    with as_system("test"):
        alice, bob = make_user("alice"), make_user("bob")
        make_plan("plus")
        code = codes.own_code(alice).code
    row = referring.apply_code(user=bob, text=code)
    from memberships.services import joining

    with as_system("test"):
        plan = make_plan("plus")
    made = joining.subscribe(user=bob, plan=plan)
    pay(made.payment["id"])

    def credit(_):
        with held_at(clock.now() + LATER):
            return referring.credit_due()

    assert sum(at_once(credit, 6)) == 1
    connections.close_all()
    with as_system("test"):
        row.refresh_from_db()
        assert (row.status, RewardGrant.objects.count(), balance(alice)) == ("credited", 2, 20_000)
        assert Payment.objects.count() == 1
