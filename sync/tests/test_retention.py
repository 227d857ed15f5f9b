"""What sync forgets, and when it raises its voice."""

import logging
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from core import clock
from core.clock import held_at
from core.ids import uuid7
from sync import tasks
from sync.cursors import USER_LIMIT
from sync.models import SyncEntry, SyncPush, SyncRejection, SyncStream
from sync.services import retention
from sync.tests.testapp.models import Bike
from tests.cast import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("numbered")]


def test_only_old_tombstones_are_purged_and_raise_the_floor():
    alice = make_user("alice")
    old, young, live = (Bike.objects.create(owner=alice, nickname=name) for name in "abc")
    old.tombstone()
    young.tombstone()
    SyncEntry.objects.filter(record_id=old.pk).update(changed_at=clock.now() - timedelta(days=91))
    tasks.sync_purge_tombstones(timestamp=0)
    assert set(SyncEntry.objects.values_list("record_id", flat=True)) == {young.pk, live.pk}
    head = SyncStream.objects.get(pk=alice.pk)
    assert (head.seq, head.floor) == (5, 4)
    assert retention.purge_tombstones() == 0


def test_answers_and_dead_letters_live_for_a_month():
    alice = make_user("alice")
    for _ in range(2):
        SyncPush.objects.create(stream=alice.pk, push_id=uuid7(), digest=b"x", answer="{}")
        SyncRejection.objects.create(
            stream=alice.pk, collection="test_bikes", record=str(uuid7()), code="invalid"
        )
    SyncPush.objects.filter(pk=SyncPush.objects.first().pk).update(
        created_at=clock.now() - timedelta(days=31)
    )
    SyncRejection.objects.filter(pk=SyncRejection.objects.first().pk).update(
        created_at=clock.now() - timedelta(days=31)
    )
    tasks.sync_purge_pushes(timestamp=0)
    assert (SyncPush.objects.count(), SyncRejection.objects.count()) == (1, 1)
    with held_at(clock.now() + timedelta(days=31)):
        assert retention.purge_pushes() == 2


def test_a_stream_that_runs_out_of_numbers_is_an_error_in_the_log(caplog):
    alice = make_user("alice")
    Bike.objects.create(owner=alice, nickname="a")
    SyncStream.objects.filter(pk=alice.pk).update(seq=int(USER_LIMIT * 0.9))
    with caplog.at_level(logging.ERROR):
        assert retention.nearly_full() == [(alice.pk, pytest.approx(0.9, abs=0.01))]
    assert str(alice.pk) in caplog.text


def test_the_command_for_a_restored_database():
    Bike.objects.create(owner=make_user("alice"), nickname="a")
    out = StringIO()
    call_command("sync_reset_streams", stdout=out)
    assert out.getvalue() == f"{SyncStream.objects.count()} streams start over.\n"
    head = SyncStream.objects.exclude(floor=0).first()
    assert head.seq == head.floor == head.reset > retention.RESET_GAP
