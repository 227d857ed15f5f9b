"""Months go to the file store as Parquet before retention drops them: whole, once, and out of it again."""

import os
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import numpy as np
import pytest

from core.clock import held_at
from core.ports import personal_data
from core.rls import as_user
from core.storage import BlobAbsent, S3Store, store
from core.testing.jobs import run_jobs
from garage.models import Vehicle
from telematics.models import Archive, Latest, Segment, Source
from telematics.samples import Samples, join
from telematics.selectors.read import read
from telematics.services import archiving
from telematics.services.partitions import make_months, months
from telematics.services.retention import retain
from telematics.services.store import append
from telematics.tests.making import NOON, drive, make_vehicle, same
from tests.cast import make_user

pytestmark = pytest.mark.django_db
DAY_MS = 86_400_000
MAY = datetime(2024, 5, 15, tzinfo=UTC)  # 90 days after the middle of February: January has ended for all


@pytest.fixture(params=["disk", "s3"])
def shop(request, settings, tmp_path):
    """Each store in turn, with the archive switched on."""
    settings.TELEMETRY_ARCHIVE, settings.MEDIA_ROOT = True, tmp_path
    if request.param == "disk":
        settings.USE_S3 = False
        yield
        return
    settings.USE_S3 = True
    settings.S3 = {
        "access_key": "tests", "secret_key": "tests-secret", "bucket": f"revsync-{uuid4().hex[:12]}",
        "region": "eu-central-1", "endpoint": os.environ["TEST_S3_ENDPOINT"], "public_domain": "",
    }  # fmt: skip
    made = S3Store(settings.S3)
    made.client.create_bucket(
        Bucket=settings.S3["bucket"], CreateBucketConfiguration={"LocationConstraint": settings.S3["region"]}
    )
    yield
    made.client.close()


@pytest.fixture
def archived(settings, tmp_path):
    settings.TELEMETRY_ARCHIVE, settings.USE_S3, settings.MEDIA_ROOT = True, False, tmp_path


def put(bike, samples):
    return append(bike.pk, bike.owner_id, samples, source=Source.BATCH)


def everything(bike):
    return read(bike.pk, 0, 4_000_000_000_000)


def january():
    """Three drives of two days, one with a signal that we don't know; and one of March, which stays."""
    odd = drive(60, t0=NOON + DAY_MS)
    odd = Samples(odd.t, {**odd.signals, "seat_heat": np.where(odd.t % 2000 == 0, np.nan, odd.t % 7)})
    return [drive(900), drive(600, t0=NOON + 3_600_000 * 2), odd, drive(60, t0=NOON + 60 * DAY_MS)]


def in_archive(**which):
    return join(
        piece
        for row in Archive.objects.filter(ended_at=None, **which)
        for piece in archiving.read_archive(row)
    )


def test_a_month_is_archived_whole_before_it_is_dropped(shop, bike):
    parts = january()
    for part in parts:
        put(bike, part)
    make_months()
    with held_at(MAY):
        assert retain() == 3
        assert retain() == 0
    row = Archive.objects.get()
    assert (str(row.month), row.rows) == ("2024-01-01", 1560)
    assert row.key.startswith(f"telemetry/2024-01/{bike.pk}/")
    assert same(in_archive(), join(parts[:3]))
    assert same(everything(bike), parts[3])
    assert date(2024, 1, 1) not in months()
    with store().open(row.key) as file:
        assert len(file.read()) == row.size < 60_000


def test_what_comes_later_is_a_file_of_its_own(archived, bike):
    first, late = drive(600), drive(600, t0=NOON + 5 * DAY_MS)
    for part in (first, late):
        put(bike, part)
        with held_at(MAY):
            assert retain() == 1
    assert Archive.objects.count() == 2
    assert same(in_archive(), join([first, late]))


def test_nothing_is_deleted_that_the_store_did_not_take(archived, bike, monkeypatch):
    put(bike, drive(600))
    make_months()
    real = archiving._rows_of
    monkeypatch.setattr(archiving, "_rows_of", lambda key: None if (rows := real(key)) is None else rows - 1)
    with held_at(MAY):
        assert retain() == 0
    assert (Segment.objects.count(), Archive.objects.count()) == (1, 0)
    assert date(2024, 1, 1) in months()  # no partition is dropped with samples in it
    monkeypatch.undo()


def test_a_store_that_is_away_keeps_everything_until_it_is_back(archived, bike, settings):
    put(bike, drive(600))
    settings.USE_S3 = True
    settings.S3 = {
        "access_key": "x", "secret_key": "x", "bucket": "x", "region": "eu-central-1",
        "endpoint": "http://127.0.0.1:9", "public_domain": "",
    }  # fmt: skip
    with held_at(MAY):
        assert retain() == 0
        assert Segment.objects.count() == 1
        settings.USE_S3 = False
        assert retain() == 1
    assert same(in_archive(), drive(600))


def test_samples_that_come_meanwhile_wait_for_the_next_night(archived, bike, monkeypatch):
    put(bike, drive(600))
    real = archiving._write

    def slow(key, data, rows):
        real(key, data, rows)
        if Segment.objects.count() == 1:
            put(bike, drive(60, t0=NOON + DAY_MS))

    monkeypatch.setattr(archiving, "_write", slow)
    with held_at(MAY):
        assert retain() == 0
        assert (Segment.objects.count(), Archive.objects.count()) == (2, 0)
        assert retain() == 2
    assert Archive.objects.get().rows == 660


def test_a_job_that_ended_half_way_is_done_again(archived, bike, monkeypatch, settings):
    put(bike, drive(600))

    def dies(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(archiving, "_note", dies)
    with held_at(MAY), pytest.raises(KeyboardInterrupt):
        retain()
    monkeypatch.undo()
    archived_at = list(settings.MEDIA_ROOT.rglob("*.parquet"))
    assert (Segment.objects.count(), Archive.objects.count(), len(archived_at)) == (1, 0, 1)
    with held_at(MAY):
        assert retain() == 1
    assert [settings.MEDIA_ROOT / Archive.objects.get().key] == archived_at  # the same file
    assert same(in_archive(), drive(600))


def test_who_wants_less_and_what_is_deleted_is_not_archived(archived, bike, alice):
    less, gone = make_vehicle(alice), make_vehicle(alice)
    for one in (bike, less, gone):
        put(one, drive(60))
    Latest.objects.filter(pk=less.pk).update(keep_days=7)
    Vehicle.objects.filter(pk=gone.pk).update(deleted_at=MAY)
    with held_at(MAY):
        retain()
    assert not Segment.objects.exists()
    assert Archive.objects.get().vehicle_id == bike.pk


def test_what_the_owner_deletes_is_cut_out_of_the_archive(archived, bike, alice, client_for):
    put(bike, drive(600))
    with held_at(MAY):
        retain()
    old = Archive.objects.get()
    rider = client_for(alice)
    rider.delete(f"/api/v1/telematics/{bike.pk}/samples/?from={NOON + 60_000}&to={NOON + 119_999}")
    assert run_jobs().count("telematics.tidy_archive") == 1
    new = Archive.objects.get()
    assert (new.rows, new.month) == (540, old.month)
    assert new.key != old.key
    with pytest.raises(BlobAbsent), store().open(old.key):
        pass
    whole = drive(600)
    assert same(in_archive(), whole.take((whole.t < NOON + 60_000) | (whole.t > NOON + 119_999)))
    archiving.tidy(bike.pk, NOON + 60_000, NOON + 119_999)
    assert Archive.objects.get().key == new.key
    rider.delete(f"/api/v1/telematics/{bike.pk}/samples/?from={NOON}&to={NOON + DAY_MS}")
    run_jobs()
    assert not Archive.objects.exists()


def test_the_archive_goes_with_its_owner_and_with_the_vehicle(archived, bike, alice):
    bobs = make_vehicle(make_user("bob"))
    for one in (bike, bobs):
        put(one, drive(60))
    with held_at(MAY):
        retain()
    (told,) = personal_data["telematics"].export(alice.pk)["telemetry_archive"]
    assert (told["month"], len(told["samples"].splitlines())) == ("2024-01", 61)
    with as_user(bobs.owner_id):
        assert [row.vehicle_id for row in Archive.objects.all()] == [bobs.pk]
    keys = {row.vehicle_id: row.key for row in Archive.objects.all()}
    personal_data["telematics"].erase(alice.pk)
    run_jobs()
    assert list(Archive.objects.values_list("vehicle_id", flat=True)) == [bobs.pk]
    with pytest.raises(BlobAbsent), store().open(keys[bike.pk]):
        pass
    Vehicle.objects.filter(pk=bobs.pk).update(deleted_at=MAY)
    with held_at(MAY + timedelta(days=31)):
        retain()
    run_jobs()
    assert not Archive.objects.exists()


def test_without_the_setting_nothing_is_written(bike, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    put(bike, drive(60))
    with held_at(MAY):
        assert retain() == 1
    assert not Archive.objects.exists()
    assert list(tmp_path.iterdir()) == []


def test_staff_see_what_is_archived(archived, bike, desk):
    put(bike, drive(60))
    with held_at(MAY):
        retain()
    page = desk.get("/admin/telematics/archive/", {"q": str(bike.pk)}).content.decode()
    assert "Yamaha" in page
    row = Archive.objects.get()
    assert row.key in desk.get(f"/admin/telematics/archive/{row.pk}/change/").content.decode()
