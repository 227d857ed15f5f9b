"""The bench and the shelf: what may be written, what stands in the way of publishing, what never changes."""

import hashlib
from uuid import uuid4

import pytest
from django.db.utils import IntegrityError

from core.ports import notifiers
from core.rls import as_system
from core.testing.files import stored
from core.testing.jobs import run_jobs
from garage.ports import file_readers
from marketplace import services
from marketplace.errors import PublishBlocked, StateConflict
from marketplace.models import Compatibility, Tune, TuneVersion
from marketplace.ports import Objection, publish_gates
from marketplace.tests.making import add_version, buy, make_tune
from tests.cast import make_user
from tuners.services import suspend
from tuners.tests.making import make_tuner

pytestmark = pytest.mark.django_db
TUNES = "/api/v1/marketplace/tunes/"
BODY = {"title": "MT-07 street", "compatibility": [{"make": "Yamaha", "model": "MT-07"}]}


@pytest.fixture
def tara(client_for):
    return client_for(make_tuner().user)


@pytest.mark.parametrize(
    "body, code, field",
    [
        ({"title": ""}, "invalid", "title"),
        ({"title": "x" * 121}, "invalid", "title"),
        ({"price_minor": 99}, "price_too_low", "price_minor"),
        ({"price_minor": -1}, "invalid", "price_minor"),
        ({"price_minor": 10**12}, "invalid", "price_minor"),
        ({"price_minor": 1.5}, "invalid", "price_minor"),
        ({"price_minor": 49, "currency": "JPY"}, "price_too_low", "price_minor"),
        ({"currency": "XYZ"}, "invalid", "currency"),
        ({"stage": "stage9"}, "invalid", "stage"),
        ({"status": "published"}, "invalid", "status"),
        ({"sales_count": 900}, "invalid", "sales_count"),
        ({"picture_ids": [str(uuid4())]}, "invalid", "picture_ids"),
        ({"compatibility": [{}]}, "invalid", "compatibility"),
        ({"compatibility": [{"model": "MT-07"}]}, "invalid", "compatibility"),
        ({"compatibility": [{"make": "Y", "year_from": 2020, "year_to": 2010}]}, "invalid", "compatibility"),
        ({"compatibility": [{"vehicle_model_id": str(uuid4())}]}, "invalid", "compatibility"),
        ({"compatibility": [{"make": "Y"}] * 101}, "invalid", "compatibility"),
    ],
)
def test_bad_tunes_are_named_and_leave_no_trace(body, code, field, tara):
    answer = tara.post(TUNES, BODY | body)
    assert (answer.status_code, answer.json()["code"], list(answer.json()["fields"])) == (400, code, [field])
    tune = make_tune(published=False)
    patched = tara.patch(f"{TUNES}{tune.pk}/", body)
    assert (patched.status_code, list(patched.json()["fields"])) == (400, [field])
    before = tune.rev
    tune.refresh_from_db()
    assert (Tune.objects.count(), tune.rev) == (1, before)


def test_only_verified_tuners_write(client_for, anyone):
    for client, status, code in (
        (client_for(make_user("alice")), 403, "tuner_not_verified"),
        (anyone, 401, "not_authenticated"),
    ):
        answer = client.post(TUNES, BODY)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert Tune.objects.count() == 0


def test_a_client_made_id_is_the_same_create(tara):
    body = BODY | {"id": str(uuid4())}
    first, second = tara.post(TUNES, body), tara.post(TUNES, body)
    assert (first.status_code, second.status_code, first.json()) == (201, 201, second.json())


def test_patching_keeps_equal_rows_and_their_mark(tara):
    tune = make_tune()
    row = tune.fits.get()
    Compatibility.objects.filter(pk=row.pk).update(verified=True)
    tag = tara.get(f"{TUNES}{tune.pk}/").headers["ETag"]
    same = {"make": "Yamaha", "model": "MT-07", "year_from": 2014, "year_to": 2020}
    answer = tara.patch(
        f"{TUNES}{tune.pk}/",
        {"title": "New", "compatibility": [same, {"make": "KTM"}]},
        headers={"If-Match": tag},
    )
    assert answer.status_code == 200, answer.json()
    kept = {fit["label"]: fit["verified"] for fit in answer.json()["compatibility"]}
    assert kept == {"Yamaha MT-07 2014-2020": True, "KTM": False}
    stale = tara.patch(f"{TUNES}{tune.pk}/", {"title": "Newer"}, headers={"If-Match": tag})
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")


def test_versions_are_checked_against_their_hash_and_numbered(tara, client_for):
    tune = make_tune()
    door = f"{TUNES}{tune.pk}/versions/"
    file = stored(tune.tuner.user, b"TUNE two", "tune_version")
    wrong = tara.post(door, {"file_id": str(file.pk), "sha256": hashlib.sha256(b"other").hexdigest()})
    assert (wrong.status_code, wrong.json()["code"], list(wrong.json()["fields"])) == (
        400,
        "sha256_mismatch",
        ["sha256"],
    )
    short = tara.post(door, {"file_id": str(file.pk), "sha256": "abc"})
    assert (short.status_code, list(short.json()["fields"])) == (400, ["sha256"])
    backup = stored(tune.tuner.user, b"TUNE three", "ecu_backup")
    other = tara.post(door, {"file_id": str(backup.pk), "sha256": backup.sha256})
    assert (other.status_code, list(other.json()["fields"])) == (400, ["file_id"])
    theirs = stored(make_user("bob"), b"TUNE four", "tune_version")
    stolen = tara.post(door, {"file_id": str(theirs.pk), "sha256": theirs.sha256})
    assert (stolen.status_code, list(stolen.json()["fields"])) == (400, ["file_id"])
    assert tara.post(door, {"file_id": str(file.pk), "sha256": file.sha256}).json()["number"] == 2
    twin = stored(tune.tuner.user, b"TUNE two", "tune_version")
    exists = tara.post(door, {"file_id": str(twin.pk), "sha256": twin.sha256})
    assert (exists.status_code, exists.json()["code"]) == (409, "version_exists")
    assert [row["number"] for row in tara.get(door).json()["results"]] == [2, 1]
    assert [row["number"] for row in client_for(make_user("bob")).get(door).json()["results"]] == [1]


def test_the_database_keeps_versions_as_they_are():
    version = make_tune().versions.get()
    for column, value in (
        ("sha256", "0" * 64),
        ("file_id", uuid4()),
        ("changelog", "x"),
        ("signature", "x"),
        ("published_at", None),
    ):
        with pytest.raises(IntegrityError, match="never changes"), as_system("test"):
            TuneVersion.objects.filter(pk=version.pk).update(**{column: value})
    with pytest.raises(IntegrityError, match="never changes"), as_system("test"):
        TuneVersion.objects.filter(pk=version.pk).delete()


def test_what_stands_in_the_way_of_publishing(tara):
    tune = make_tune(published=False, fits=())
    door = f"{TUNES}{tune.pk}/publish/"

    def gates():
        answer = tara.post(door)
        assert (answer.status_code, answer.json()["code"]) == (409, "publish_blocked")
        return [one["code"] for one in answer.json()["fields"]["gates"]]

    assert gates() == ["no_version", "no_compatibility"]
    add_version(tune, b"no tune at all")
    assert tune.versions.get().detail == "This is no tune."
    assert gates() == ["file_unreadable", "no_compatibility"]
    tara.patch(f"{TUNES}{tune.pk}/", {"compatibility": [{"make": "Yamaha"}]})
    add_version(tune, b"TUNE good")
    assert tara.post(door).json()["status"] == "published"
    assert tara.post(door).json()["version_number"] == 2


def test_a_file_is_read_late_where_no_reader_was_there(tara, monkeypatch):
    plugs = file_readers._plugs
    monkeypatch.setattr(file_readers, "_plugs", {})
    tune = make_tune(published=False)
    assert add_version(tune, b"junk").state == "pending"
    monkeypatch.setattr(file_readers, "_plugs", plugs)
    answer = tara.post(f"{TUNES}{tune.pk}/publish/")
    assert [one["code"] for one in answer.json()["fields"]["gates"]] == ["file_unreadable"]


class Gate:
    def __init__(self, *objections):
        self.says = objections
        self.prepared = []

    def prepare(self, tune, version):
        self.prepared.append(version.number)

    def objections(self, tune, version):
        return list(self.says)


def test_a_gate_blocks_or_sends_to_moderation(tara, monkeypatch, desk):
    tune = make_tune(published=False)
    add_version(tune)
    door = f"{TUNES}{tune.pk}/publish/"
    hard, soft = (
        Objection("dangerous", "Lean at full load.", {"rpm": 9000}),
        Objection("unknown_engine", "Look at it.", review=True),
    )
    monkeypatch.setattr(publish_gates, "_plugs", {"test": Gate(hard, soft)})
    blocked = tara.post(door).json()["fields"]["gates"]
    assert [(one["code"], one["detail"]) for one in blocked] == [
        ("dangerous", {"rpm": 9000}),
        ("unknown_engine", {}),
    ]
    monkeypatch.setattr(publish_gates, "_plugs", {"test": Gate(soft)})
    waiting = tara.post(door).json()
    assert (waiting["status"], waiting["moderation_reason"]) == ("in_review", "Look at it.")
    page = desk.get("/admin/marketplace/tune/", {"status__exact": "in_review"})
    assert b"MT-07 street" in page.content
    desk.post(f"/admin/marketplace/tune/{tune.pk}/refuse/", {"_form_submitted": "true", "reason": "No proof"})
    tune.refresh_from_db()
    assert (tune.status, tune.moderation_reason) == ("draft", "No proof")
    tara.post(door)
    desk.post(f"/admin/marketplace/tune/{tune.pk}/approve/", {"_form_submitted": "true"})
    tune.refresh_from_db()
    assert (tune.status, tune.versions.get().published_at is not None) == ("published", True)
    with pytest.raises(StateConflict):
        services.approve_tune(tune=tune, staff=make_user("sam"))


def test_a_house_may_look_at_every_new_tune(tara, settings):
    settings.MARKETPLACE_REVIEW_ALL = True
    tune = make_tune(published=False)
    add_version(tune)
    assert tara.post(f"{TUNES}{tune.pk}/publish/").json()["status"] == "in_review"


def test_suspended_tuners_neither_publish_nor_sell(tara, client_for):
    sold, draft = make_tune(), make_tune(published=False)
    add_version(draft, b"TUNE draft")
    suspend(profile=sold.tuner, staff=make_user("sam"), reason="Test")
    refused = tara.post(f"{TUNES}{draft.pk}/publish/")
    assert (refused.status_code, refused.json()["code"]) == (403, "tuner_not_verified")
    bought = client_for(make_user("alice")).post("/api/v1/marketplace/purchase/", {"tune_id": str(sold.pk)})
    assert (bought.status_code, bought.json()["code"]) == (409, "tune_not_for_sale")


def test_retired_tunes_stay_with_their_owners(tara, client_for, anyone):
    tune = make_tune()
    alice = make_user("alice")
    buy(alice, tune)
    assert tara.post(f"{TUNES}{tune.pk}/retire/").json()["status"] == "retired"
    assert tara.post(f"{TUNES}{tune.pk}/retire/").status_code == 200
    assert (
        anyone.get(f"{TUNES}{tune.pk}/").status_code,
        client_for(alice).get(f"{TUNES}{tune.pk}/").status_code,
    ) == (404, 200)
    assert client_for(alice).post(f"{TUNES}{tune.pk}/download/").status_code == 200
    assert (
        client_for(make_user("bob"))
        .post("/api/v1/marketplace/purchase/", {"tune_id": str(tune.pk)})
        .status_code
        == 400
    )
    assert tara.post(f"{TUNES}{tune.pk}/publish/").json()["status"] == "published"
    draft = make_tune(published=False)
    early = tara.post(f"{TUNES}{draft.pk}/retire/")
    assert (early.status_code, early.json()["code"]) == (409, "state_conflict")


class Bell:
    def __init__(self):
        self.rung = []

    def send(self, user_id, note):
        self.rung.append((user_id, note.kind, note.title))


def test_new_versions_reach_those_who_own_the_tune(tara, monkeypatch):
    tune, alice = make_tune(), make_user("alice")
    buy(alice, tune)
    bell = Bell()
    monkeypatch.setattr(notifiers, "_plugs", {"test": bell})
    add_version(tune, changelog="Cold start")
    assert bell.rung == []
    tara.post(f"{TUNES}{tune.pk}/publish/")
    assert "marketplace.tell_owners" in run_jobs()
    assert bell.rung == [(alice.pk, "tune_version", "MT-07 street: version 2")]


def test_publishing_without_a_version_is_blocked_in_the_service_too():
    tune = make_tune(published=False)
    with pytest.raises(PublishBlocked):
        services.publish_tune(owner=tune.tuner.user, tune_id=tune.pk)
