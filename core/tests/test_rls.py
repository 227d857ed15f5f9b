"""The second wall: who acts is said per transaction, nests, and is restored whatever happens."""

import contextlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import ProgrammingError, connection, connections, transaction

from core.models import AuditEvent, StoredFile
from core.rls import APP_ROLE, SYSTEM_ROLE, as_anonymous, as_system, as_user, become_system, current_user_id
from core.testing.client import use_role
from tests.cast import make_user

pytestmark = pytest.mark.django_db


def now():
    """(role, user id) of this moment."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, NULLIF(current_setting('app.user_id', true), '')")
        return cursor.fetchone()


def file_of(owner, name="a.csv"):
    return StoredFile.objects.create(owner_id=owner.pk, filename=name, content_type="text/csv")


def names():
    return sorted(StoredFile.objects.values_list("filename", flat=True))


@pytest.fixture
def people():
    alice, bob = make_user("alice"), make_user("bob")
    file_of(alice, "of-alice")
    file_of(bob, "of-bob")
    return alice, bob


def test_contexts_nest_and_restore(people):
    alice, bob = people
    outside = now()
    with as_user(alice):
        assert now() == (APP_ROLE, str(alice.pk))
        with as_system("test"):
            assert now() == (SYSTEM_ROLE, None)
            with as_user(bob.pk):
                assert now() == (APP_ROLE, str(bob.pk))
                assert current_user_id() == bob.pk
                with as_anonymous():
                    assert now() == (APP_ROLE, None)
                assert now() == (APP_ROLE, str(bob.pk))
            assert now() == (SYSTEM_ROLE, None)
        assert now() == (APP_ROLE, str(alice.pk))
    assert now() == outside


@pytest.mark.parametrize("depth", [1, 2])
def test_an_exception_restores_too(depth, people):
    alice, bob = people
    with as_user(alice):
        with contextlib.suppress(RuntimeError), contextlib.ExitStack() as stack:
            for _ in range(depth):
                stack.enter_context(as_user(bob))
            file_of(bob, "never")
            raise RuntimeError
        assert now() == (APP_ROLE, str(alice.pk))
        assert names() == ["of-alice"]
    assert names() == ["of-alice", "of-bob"]


def test_a_statement_that_the_database_refuses_restores_too(people):
    alice, bob = people
    with as_user(alice):
        with pytest.raises(ProgrammingError, match="row-level security"), as_user(alice):
            file_of(bob, "planted")
        assert now() == (APP_ROLE, str(alice.pk))
        assert names() == ["of-alice"]


def test_a_forgotten_filter_shows_only_what_is_ones_own(people):
    alice, bob = people
    for who, seen in [(alice, ["of-alice"]), (bob, ["of-bob"])]:
        with as_user(who):
            assert names() == seen
    with as_anonymous():
        assert names() == []
    with as_system("test"):
        assert names() == ["of-alice", "of-bob"]


def test_nobody_changes_or_deletes_what_is_anothers(people):
    alice, bob = people
    hers = StoredFile.objects.get(filename="of-alice")
    with as_user(bob):
        assert StoredFile.objects.update(filename="mine now") == 1
        assert StoredFile.objects.filter(pk=hers.pk).delete()[0] == 0
        with pytest.raises(ProgrammingError), transaction.atomic():
            StoredFile.objects.update(owner_id=alice.pk)
    assert names() == ["mine now", "of-alice"]


def test_without_any_context_the_web_role_sees_nothing(people):
    use_role(APP_ROLE)
    assert names() == []
    with pytest.raises(ProgrammingError), transaction.atomic():
        file_of(people[0])
    use_role(SYSTEM_ROLE)


@pytest.mark.parametrize(
    "deed", [lambda: AuditEvent.objects.update(action="x"), AuditEvent.objects.all().delete]
)
@pytest.mark.parametrize("system", [True, False])
def test_the_audit_may_be_written_and_never_rewritten(deed, system, people):
    AuditEvent.objects.create(action="test.seen")
    context = as_system("test") if system else as_user(people[0])
    with pytest.raises(ProgrammingError, match="permission denied"), context:
        deed()


def test_system_needs_a_reason():
    with pytest.raises(ValueError, match="reason"), as_system(""):
        raise AssertionError


@pytest.mark.parametrize("user_id", ["", "x", "1 OR 1=1", "'; DROP TABLE core_storedfile; --"])
def test_an_id_that_is_none_sees_nothing(user_id, people):
    with contextlib.suppress(Exception), as_user(user_id):
        assert names() == []
    assert names() == ["of-alice", "of-bob"]


@pytest.mark.django_db(transaction=True)
def test_the_context_ends_with_its_transaction_on_a_connection_that_goes_on():
    with as_system("test"):
        alice = make_user("alice")
        file_of(alice, "of-alice")

    def work(_):
        try:
            before = now()
            with as_user(alice):
                seen = names()
            return before, seen, now(), names()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        for before, seen, after, left in pool.map(work, range(4)):
            assert (before, after) == ((APP_ROLE, None), (APP_ROLE, None))
            assert (seen, left) == (["of-alice"], [])


@pytest.mark.django_db(transaction=True)
def test_becoming_system_lasts_as_long_as_the_transaction():
    with as_system("test"):
        alice = make_user("alice")
        file_of(alice, "of-alice")
    connections.close_all()
    with pytest.raises(transaction.TransactionManagementError):
        become_system("outside of a transaction")
    with transaction.atomic():
        become_system("test")
        assert names() == ["of-alice"]
    assert names() == []


def test_every_change_counts_a_revision_and_no_change_does_not(people):
    file = StoredFile.objects.get(filename="of-alice")
    assert file.rev == 1
    StoredFile.objects.filter(pk=file.pk).update(filename="renamed")
    StoredFile.objects.filter(pk=file.pk).update(filename="renamed")
    changed = StoredFile.objects.get(pk=file.pk)
    assert changed.rev == 2
    assert changed.updated_at > file.updated_at


def test_a_table_that_is_read_more_widely_than_written_narrows_update_and_delete():
    """Where reading and writing differ, the row before an update, and a deleted one, are judged as written ones."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename, count(*) FILTER (WHERE permissive = 'RESTRICTIVE' AND cmd IN ('UPDATE', 'DELETE')) "
            "FROM pg_policies GROUP BY tablename "
            "HAVING bool_or(policyname = 'app' AND cmd = 'ALL' AND qual IS DISTINCT FROM with_check)"
        )
        narrowed = dict(cursor.fetchall())
    assert "marketplace_tune" in narrowed
    assert {table for table, policies in narrowed.items() if policies != 2} == set()
