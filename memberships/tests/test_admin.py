"""The club for staff: edits of plans that first show whom they touch, the queue of referrals, gifts, figures."""

from datetime import timedelta

import pytest
from django.urls import reverse
from selenium.webdriver.common.by import By

from core import clock
from core.clock import held_at
from core.models import AuditEvent
from core.ports import dashboard_cards, demo_worlds, personal_data
from core.rls import as_system
from core.testing.browser import browser, complaints, keep_picture
from memberships.models import Membership, Plan, Referral, ReferralCode, RewardGrant
from memberships.selectors import figures
from memberships.services import codes, joining, referring
from memberships.tests.making import fresh, make_member, make_plan
from payments.services import rewards
from payments.tests.till import balanced
from tests.cast import PASSWORD, make_user
from users.models import UserDevice
from users.ports import Shortfall, usages

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
SUBMIT = {"_form_submitted": "True"}


@pytest.fixture
def alice(db):
    return make_user("alice")


def terms(plan, **changes):
    said = {"price": "799.00", "rev": plan.rev, "assistant_quota": "500", "included_services": "wash, oil"}
    return said | changes


def test_an_edit_of_a_plan_is_looked_at_before_it_is_saved(desk, alice, monkeypatch):
    class Meter:
        def shortfall(self, user, given, at):
            return Shortfall("uses 400", final=False) if given < 400 else None

    monkeypatch.setitem(usages._plugs, "assistant_quota", Meter())
    row = make_member(alice, "plus", benefits={"assistant_quota": 500})
    plan, page = row.plan, reverse("admin:memberships_terms", args=[row.plan_id])
    assert desk.get(page).status_code == 200
    said = terms(plan, price="999.50", assistant_quota="300")
    shown = desk.post(page, {**said, "deed": "preview"})
    effect = shown.context["effect"]
    assert effect.changes == [
        ("Price", "INR 799.00", "INR 999.50"),
        ("Services included", "none", "oil, wash"),
        ("Messages to the assistant a day", "500", "300"),
    ]
    assert (effect.revenue, effect.counts[0]) == (
        ("INR 799.00", "INR 999.50"),
        ("Benefits change at once for", 1),
    )
    assert effect.losing == [("Alice Test", "Messages to the assistant a day: uses 400")]
    assert fresh(plan).price_minor == 79_900
    unseen = desk.post(page, {**said, "deed": "save"})
    assert (unseen.status_code, fresh(plan).price_minor) == (200, 79_900)
    saved = desk.post(page, {**said, "deed": "save", "seen": shown.context["seen"]})
    assert (saved.status_code, fresh(plan).price_minor, fresh(plan).benefits) == (
        302, 99_950, {"assistant_quota": 300, "included_services": ["wash", "oil"]},
    )  # fmt: skip
    assert fresh(row).price_minor == 79_900
    assert AuditEvent.objects.get(action="membership.plan_edited").target == "plus"


def test_two_editors_do_not_overwrite_each_other(desk, alice):
    plan = make_plan("plus")
    page = reverse("admin:memberships_terms", args=[plan.pk])
    said = terms(plan)
    seen = desk.post(page, {**said, "deed": "preview"}).context["seen"]
    Plan.objects.filter(pk=plan.pk).update(price_minor=1_000)
    desk.post(page, {**said, "deed": "save", "seen": seen})
    assert (fresh(plan).price_minor, fresh(plan).benefits) == (1_000, {})


@pytest.mark.parametrize(
    "odd",
    [{"price": "0"}, {"price": "free"}, {"price": "1.001"}, {"service_discount_bps": "10001"}, {"rev": ""}],
)
def test_odd_terms_are_refused(desk, odd):
    plan = make_plan("plus")
    answer = desk.post(
        reverse("admin:memberships_terms", args=[plan.pk]), {**terms(plan), **odd, "deed": "save"}
    )
    assert (answer.status_code, fresh(plan).price_minor) == (400, 79_900)


def test_a_plan_is_added_and_its_benefits_are_known_ones(desk):
    page = reverse("admin:memberships_plan_add")
    body = {
        "name": "Club", "code": "club", "rank": 5, "active": "on", "price_minor": 100_000, "currency": "INR",
        "interval": "year", "tax_bps": 1_800,
    }  # fmt: skip
    assert desk.post(page, body).status_code == 302
    assert desk.get(reverse("admin:memberships_plan_change", args=[Plan.objects.get().pk])).status_code == 200
    plan = Plan(
        code="x", name="X", rank=1, price_minor=1, benefits={"free_beer": 1, "assistant_quota": "many"}
    )
    with pytest.raises(Exception, match="free_beer is no benefit"):
        plan.full_clean()


def deed_url(name, row):
    return reverse(f"admin:memberships_{row._meta.model_name}_{name}", args=[row.pk])


def test_the_queue_of_referrals_is_decided_with_reasons(desk, alice):
    bob = make_user("bob")
    for person in (alice, bob):
        UserDevice.objects.create(user=person, device_id="one-phone")
    row = referring.apply_code(user=bob, text=codes.own_code(alice).code)
    queue = reverse("admin:memberships_referral_changelist")
    assert "The device is the referrer" in desk.get(queue, {"review": "open"}).content.decode()
    page = desk.get(reverse("admin:memberships_referral_change", args=[row.pk])).content.decode()
    assert "Approve" in page
    assert desk.post(deed_url("approve", row), {**SUBMIT, "reason": ""}).status_code == 200
    assert fresh(row).status == "rejected"
    desk.post(deed_url("approve", row), {**SUBMIT, "reason": "Father and son"})
    row = fresh(row)
    assert (row.status, row.note, row.judged_by.email) == ("pending", "Father and son", "sam@example.com")
    assert "one-phone" not in desk.get(queue, {"review": "open"}).content.decode()
    desk.post(deed_url("reject", row), {**SUBMIT, "reason": "No"})
    assert (fresh(row).status, fresh(row).reasons) == ("rejected", ["staff"])


def test_staff_end_a_membership_with_a_reason(desk, alice):
    row = make_member(alice, "plus")
    desk.post(deed_url("end_now", row), {**SUBMIT, "reason": "Shared the account"})
    row = fresh(row)
    assert (row.status, row.end_reason, row.churn_note) == ("cancelled", "staff", "Shared the account")
    assert "Ended by staff" in desk.get(reverse("admin:memberships_membership_changelist")).content.decode()


def test_vanity_codes_and_goodwill(desk, alice):
    add = reverse("admin:memberships_referralcode_add")
    assert desk.post(add, {"user": str(alice.pk), "code": "ride on"}).status_code == 302
    assert ReferralCode.objects.get().code == "RIDEON"
    for odd in ("Rideon", "a", "née", "ADMIN"):
        assert desk.post(add, {"user": str(alice.pk), "code": odd}).status_code == 200
    gift = reverse("admin:memberships_rewardgrant_add")
    assert desk.post(gift, {"user": str(alice.pk), "amount": "25.50", "note": " "}).status_code == 200
    assert (
        desk.post(gift, {"user": str(alice.pk), "amount": "25.50", "note": "Sorry for the wait"}).status_code
        == 302
    )
    assert (rewards.balance(alice.pk, "INR"), RewardGrant.objects.get().note) == (2_550, "Sorry for the wait")
    assert (
        desk.get(
            reverse("admin:memberships_rewardgrant_change", args=[RewardGrant.objects.get().pk])
        ).status_code
        == 200
    )


# -- Figures


def test_figures_of_a_small_club(alice):
    bob, tara = make_user("bob"), make_user("tara")
    make_member(alice, "plus", days_ago=20)
    make_member(tara, "pro", interval="year", price_minor=1_200_000, days_ago=20)
    make_member(bob, "basic", days_ago=50)
    with held_at(clock.now() - 45 * DAY):
        joining.cancel(user=bob, reason="price")
    from memberships.services import renewing

    renewing.run_due()
    now = clock.now()
    assert figures.active_by_plan() == [("Basic", 0), ("Plus", 1), ("Pro", 1)]
    assert figures.recurring(now, "INR") == 79_900 + 100_000
    assert figures.recurring(now - 30 * DAY, "INR") == 29_900
    assert figures.churned(now - 30 * DAY, now) == (1, 1)
    assert figures.reasons(now - 30 * DAY) == [("Cancelled by the member: Too expensive", 1)]
    assert len(figures.month_starts()) == 6
    cards = {name: dashboard_cards[name] for name in ("members", "recurring", "churn")}
    assert cards["members"].rows()[:2] == [("Basic", "0"), ("Plus", "1")]
    assert cards["recurring"].rows() == [("A month", "INR 1,799.00")]
    assert cards["churn"].rows()[:2] == [("Left in 30 days", "1"), ("Share", "100.0 %")]
    assert all(card.chart() for card in cards.values())


def test_cards_of_a_house_without_members():
    for name in ("members", "recurring", "churn"):
        assert (dashboard_cards[name].rows(), dashboard_cards[name].chart()) == ([], None)


# -- People who take their data along, or leave


def test_what_we_hold_and_what_is_left_of_it(alice, client_for):
    bob = make_user("bob")
    code = codes.own_code(alice).code
    referring.apply_code(user=bob, text=code)
    make_member(alice, "plus")
    rewards.earn(user_id=alice.pk, amount_minor=500, currency="INR", source="test")
    plug = personal_data["memberships"]
    told = plug.export(alice.pk)
    assert [row["plan__name"] for row in told["memberships"]] == ["Plus"]
    assert [row["code"] for row in told["referral_codes"]] == [code]
    assert (len(told["membership_invoices"]), len(told["referrals_made"])) == (1, 1)
    plug.erase(alice.pk)
    row = Membership.objects.get()
    assert (row.status, row.end_reason, rewards.balance(alice.pk, "INR")) == ("cancelled", "erased", 0)
    assert (Referral.objects.get().status, Referral.objects.get().reasons) == ("rejected", ["erased"])
    assert client_for(make_user("tara")).post("/api/v1/referrals/apply/", {"code": code}).status_code == 404
    plug.erase(alice.pk)
    assert balanced()


def test_the_demo_world_twice_is_the_same():
    def counted():
        return [model.objects.count() for model in (Plan, Membership, Referral, RewardGrant, ReferralCode)]

    filled = {"accounts": []}
    for _ in range(2):
        for name in ("users", "memberships"):
            demo_worlds[name].fill(filled)
        first = counted()
    assert first == counted() == [2, 3, 1, 4, 3]
    assert Referral.objects.get().status == "credited"
    assert set(Membership.objects.values_list("status", "churn_reason")) == {
        ("active", ""),
        ("cancelled", "unused"),
    }


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_sam_previews_an_edit_in_a_browser(live_server):
    with as_system("test"):
        make_user("sam")
        row = make_member(make_user("alice"), "plus", benefits={"service_discount_bps": 1_000})
    with browser() as page:
        page.get(f"{live_server.url}{reverse('admin:memberships_terms', args=[row.plan_id])}")
        page.find_element(By.NAME, "username").send_keys("sam@example.com")
        page.find_element(By.NAME, "password").send_keys(PASSWORD)
        page.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
        discount = page.find_element(By.NAME, "service_discount_bps")
        discount.clear()
        discount.send_keys("500")
        page.find_element(By.CSS_SELECTOR, "button[value=preview]").click()
        text = page.find_element(By.CSS_SELECTOR, ".terms section").text
        keep_picture(page, "plan-terms")
        assert "Off every service 10 % 5 %" in text
        assert "Alice Test" in text
        page.find_element(By.CSS_SELECTOR, "button[value=save]").click()
        assert "has new terms" in page.find_element(By.TAG_NAME, "body").text
        assert complaints(page) == []
    with as_system("test"):
        assert fresh(row.plan).benefits == {"service_discount_bps": 500}
