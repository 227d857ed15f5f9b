"""Invoices, personal data, system checks, numbers for the start page."""

from datetime import UTC, datetime

import pytest
from django.core.checks import run_checks

from core.clock import held_at
from core.ports import dashboard_cards, personal_data
from core.testing.pdf import words_of
from payments.documents import invoice_pdf
from payments.models import Invoice, WebhookEvent
from payments.ports import QuoteLine
from payments.services import collect_cash, settle
from payments.tests.till import deliver, fresh, ordered, seen_of, told
from tests.cast import make_user

pytestmark = pytest.mark.django_db


def paid(user, gateway=None):
    payment = ordered(user, gateway=gateway)
    if gateway == "cash":
        collect_cash(payment=payment, amount_minor=payment.amount_minor, by=make_user("sam"))
    else:
        settle(gateway="sandbox", seen=seen_of(payment), source="webhook")
    return fresh(payment)


def test_numbers_run_without_gaps_and_begin_anew_each_year():
    alice = make_user("alice")
    with held_at(datetime(2026, 12, 31, 23, 59, tzinfo=UTC)):
        paid(alice)
        paid(alice)
    with held_at(datetime(2027, 1, 1, 0, 1, tzinfo=UTC)):
        paid(alice)
    found = [row.reference for row in Invoice.objects.order_by("year", "number")]
    assert found == ["2026-000001", "2026-000002", "2027-000001"]


def test_alice_gets_her_invoice_and_bob_does_not(client_for, things):
    things.lines = (
        QuoteLine("Stage 1 tune", 59_900, tax_minor=9_137),
        QuoteLine("Welcome discount", -10_000),
    )
    payment = paid(make_user("alice"))
    url = f"/api/v1/payments/{payment.pk}/invoice.pdf"
    answer = client_for(make_user("alice")).get(url)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    text = words_of(answer.content)
    for wanted in (
        "Alice Test",
        "Stage 1 tune",
        "INR 599.00",
        "INR 91.37",
        "INR -100.00",
        "INR 499.00",
        "RevSync",
    ):
        assert wanted in text, (wanted, text)
    pdf_only = client_for(make_user("alice")).get(url, headers={"accept": "application/pdf"})
    assert pdf_only.content.startswith(b"%PDF")
    refused = client_for(make_user("bob")).get(url, headers={"accept": "application/pdf"})
    assert (refused.status_code, refused.json()["code"]) == (404, "not_found")


def test_no_money_no_invoice(client_for):
    payment = ordered(make_user("alice"))
    answer = client_for(make_user("alice")).get(f"/api/v1/payments/{payment.pk}/invoice.pdf")
    assert answer.status_code == 404


@pytest.mark.parametrize("name", ["Łukasz Żółć", "Zoë Ångström", "राहुल", "x" * 200, "(((\\)))", ""])
def test_any_name_makes_a_pdf(name):
    payment = paid(make_user("alice"))
    invoice = Invoice.objects.get(payment=payment)
    invoice.buyer = name
    invoice.lines = [
        {"label": f"Line {n} {name}", "quantity": n, "amount_minor": n, "tax_minor": 0} for n in range(60)
    ]
    assert invoice_pdf(invoice).startswith(b"%PDF")


def test_a_person_sees_what_we_hold_and_is_forgotten(standin, anyone):
    alice = make_user("alice")
    payment = ordered(alice)
    entity, _ = standin.pay(payment.gateway_order_id, email="alice@example.com", contact="+919000000000")
    deliver(anyone, *standin.webhook("payment.captured", payment=entity))
    open_one = ordered(alice)
    data = personal_data["payments"].export(alice.pk)
    assert [row["amount"] for row in data["payments"]] == ["INR 499.00", "INR 499.00"]
    assert len(data["invoices"]) == 1
    personal_data["payments"].erase(alice.pk)
    assert Invoice.objects.get().buyer == "An erased account"
    assert bytes(WebhookEvent.objects.get().raw) == b""
    assert (fresh(open_one).status, told("expired", open_one.subject_id)) == ("expired", 1)
    assert fresh(payment).status == "captured"


def problems():
    return {message.id for message in run_checks() if message.id.startswith("revsync.E1")}


def test_the_checks_pass_as_configured():
    assert problems() == set()


def test_an_empty_secret_is_refused(settings):
    settings.RAZORPAY_KEY_ID = "rzp_live_x"
    settings.RAZORPAY_KEY_SECRET, settings.RAZORPAY_WEBHOOK_SECRETS = "", []
    assert problems() == {"revsync.E101", "revsync.E102"}


def test_the_sandbox_is_refused_in_production_unless_told(settings):
    settings.PAYMENTS_SANDBOX, settings.PAYMENTS_ONLINE_ENABLED = False, True
    assert problems() == {"revsync.E104"}
    settings.PAYMENTS_ONLINE_ENABLED = False
    assert problems() == set()
    settings.PAYMENTS_GATEWAY = "bitcoin"
    assert problems() == {"revsync.E103"}


def test_the_sandboxs_doors_are_shut_where_it_is_off(anyone, settings):
    payment = ordered(make_user("alice"))
    settings.PAYMENTS_SANDBOX = False
    url = f"/api/v1/payments/sandbox/{payment.gateway_order_id}"
    assert anyone.get(f"{url}/").status_code == 404
    for deed in ("pay", "fail", "late"):
        answer = anyone.post(f"{url}/{deed}/")
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_order")
    assert fresh(payment).status == "created"


def test_an_order_that_nobody_made(anyone):
    url = "/api/v1/payments/sandbox/order_00000000000000"
    assert (anyone.get(f"{url}/").status_code, anyone.post(f"{url}/pay/").status_code) == (404, 404)


def test_the_start_page_counts_revenue_by_day_and_gateway():
    alice = make_user("alice")
    with held_at(datetime(2026, 11, 18, 9, tzinfo=UTC)):
        paid(alice)
        paid(alice, gateway="cash")
    with held_at(datetime(2026, 11, 20, 9, tzinfo=UTC)):
        paid(alice)
        card = dashboard_cards["revenue"]
        assert card.rows() == [("Last 30 days, INR", "INR 1,497.00")]
        chart = card.chart()
    assert (chart["labels"][0], chart["labels"][-1]) == ("07 Nov", "20 Nov")
    assert {row["label"]: row["data"][-3:] for row in chart["datasets"]} == {
        "cash (INR)": [499.0, 0, 0],
        "sandbox (INR)": [499.0, 0, 499.0],
    }
    assert dict(dashboard_cards["till"].rows())["In review"] == "0"
