"""What sync holds of a person leaves with the person; staff can read dead letters; plugs fit their triggers."""

import pytest

from core.ports import personal_data
from sync import checks
from sync.models import SyncEntry, SyncPush, SyncRejection, SyncStream
from sync.ports import ModelCollection, collections
from sync.tests.phone import bike, delta, key, push, updated
from sync.tests.testapp.models import Bike
from tests.cast import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("numbered")]


def test_the_export_has_the_dead_letters_and_erasure_ends_the_stream(client_for, phone, alice):
    bob = make_user("bob")
    push(client_for(bob), updated(bike()), push_id=key())
    push(phone, updated(bad := bike(odometer_km=-1)), push_id=key())
    (letter,) = personal_data["sync"].export(alice.pk)["rejected"]
    assert (letter["record"], letter["payload"]) == (bad["id"], bad)
    cursor = delta(phone)["cursor"]
    personal_data["sync"].erase(alice.pk)
    kept = (SyncStream.objects.exclude(pk=bob.pk), SyncEntry.objects, SyncPush.objects, SyncRejection.objects)
    assert [rows.filter(**({"pk": alice.pk} if rows.model is SyncStream else {"stream": alice.pk})).count()
            for rows in kept] == [0, 0, 0, 0]  # fmt: skip
    assert SyncEntry.objects.filter(stream=bob.pk).count() == 1
    assert phone.post("/api/v1/sync/pull/", {"cursor": cursor}).json()["reason"] == "future"


def test_staff_read_dead_letters_and_change_none(desk, phone):
    push(phone, updated(bike(odometer_km=-1)))
    letter = SyncRejection.objects.get()
    page = desk.get("/admin/sync/syncrejection/")
    assert (page.status_code, "test_bikes" in page.content.decode()) == (200, True)
    assert desk.get(f"/admin/sync/syncrejection/{letter.pk}/change/").status_code == 200
    assert desk.get("/admin/sync/syncrejection/add/").status_code == 403


def test_every_collection_has_its_triggers():
    assert checks.every_collection_has_its_triggers() == []
    collections._plugs["stranger"] = ModelCollection(code=999, model=Bike)
    try:
        (error,) = checks.every_collection_has_its_triggers()
    finally:
        del collections._plugs["stranger"]
    assert "'stranger' has code 999" in error.msg
