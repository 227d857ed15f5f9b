"""Staff pages, in the admin and in a real browser, and the sandbox's checkout page."""

import pytest
from django.urls import reverse
from selenium.webdriver.common.by import By

from core.rls import as_system
from core.testing.browser import browser, complaints, keep_picture
from payments.models import Payment, Refund, WebhookEvent
from payments.services import settle
from payments.tests.till import deliver, fresh, ordered, run_jobs, seen_of, told
from tests.cast import PASSWORD, make_user

pytestmark = pytest.mark.django_db
SUBMIT = {"_form_submitted": "True"}


def page_of(row, deed="change"):
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_{deed}", args=[row.pk])


def act(desk, row, deed, **fields):
    answer = desk.post(page_of(row, deed), {**SUBMIT, **fields})
    assert answer.headers.get("HX-Redirect") == page_of(row), answer.content[:500]


@pytest.fixture
def paid():
    payment = ordered(make_user("alice"))
    settle(gateway="sandbox", seen=seen_of(payment), source="webhook")
    return fresh(payment)


def test_the_page_of_a_payment_tells_its_story(desk, paid):
    text = desk.get(page_of(paid)).content.decode()
    for wanted in (
        "A test thing",
        "INR 499.00",
        "attempt_captured",
        "order_created",
        "settled",
        "Refund",
        "Timeline",
    ):
        assert wanted in text


def test_a_refund_asks_for_a_reason_first(desk, paid):
    asked = desk.get(page_of(paid, "refund")).content.decode()
    assert "Give money back?" in asked
    assert "undone" in asked
    assert desk.post(page_of(paid, "refund"), {**SUBMIT, "reason": ""}).headers.get("HX-Redirect") is None
    assert Refund.objects.count() == 0
    act(desk, paid, "refund", reason="A scratch", amount="9.00")
    row = Refund.objects.get()
    assert (row.amount_minor, row.reason, row.requested_by) == (900, "A scratch", make_user("sam"))
    act(desk, paid, "refund", reason="Too much", amount="999999.99")
    assert "more than what is left" in desk.get(page_of(paid)).content.decode()
    for junk in ("0.001", "-1", "x", "1e99", "NaN"):
        answer = desk.post(page_of(paid, "refund"), {**SUBMIT, "reason": "x", "amount": junk})
        assert (answer.status_code, answer.headers.get("HX-Redirect")) == (200, None)
    assert Refund.objects.count() == 1


def test_the_cash_desk(desk):
    payment = ordered(make_user("alice"), gateway="cash")
    act(desk, payment, "collect", amount="100")
    act(desk, payment, "collect", amount="")
    assert (fresh(payment).status, told("paid", payment.subject_id)) == ("captured", 1)


def test_the_review_desk(desk):
    first, second = ordered(make_user("alice")), ordered(make_user("alice"))
    for payment in (first, second):
        settle(gateway="sandbox", seen=seen_of(payment, amount_minor=50_000), source="webhook")
    listed = desk.get(reverse("admin:payments_payment_changelist"), {"status__exact": "review"})
    assert listed.content.decode().count("In review") >= 2
    act(desk, first, "accept", reason="Fine")
    act(desk, second, "reject", reason="Not fine")
    assert (fresh(first).status, fresh(second).status) == ("captured", "expired")


def test_the_gateway_is_asked_by_a_job(desk):
    payment = ordered(make_user("alice"))
    act(desk, payment, "ask_gateway")
    assert run_jobs("reconcile_payment") == 1


def test_a_failed_webhook_is_tried_again(desk, standin, anyone, things):
    payment = ordered(make_user("alice"))
    entity, _ = standin.pay(payment.gateway_order_id)
    things.breaks = True
    deliver(anyone, *standin.webhook("payment.captured", payment=entity))
    things.breaks = False
    event = WebhookEvent.objects.get()
    assert "The shelf broke" in desk.get(page_of(event)).content.decode()
    act(desk, event, "retry")
    assert (fresh(event).state, told("paid", payment.subject_id)) == ("handled", 1)


def test_a_failed_webhook_is_tried_again_over_the_api(client_for, standin, anyone, things):
    payment = ordered(make_user("alice"))
    entity, _ = standin.pay(payment.gateway_order_id)
    things.breaks = True
    deliver(anyone, *standin.webhook("payment.captured", payment=entity))
    url = f"/api/v1/staff/webhook-events/{WebhookEvent.objects.get().pk}/retry/"
    sam = client_for(make_user("sam"))
    assert sam.post(url).json()["state"] == "pending"
    things.breaks = False
    assert sam.post(url).json()["state"] == "handled"
    assert client_for(make_user("alice")).post(url).status_code == 403
    assert sam.post(url.replace(url.split("/")[-3], str(payment.pk))).status_code == 404


def test_nobody_types_into_the_facts(desk, paid):
    answer = desk.post(page_of(paid), {"status": "created", "amount_minor": "1"})
    assert answer.status_code in {200, 302, 403}
    assert (fresh(paid).status, fresh(paid).amount_minor) == ("captured", 49_900)
    assert desk.post(reverse("admin:payments_payment_add"), {}).status_code == 403
    assert desk.post(page_of(paid, "delete"), {"post": "yes"}).status_code == 403


def test_the_checkout_page_has_a_strict_policy(anyone):
    payment = ordered(make_user("alice"))
    page = anyone.get(f"/api/v1/payments/sandbox/{payment.gateway_order_id}/")
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert b"<script>" not in page.content
    assert b" onclick" not in page.content


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_browser_fails_pays_and_pays_late(live_server, things):
    with as_system("test"):
        alice = make_user("alice")
    first, second = ordered(alice), ordered(alice)
    with browser() as page:

        def press(payment, *buttons):
            page.get(f"{live_server.url}/api/v1/payments/sandbox/{payment.gateway_order_id}/")
            for label, said in buttons:
                page.find_element(By.XPATH, f"//button[text()='{label}']").click()
                page.find_element(By.XPATH, f"//output[text()='{said}']")

        press(first, ("Fail", "Failed"), ("Pay", "Paid"))
        keep_picture(page, "sandbox-checkout")
        assert complaints(page) == []
        things.honours = False
        press(second, ("Pay late", "Paid"))
        assert complaints(page) == []
    with as_system("test"):
        assert (fresh(first).status, told("paid", first.subject_id)) == ("captured", 1)
        assert (fresh(second).honoured, Refund.objects.get().key) == (False, f"late-{second.pk}")


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_sam_refunds_in_a_browser(live_server):
    with as_system("test"):
        make_user("sam")
        alice = make_user("alice")
    payment = ordered(alice)
    settle(gateway="sandbox", seen=seen_of(payment), source="webhook")
    with browser() as page:
        page.get(f"{live_server.url}{page_of(payment)}")
        page.find_element(By.NAME, "username").send_keys("sam@example.com")
        page.find_element(By.NAME, "password").send_keys(PASSWORD)
        page.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
        page.find_element(By.XPATH, "//a[contains(., 'Refund')][contains(@hx-get, 'refund')]").click()
        page.find_element(By.CSS_SELECTOR, "#dialog textarea[name=reason]").send_keys("A scratch")
        keep_picture(page, "payment-refund")
        page.find_element(By.CSS_SELECTOR, "#dialog button[type=submit]").click()
        page.find_element(By.XPATH, "//*[contains(text(), 'The refund is on its way.')]")
        keep_picture(page, "payment")
        assert complaints(page) == []
    with as_system("test"):
        assert (Refund.objects.get().amount_minor, Payment.objects.count()) == (49_900, 1)
