"""The main road: Tara uploads and publishes, Alice buys, pays and downloads; then every door once as Bob."""

import hashlib
from uuid import uuid4

import pytest

from core.testing.files import upload
from garage.models import FlashJob
from garage.tests.making import make_backup, make_vehicle
from marketplace.models import Download, Entitlement, Purchase, Tune
from marketplace.tests.making import buy, give_back, make_tune
from payments import ledger
from payments.models import Payment
from tests.cast import make_user
from tuners.tests.making import make_tuner

pytestmark = pytest.mark.django_db
TUNES = "/api/v1/marketplace/tunes/"
BODY = {
    "title": "MT-07 street",
    "summary": "Smooth from idle",
    "stage": "stage1",
    "price_minor": 249_900,
    "currency": "INR",
    "compatibility": [{"make": "Yamaha", "model": "MT-07", "year_from": 2014, "year_to": 2020}],
}


def test_from_upload_to_download(client_for, anyone):
    tuner = make_tuner()
    tara, alice = client_for(tuner.user), client_for(make_user("alice"))
    made = tara.post(TUNES, BODY)
    assert made.status_code == 201, made.json()
    tune_url = f"{TUNES}{made.json()['id']}/"
    assert (made.json()["status"], anyone.get(tune_url).status_code) == ("draft", 404)
    data = b"TUNE" + bytes(2000)
    sha256 = hashlib.sha256(data).hexdigest()
    file = upload(tara, data, purpose="tune_version", filename="mt07.bin")
    body = {"file_id": file["id"], "sha256": sha256, "changelog": "First."}
    version = tara.post(f"{tune_url}versions/", body)
    assert version.status_code == 201, version.json()
    assert {name: version.json()[name] for name in ("number", "state", "family", "sha256", "size")} == {
        "number": 1,
        "state": "readable",
        "family": "denso",
        "sha256": sha256,
        "size": 2004,
    }
    assert tara.post(f"{tune_url}versions/", body).json() == version.json()
    assert tara.post(f"{tune_url}publish/").json()["status"] == "published"
    page = anyone.get(tune_url).json()
    assert (page["version"]["sha256"], page["fits"]) == (sha256, ["Yamaha MT-07 2014-2020"])
    assert "file_id" not in page["version"]

    bought = alice.post("/api/v1/marketplace/purchase/", {"tune_id": page["id"]})
    assert bought.status_code == 201, bought.json()
    again = alice.post("/api/v1/marketplace/purchases/", {"tune_id": page["id"]})
    assert again.json() == bought.json()
    payment = bought.json()["payment"]
    assert (bought.json()["status"], payment["status"], payment["amount_minor"]) == (
        "pending",
        "created",
        249_900,
    )
    early = alice.post(f"/api/v1/marketplace/purchases/{bought.json()['id']}/download/")
    assert (early.status_code, early.json()["code"]) == (409, "purchase_unpaid")
    checkout = anyone.post(f"/api/v1/payments/sandbox/{payment['gateway_order_id']}/pay/").json()
    assert checkout["payment_status"] == "captured"
    right = alice.get("/api/v1/marketplace/entitlements/").json()["results"][0]
    assert (right["status"], right["tune_title"], right["version_number"]) == ("active", "MT-07 street", 1)
    handed = alice.post(f"/api/v1/marketplace/purchases/{bought.json()['id']}/download/")
    assert (handed.status_code, handed.json()["sha256"], handed.json()["size"]) == (200, sha256, 2004)
    path = handed.json()["url"].partition("://")[2].partition("/")[2]
    answer = anyone.get(f"/{path}")
    assert b"".join(answer.streaming_content) == data
    assert Tune.objects.get().sales_count == 1
    assert ledger.balance(f"payee:{tuner.user_id}", "INR") == -(249_900 - 249_900 * 15 // 100)
    owned = alice.post("/api/v1/marketplace/purchase/", {"tune_id": page["id"]})
    assert (owned.status_code, owned.json()["code"]) == (409, "tune_already_owned")
    assert Purchase.objects.count() == 1


def test_a_free_tune_is_paid_at_once(client_for):
    tune = make_tune(price_minor=0)
    alice = client_for(make_user("alice"))
    bought = alice.post("/api/v1/marketplace/purchase/", {"tune_id": str(tune.pk)})
    assert (bought.status_code, bought.json()["status"], bought.json()["payment"]) == (201, "paid", None)
    assert alice.post(f"{TUNES}{tune.pk}/download/").json()["version"] == 1
    assert Payment.objects.count() == 0


def test_a_full_refund_ends_the_right_everywhere(client_for):
    alice, tune = make_user("alice"), make_tune()
    vehicle = make_vehicle(alice)
    right = buy(alice, tune)
    payment = Payment.objects.get()
    give_back(payment, 1000)
    client = client_for(alice)
    door = f"/api/v1/marketplace/purchases/{right.purchase_id}/download/"
    assert client.post(door).status_code == 200
    give_back(payment, payment.amount_minor - 1000)
    refused = client.post(door)
    assert (refused.status_code, refused.json()["code"]) == (403, "entitlement_ended")
    assert list(Download.objects.order_by("at").values_list("result", flat=True)) == ["granted", "ended"]
    right.refresh_from_db()
    assert right.status == "revoked"
    assert Purchase.objects.get().status == "refunded"
    flash = client.post(
        "/api/v1/garage/flash-jobs/",
        {"vehicle_id": str(vehicle.pk), "source": {"kind": "tune", "id": str(tune.pk)}},
    )
    assert (flash.status_code, flash.json()["code"]) == (403, "entitlement_ended")
    assert FlashJob.objects.count() == 0
    assert client.post("/api/v1/marketplace/purchase/", {"tune_id": str(tune.pk)}).status_code == 201


def test_bob_finds_none_of_alices_doors_open(client_for, anyone):
    alice, bob = make_user("alice"), client_for(make_user("bob"))
    draft = make_tune(published=False)
    right = buy(alice, make_tune(title="Alice's"))
    doors = [
        ("get", f"marketplace/purchases/{right.purchase_id}/"),
        ("post", f"marketplace/purchases/{right.purchase_id}/download/"),
        ("post", f"marketplace/tunes/{right.tune_id}/download/"),
        ("get", f"marketplace/entitlements/{right.pk}/"),
        ("get", f"marketplace/tunes/{draft.pk}/"),
        ("get", f"marketplace/tunes/{draft.pk}/versions/"),
        ("patch", f"marketplace/tunes/{right.tune_id}/"),
        ("post", f"marketplace/tunes/{right.tune_id}/publish/"),
        ("post", f"marketplace/tunes/{right.tune_id}/retire/"),
    ]
    for method, door in doors:
        answer = getattr(bob, method)(f"/api/v1/{door}", {})
        assert (door, answer.status_code, answer.json()["code"]) == (door, 404, "not_found")
    assert bob.get("/api/v1/marketplace/purchases/").json()["results"] == []
    assert bob.get("/api/v1/marketplace/entitlements/").json()["results"] == []
    assert anyone.get("/api/v1/marketplace/purchases/").status_code == 401
    stolen = bob.post(f"{TUNES}{right.tune_id}/versions/", {"file_id": str(uuid4()), "sha256": "0" * 64})
    assert stolen.status_code == 404
    assert Entitlement.objects.count() == 1


def test_alice_flashes_the_tune_that_she_owns(client_for, monkeypatch):
    from garage.ports import flash_gates

    monkeypatch.setattr(flash_gates, "_plugs", {})
    alice, tune = make_user("alice"), make_tune()
    vehicle = make_vehicle(alice)
    make_backup(vehicle)
    buy(alice, tune)
    body = {"vehicle_id": str(vehicle.pk), "source": {"kind": "tune", "id": str(tune.pk)}}
    made = client_for(alice).post("/api/v1/garage/flash-jobs/", body)
    assert made.status_code == 201, made.json()
    job = FlashJob.objects.get()
    assert (job.sha256, job.ecu_expected["family"]) == (tune.versions.get().sha256, "denso")
    stranger = client_for(make_user("bob"))
    other = {"vehicle_id": str(make_vehicle(make_user("bob")).pk), "source": body["source"]}
    assert stranger.post("/api/v1/garage/flash-jobs/", other).status_code == 404


@pytest.mark.parametrize("door", ["purchase", "purchases"])
def test_a_purchase_with_a_key_happens_once(door, client_for):
    tune = make_tune(price_minor=0)
    client = client_for(make_user("alice"))
    ask, key = {"tune_id": str(tune.pk)}, {"Idempotency-Key": "tap-1"}
    first = client.post(f"/api/v1/marketplace/{door}/", ask, headers=key)
    again = client.post(f"/api/v1/marketplace/{door}/", ask, headers=key)
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    other = client.post(f"/api/v1/marketplace/{door}/", ask | {"gateway": "sandbox"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
