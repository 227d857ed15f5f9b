"""Tunes paid with rewards: a part, all, back with a refund; the tuner earns of the whole price."""

import pytest

from marketplace.models import Entitlement, Purchase
from marketplace.tests.making import give_back, make_tune, pay
from payments import ledger
from payments.models import Payment
from payments.services import rewards
from payments.tests.till import balanced
from tests.cast import make_user

pytestmark = pytest.mark.django_db
URL = "/api/v1/marketplace/purchase/"
PRICE = 249_900


@pytest.fixture
def alice(db):
    person = make_user("alice")
    rewards.earn(user_id=person.pk, amount_minor=300_000, currency="INR", source="test")
    return person


def left(user):
    return rewards.balance(user.pk, "INR")


def test_a_part(client_for, alice, settings):
    tune, client = make_tune(), client_for(alice)
    made = client.post(URL, {"tune_id": str(tune.pk), "rewards_minor": 49_900}).json()
    assert (made["payment"]["amount_minor"], made["payment"]["rewards_minor"]) == (200_000, 49_900)
    assert client.post(URL, {"tune_id": str(tune.pk)}).json()["payment"] == made["payment"]
    pay(made["payment"])
    theirs = PRICE - PRICE * settings.MARKETPLACE_COMMISSION_BPS // 10_000
    assert (left(alice), -ledger.balance(f"payee:{tune.tuner.user_id}", "INR")) == (250_100, theirs)
    give_back(Payment.objects.get(), 200_000)
    assert (Purchase.objects.get().status, Entitlement.objects.get().status) == ("refunded", "revoked")
    assert (left(alice), ledger.balance(f"payee:{tune.tuner.user_id}", "INR"), balanced()) == (
        300_000,
        0,
        True,
    )


def test_all_of_it_is_owned_at_once(client_for, alice):
    tune = make_tune()
    made = client_for(alice).post(URL, {"tune_id": str(tune.pk), "rewards_minor": PRICE}).json()
    assert (made["status"], made["payment"]["gateway"]) == ("paid", "rewards")
    assert (Entitlement.objects.get().status, left(alice), balanced()) == ("active", 50_100, True)


@pytest.mark.parametrize(
    "wanted,code", [(PRICE + 1, "rewards_above_price"), (PRICE - 1, "amount_not_possible")]
)
def test_odd_wishes_leave_no_purchase(client_for, alice, wanted, code):
    answer = client_for(alice).post(URL, {"tune_id": str(make_tune().pk), "rewards_minor": wanted})
    assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert (Purchase.objects.count(), left(alice)) == (0, 300_000)


def test_an_overspend_leaves_no_purchase(client_for):
    answer = client_for(make_user("bob")).post(URL, {"tune_id": str(make_tune().pk), "rewards_minor": 5})
    assert (answer.status_code, answer.json()["code"]) == (409, "rewards_insufficient")
    assert (Purchase.objects.count(), Payment.objects.count()) == (0, 0)
