"""Buying: one open purchase, one right, whatever happens at once; limits, VINs, disputes, late money."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.db.utils import IntegrityError

from core import clock
from core.clock import held_at
from core.models import AuditEvent
from core.rls import as_system, as_user
from core.testing.counting import statements
from garage.ports import flash_gates
from garage.tests.making import make_vehicle
from marketplace import services
from marketplace.errors import AlreadyOwned, DownloadLimit
from marketplace.models import Download, Entitlement, Purchase, Tune
from marketplace.models.buying import DOWNLOAD_LIMIT
from marketplace.ports import bought
from marketplace.states import MACHINES, may
from marketplace.tests.making import add_version, buy, give_back, make_tune, pay, purchase_row
from payments import ledger
from payments.models import Payment
from payments.services import expire
from tests.cast import make_user
from tuners.tests.making import make_tuner

pytestmark = pytest.mark.django_db
SHOP = "/api/v1/marketplace/"
VIN_A, VIN_B = "1HGCM82633A004352", "1M8GDM9AXKP042788"


@pytest.mark.django_db(transaction=True)
def test_ten_purchases_at_once_are_one_order():
    with as_system("test"):
        alice, tune = make_user("alice"), make_tune()

    def once(_):
        try:
            purchase, payment = services.purchase_tune(buyer=alice, tune=tune)
            return purchase.pk, payment["id"], payment["gateway_order_id"]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(5) as pool:
        answers = set(pool.map(once, range(10)))
    assert len(answers) == 1
    with as_system("test"):
        assert (Purchase.objects.count(), Payment.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_ten_free_purchases_at_once_are_one_right():
    with as_system("test"):
        alice, tune = make_user("alice"), make_tune(price_minor=0)

    def once(_):
        try:
            return services.purchase_tune(buyer=alice, tune=tune)[0].status
        except AlreadyOwned:
            return "owned"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(once, range(10)))
    assert set(answers) <= {"paid", "owned"}
    with as_system("test"):
        assert Entitlement.objects.count() == 1
        assert Purchase.objects.filter(status="paid").count() == 1
        tune.refresh_from_db()
    assert tune.sales_count == 1


@pytest.mark.django_db(transaction=True)
def test_downloads_at_once_never_pass_the_limit(rf):
    with as_system("test"):
        alice, tune = make_user("alice"), make_tune(price_minor=0)
    right = buy(alice, tune)
    with as_system("test"):
        Entitlement.objects.update(download_limit=3)

    def once(_):
        try:
            services.download_entitled(user=alice, entitlement_id=right.pk, request=rf.post("/"))
        except DownloadLimit as problem:
            return problem.code
        else:
            return "granted"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(5) as pool:
        answers = sorted(pool.map(once, range(8)))
    assert answers == ["download_limit_reached"] * 5 + ["granted"] * 3
    with as_system("test"):
        assert Download.objects.filter(result="granted").count() == 3
        assert Download.objects.filter(result="limit").count() == 5


def test_a_purchase_has_the_price_of_its_day():
    alice, tune = make_user("alice"), make_tune(price_minor=1000)
    first, order = services.purchase_tune(buyer=alice, tune=tune)
    Tune.objects.filter(pk=tune.pk).update(price_minor=900)
    second, cheaper = services.purchase_tune(buyer=alice, tune=tune)
    first.refresh_from_db()
    assert (first.status, first.price_minor, second.price_minor) == ("expired", 1000, 900)
    pay(order)
    first.refresh_from_db()
    assert first.status == "paid"
    pay(cheaper)
    second.refresh_from_db()
    assert (second.status, Payment.objects.get(pk=cheaper["id"]).honoured) == ("pending", False)
    assert Entitlement.objects.count() == 1


def test_late_money_is_honoured_while_the_tune_is_there():
    alice, tune = make_user("alice"), make_tune()
    purchase, order = services.purchase_tune(buyer=alice, tune=tune)
    assert expire(Payment.objects.get())
    purchase.refresh_from_db()
    assert purchase.status == "expired"
    services.retire_tune(owner=tune.tuner.user, tune_id=tune.pk)
    assert services.complete_purchase(purchase.pk) is False
    services.publish_tune(owner=tune.tuner.user, tune_id=tune.pk)
    assert services.complete_purchase(purchase.pk) is True
    assert services.complete_purchase(purchase.pk) is False
    assert (Entitlement.objects.count(), order["status"]) == (1, "created")


def test_one_cannot_buy_ones_own_tune_nor_a_draft(client_for):
    tune, draft = make_tune(), make_tune(published=False)
    tara, alice = client_for(tune.tuner.user), client_for(make_user("alice"))
    for client, row, status, code in (
        (tara, tune, 409, "own_tune"),
        (tara, draft, 409, "own_tune"),
        (alice, draft, 400, "invalid"),
    ):
        answer = client.post(f"{SHOP}purchase/", {"tune_id": str(row.pk)})
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    for body, field in (
        ({}, "tune_id"),
        ({"tune_id": "x"}, "tune_id"),
        ({"tune_id": str(tune.pk), "price": 1}, "price"),
    ):
        answer = alice.post(f"{SHOP}purchase/", body)
        assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])
    bike = make_vehicle(make_user("bob"))
    theirs = alice.post(f"{SHOP}purchase/", {"tune_id": str(tune.pk), "vehicle_id": str(bike.pk)})
    assert (theirs.status_code, list(theirs.json()["fields"])) == (400, ["vehicle_id"])
    odd = alice.post(f"{SHOP}purchase/", {"tune_id": str(tune.pk), "gateway": "barter"})
    assert (odd.status_code, odd.json()["code"]) == (400, "unknown_gateway")
    assert (Purchase.objects.count(), Payment.objects.count()) == (0, 0)


def test_a_vin_bound_licence_is_for_one_vehicle(client_for, monkeypatch):
    monkeypatch.setattr(flash_gates, "_plugs", {})
    alice, tune = make_user("alice"), make_tune(vin_bound=True)
    client = client_for(alice)
    plain, bike, other = (make_vehicle(alice, vin=vin) for vin in ("", VIN_A, VIN_B))
    for vehicle in (None, plain):
        body = {"tune_id": str(tune.pk)} | ({"vehicle_id": str(vehicle.pk)} if vehicle else {})
        answer = client.post(f"{SHOP}purchase/", body)
        assert (answer.status_code, answer.json()["code"], list(answer.json()["fields"])) == (
            400,
            "vin_needed",
            ["vehicle_id"],
        )
    right = buy(alice, tune, bike)
    assert right.vin == VIN_A

    def flash(vehicle):
        body = {"vehicle_id": str(vehicle.pk), "source": {"kind": "tune", "id": str(tune.pk)}}
        answer = client.post("/api/v1/garage/flash-jobs/", body)
        return answer.status_code, answer.json().get("code")

    assert flash(other) == (409, "licence_for_other_vehicle")
    assert flash(bike)[0] == 201
    with pytest.raises(AlreadyOwned):
        services.purchase_tune(buyer=alice, tune=tune, vehicle=bike)
    buy(alice, tune, other)
    assert flash(other)[0] == 201
    assert set(Entitlement.objects.values_list("vin", flat=True)) == {VIN_A, VIN_B}


def test_a_dispute_rests_the_right_and_its_end_decides(client_for):
    alice, tune = make_user("alice"), make_tune()
    right = buy(alice, tune)
    client, door = client_for(alice), f"{SHOP}purchases/{right.purchase_id}/download/"
    services.dispute_purchase(right.purchase_id, is_open=True)
    rests = client.post(door)
    assert (rests.status_code, rests.json()["code"]) == (403, "entitlement_suspended")
    again = client.post(f"{SHOP}purchase/", {"tune_id": str(tune.pk)})
    assert (again.status_code, again.json()["code"]) == (409, "tune_already_owned")
    services.dispute_purchase(right.purchase_id, is_open=False)
    assert client.post(door).status_code == 200
    services.dispute_purchase(right.purchase_id, is_open=True)
    services.refund_purchase(right.purchase_id, tune.price_minor, full=True)
    right.refresh_from_db()
    assert (right.status, Purchase.objects.get().status) == ("revoked", "charged_back")
    assert client.post(door).json()["code"] == "entitlement_ended"
    tune.refresh_from_db()
    assert tune.sales_count == 0


def test_downloads_are_counted_and_staff_renew_them(client_for, desk):
    alice, tune = make_user("alice"), make_tune(price_minor=0)
    right = buy(alice, tune)
    client = client_for(alice)
    for _ in range(DOWNLOAD_LIMIT):
        assert client.post(f"{SHOP}tunes/{tune.pk}/download/").status_code == 200
    refused = client.post(f"{SHOP}tunes/{tune.pk}/download/")
    assert (refused.status_code, refused.json()["code"]) == (409, "download_limit_reached")
    assert client.get(f"{SHOP}entitlements/{right.pk}/").json()["downloads_left"] == 0
    desk.post(f"/admin/marketplace/entitlement/{right.pk}/renew/", {"_form_submitted": "true"})
    assert client.post(f"{SHOP}tunes/{tune.pk}/download/").status_code == 200
    kept = Download.objects.filter(entitlement=right)
    assert (kept.filter(result="granted").count(), kept.filter(result="limit").count()) == (11, 1)
    assert AuditEvent.objects.filter(action="tune.download").count() == 12
    assert AuditEvent.objects.filter(action="entitlement.renew").count() == 1
    one = kept.first()
    assert (len(one.ip_hash), "127.0.0.1" in one.ip_hash) == (32, False)


def test_owners_get_the_newest_version(client_for):
    alice, tune = make_user("alice"), make_tune()
    buy(alice, tune)
    add_version(tune, b"TUNE better")
    client = client_for(alice)
    assert client.post(f"{SHOP}tunes/{tune.pk}/download/").json()["version"] == 1
    services.publish_tune(owner=tune.tuner.user, tune_id=tune.pk)
    assert client.post(f"{SHOP}tunes/{tune.pk}/download/").json()["version"] == 2


class Listener:
    def __init__(self):
        self.heard = []

    def bought(self, purchase):
        self.heard.append(purchase.pk)


def test_listeners_hear_of_each_paid_purchase_once(monkeypatch):
    listener = Listener()
    monkeypatch.setattr(bought, "_plugs", {"test": listener})
    alice = make_user("alice")
    rights = [buy(alice, make_tune()), buy(alice, make_tune(price_minor=0, content=b"TUNE free"))]
    assert listener.heard == [right.purchase_id for right in rights]


@pytest.mark.parametrize("door", ["purchases", "entitlements", "favourites"])
@pytest.mark.parametrize("count", [1, 3])
def test_lists_cost_few_statements(door, count, client_for):
    alice = make_user("alice")
    client = client_for(alice)
    for number in range(count):
        tune = make_tune(price_minor=0, content=b"TUNE %d" % number)
        buy(alice, tune)
        assert client.post(f"{SHOP}favourites/", {"tune_id": str(tune.pk)}).status_code == 201
    with statements() as told:
        assert len(client.get(f"{SHOP}{door}/").json()["results"]) == count
    # Purchases own their transaction: the context is set by two statements of their own.
    assert len(told) == (4 if door == "purchases" else 2), told


# -- Machines


@pytest.mark.parametrize("table", sorted(MACHINES))
def test_the_database_allows_the_moves_of_the_page_and_no_other(table):
    alice, machine = make_user("alice"), MACHINES[table]
    tune = make_tune()
    purchase = purchase_row(alice, tune)
    now = clock.now()
    with as_system("test"):
        right = Entitlement.objects.create(user=alice, tune=tune, purchase=purchase)
        rows = {"marketplace_tune": tune, "marketplace_purchase": purchase, "marketplace_entitlement": right}
        row = rows[table]
        for old in machine:
            for new in machine:
                if old == new:
                    continue
                _force(row, old, now)
                assert _moves(row, new) == may(machine, old, new), (old, new)


def _force(row, status, now):
    """Put a row into a state without asking the triggers."""
    table = row._meta.db_table
    dated = {"tune": "published_at", "purchase": "paid_at", "entitlement": "ended_at"}[row._meta.model_name]
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE none")
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(f"UPDATE {table} SET status = %s, {dated} = %s WHERE id = %s", [status, now, row.pk])
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("SET ROLE revsync_system")


def _moves(row, status):
    """Does the database let the row become this?"""
    try:
        with as_system("test"):
            type(row).objects.filter(pk=row.pk).update(status=status)
    except IntegrityError as problem:
        return "may not become" not in str(problem)
    return True


# -- Money of the tuner


def test_a_tuner_earns_waits_and_pays_back(client_for):
    tuner, alice = make_tuner(), make_user("alice")
    client = client_for(tuner.user)
    tune = make_tune(price_minor=1001)
    buy(alice, tune)
    earned = ledger.split(1001, [8500, 1500])[0]
    balance = client.get("/api/v1/tuners/me/balance/").json()["balances"]
    assert balance == [
        {"currency": "INR", "balance_minor": earned, "cleared_minor": 0, "waiting_minor": earned}
    ]
    lines = client.get("/api/v1/tuners/me/earnings/").json()["results"]
    assert [(line["amount_minor"], line["currency"]) for line in lines] == [(earned, "INR")]
    with held_at(clock.now() + timedelta(days=15)):
        cleared = client_for(tuner.user).get("/api/v1/tuners/me/balance/").json()["balances"][0]
    assert (cleared["cleared_minor"], cleared["waiting_minor"]) == (earned, 0)
    give_back(Payment.objects.get(), 1001)
    assert client.get("/api/v1/tuners/me/balance/").json()["balances"][0]["balance_minor"] == 0
    assert (
        sum(line["amount_minor"] for line in client.get("/api/v1/tuners/me/earnings/").json()["results"]) == 0
    )
    bob = client_for(make_user("bob"))
    assert bob.get("/api/v1/tuners/me/earnings/").json()["results"] == []
    assert bob.get("/api/v1/tuners/me/balance/").json()["balances"] == []
    assert bob.get("/api/v1/tuners/me/payouts/").json()["results"] == []


def test_a_payout_account_is_the_tuners_own(client_for):
    tuner = make_tuner()
    tara, bob = client_for(tuner.user), client_for(make_user("bob"))
    door = "/api/v1/tuners/me/payout-account/"
    assert tara.get(door).status_code == 404
    body = {"gateway": "sandbox", "gateway_account_id": "acc_1", "label": "Bank"}
    assert bob.put(door, body).json()["code"] == "tuner_not_verified"
    bad = tara.put(door, body | {"gateway": "cash"})
    assert (bad.status_code, list(bad.json()["fields"])) == (400, ["gateway"])
    made = tara.put(door, body)
    if made.status_code == 400:
        assert list(made.json()["fields"]) == ["gateway"]
    else:
        assert (made.json()["label"], made.json()["verified_at"]) == ("Bank", None)
        assert tara.get(door).json() == made.json()
    assert bob.get(door).status_code == 404


def test_a_forgotten_filter_leaks_nothing():
    alice, bob = make_user("alice"), make_user("bob")
    draft = make_tune(published=False)
    add_version(draft)
    buy(alice, make_tune(content=b"TUNE sold"))
    with as_user(bob):
        assert [Purchase.objects.count(), Entitlement.objects.count(), Download.objects.count()] == [0, 0, 0]
        assert Tune.objects.filter(pk=draft.pk).count() == 0
        assert draft.versions.count() == 0
        assert draft.fits.count() == 0
        assert Entitlement.objects.update(download_limit=999) == 0


def test_what_everybody_reads_only_its_owner_changes():
    theirs = make_tune()
    buy(make_user("alice"), theirs)
    rival = make_tuner("bob")
    with as_user(rival.user):
        assert Tune.objects.filter(pk=theirs.pk).count() == 1
        assert Tune.objects.update(price_minor=0) == 0
        assert Tune.objects.update(tuner=rival) == 0  # the row after it would be Bob's own
        assert Tune.objects.all()._raw_delete("default") == 0
    assert Tune.objects.get(pk=theirs.pk).tuner_id == theirs.tuner_id
