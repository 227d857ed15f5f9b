"""Staff tools come with a key: named, scoped, and told in the audit log."""

import pytest

from core.models import AuditEvent
from core.testing.client import RiderClient
from payments.tests.till import fresh, ordered
from tests.cast import make_user
from users.models.keys import Scope
from users.staff import make_key, revoke_key

pytestmark = pytest.mark.django_db


def tool(*scopes):
    row, key = make_key(name="till", scopes=scopes, created_by=make_user("sam"))
    client = RiderClient()
    client.credentials(HTTP_X_API_KEY=key)
    return row, client


def test_a_key_of_the_workshop_takes_cash_and_sees_no_books():
    row, till = tool(Scope.WORKSHOP)
    payment = ordered(make_user("alice"), gateway="cash")
    answer = till.post(f"/api/v1/staff/payments/{payment.pk}/collect-cash/", {})
    assert (answer.status_code, answer.json()["payment"]["status"]) == (200, "captured")
    assert fresh(payment).captured_minor == payment.amount_minor
    assert AuditEvent.objects.get(action="staff.call").actor == row.pk
    assert till.get("/api/v1/staff/ledger/trial-balance/").status_code == 403


def test_a_key_of_finance_reads_the_books_until_it_is_revoked():
    row, finance = tool(Scope.FINANCE)
    assert finance.get("/api/v1/staff/ledger/trial-balance/").json()["balanced"] is True
    revoke_key(row, by=make_user("sam"))
    refused = finance.get("/api/v1/staff/ledger/trial-balance/")
    assert (refused.status_code, refused.json()["code"]) == (401, "api_key_invalid")
