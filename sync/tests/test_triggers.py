"""Which change of which table is an entry of whose stream."""

from uuid import UUID

import pytest
from django.db import ProgrammingError, connection, transaction

from core import clock
from core.ids import NIL, uuid7
from core.testing.client import use_role
from sync.models import SyncEntry, SyncStream
from sync.testing import number_at_once
from sync.tests.testapp.models import Bike, Invoice, Part, Ride, Seat, Shop
from tests.cast import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("numbered")]
BIKES, PARTS, INVOICES, RIDES, SHOPS = 32001, 32002, 32003, 32005, 32006


def feed(stream: object, code: int | None = None) -> list[tuple[UUID, bool]]:
    found = SyncEntry.objects.filter(stream=getattr(stream, "pk", stream)).order_by("seq")
    found = found.filter(collection=code) if code else found
    return list(found.values_list("record_id", "deleted"))


def head(stream: object) -> int:
    return SyncStream.objects.get(pk=getattr(stream, "pk", stream)).seq


def test_a_new_row_is_one_entry_of_its_owner():
    alice, bob = make_user("alice"), make_user("bob")
    bike = Bike.objects.create(owner=alice, nickname="MT-07")
    assert (feed(alice), feed(bob), head(alice)) == ([(bike.pk, False)], [], 1)


def test_many_rows_in_one_statement_are_numbered_once_each():
    alice = make_user("alice")
    Bike.objects.bulk_create(Bike(owner=alice, nickname=str(n)) for n in range(50))
    assert head(alice) == 50
    assert sorted(SyncEntry.objects.values_list("seq", flat=True)) == list(range(1, 51))


def test_the_feed_keeps_only_the_last_change_of_a_record():
    alice = make_user("alice")
    first, second = (Bike.objects.create(owner=alice, nickname=name) for name in "ab")
    Bike.objects.filter(pk=first.pk).update(nickname="c")
    assert (feed(alice), head(alice)) == ([(second.pk, False), (first.pk, False)], 3)


def test_an_update_that_changes_nothing_is_no_news():
    alice = make_user("alice")
    bike = Bike.objects.create(owner=alice, nickname="MT-07")
    Bike.objects.filter(pk=bike.pk).update(nickname="MT-07")
    assert head(alice) == 1


def test_a_column_that_is_not_synced_is_no_news():
    alice = make_user("alice")
    invoice = Invoice.objects.create(owner=alice, amount_minor=5)
    Invoice.objects.update(created_at=clock.now())
    assert head(alice) == 1
    Invoice.objects.update(amount_minor=6)
    assert feed(alice, INVOICES) == [(invoice.pk, False)]
    assert head(alice) == 2


def test_a_tombstone_is_told_once_and_its_wiping_not_at_all():
    alice = make_user("alice")
    bike = Bike.objects.create(owner=alice, nickname="MT-07", vin="A")
    bike.tombstone()
    assert (feed(alice), head(alice)) == ([(bike.pk, True)], 2)
    Bike.objects.filter(pk=bike.pk).update(nickname="", vin="")
    Bike.objects.filter(pk=bike.pk).delete()
    assert head(alice) == 2


def test_a_hard_delete_is_a_deletion():
    alice = make_user("alice")
    bike = Bike.objects.create(owner=alice, nickname="MT-07")
    Bike.objects.filter(pk=bike.pk).delete()
    assert feed(alice) == [(bike.pk, True)]


def test_a_sold_bike_leaves_one_stream_and_enters_the_other_with_its_parts():
    alice, bob = make_user("alice"), make_user("bob")
    bike = Bike.objects.create(owner=alice, nickname="MT-07")
    part = Part.objects.create(bike=bike, title="exhaust")
    assert feed(alice, PARTS) == [(part.pk, False)]
    Bike.objects.filter(pk=bike.pk).update(owner=bob)
    assert (feed(alice, BIKES), feed(alice, PARTS)) == ([(bike.pk, True)], [(part.pk, True)])
    assert (feed(bob, BIKES), feed(bob, PARTS)) == ([(bike.pk, False)], [(part.pk, False)])


def test_members_come_and_go():
    alice, bob = make_user("alice"), make_user("bob")
    ride = Ride.objects.create(title="Coast road")
    hers, his = (Seat.objects.create(ride=ride, user_id=user.pk) for user in (alice, bob))
    Ride.objects.filter(pk=ride.pk).update(title="Hill road")
    assert (feed(alice, RIDES), feed(bob, RIDES)) == ([(ride.pk, False)], [(ride.pk, False)])
    Seat.objects.filter(pk=his.pk).update(left_at=clock.now())
    before = head(bob)
    Ride.objects.filter(pk=ride.pk).update(title="Lake road")
    assert (feed(bob, RIDES), head(bob)) == ([(ride.pk, True)], before)
    Seat.objects.filter(pk=his.pk).update(left_at=None)
    assert feed(bob, RIDES) == [(ride.pk, False)]
    Seat.objects.filter(pk=hers.pk).delete()
    assert feed(alice, RIDES) == [(ride.pk, True)]


def test_the_public_stream_starts_at_one():
    shop = Shop.objects.create(name="Corner")
    assert (feed(NIL, SHOPS), head(NIL)) == ([(shop.pk, False)], 2)


def test_a_rolled_back_savepoint_leaves_no_entry_and_no_number():
    alice = make_user("alice")
    kept = Bike.objects.create(owner=alice, nickname="kept")
    point = transaction.savepoint()
    Bike.objects.create(owner=alice, nickname="lost")
    transaction.savepoint_rollback(point)
    assert (feed(alice), head(alice)) == ([(kept.pk, False)], 1)


def test_time_grows_with_the_number_even_inside_a_millisecond():
    alice = make_user("alice")
    for n in range(5):
        Bike.objects.create(owner=alice, nickname=str(n))
    times = list(SyncEntry.objects.order_by("seq").values_list("changed_at", flat=True))
    assert times == sorted(set(times))
    assert SyncStream.objects.get(pk=alice.pk).stamped_at == times[-1]


@pytest.mark.parametrize("statement", ["INSERT INTO sync_stream (id) VALUES (gen_random_uuid())",
                                       "UPDATE sync_entry SET deleted = true", "DELETE FROM sync_entry"])  # fmt: skip
def test_the_web_can_not_write_streams(statement):
    use_role("revsync_app")
    with connection.cursor() as cursor, pytest.raises(ProgrammingError, match="permission denied"):
        cursor.execute(statement)


def test_a_stranger_sees_no_entry_of_mine():
    alice, bob = make_user("alice"), make_user("bob")
    Bike.objects.create(owner=alice, nickname="MT-07")
    shop = Shop.objects.create(name="Corner")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE revsync_app")
        cursor.execute("SELECT set_config('app.user_id', %s, true)", [str(bob.pk)])
        cursor.execute("SELECT record_id FROM sync_entry")
        seen = cursor.fetchall()
        cursor.execute("SELECT id FROM sync_stream")
        heads = cursor.fetchall()
    assert (seen, heads) == ([(shop.pk,)], [(NIL,)])


@pytest.mark.django_db(transaction=True)
def test_numbers_come_at_commit_and_only_then():
    alice = make_user("alice")
    with transaction.atomic():
        Bike.objects.create(owner=alice, nickname="a")
        Bike.objects.create(owner=alice, nickname="b")
        assert list(SyncEntry.objects.values_list("seq", flat=True)) == [None, None]
        assert not SyncStream.objects.filter(pk=alice.pk).exists()
        number_at_once()
        assert head(alice) == 2
        Bike.objects.create(owner=alice, nickname="c")
        assert head(alice) == 3
    Bike.objects.create(pk=uuid7(), owner=alice, nickname="d")
    assert head(alice) == 4
