"""The health check of connections: free while the server is there, awake when it is gone."""

import time
from datetime import UTC, datetime

import pytest
from django.db import (
    DataError,
    IntegrityError,
    NotSupportedError,
    ProgrammingError,
    connection,
    connections,
    transaction,
)
from django.test.utils import CaptureQueriesContext

from core.models import IdempotencyKey
from core.postgresql.base import TRUSTED_FOR
from core.postgresql.direct import Statement

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def other():
    """A second connection, used a moment ago."""
    made = connections.create_connection("default")
    made.health_check_enabled = True
    assert made.cursor().execute("SELECT 1")
    assert made.is_usable()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _as_owner(db):
    """Only the owner sees, and ends, what other connections do."""
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")


def server_of(made):
    return made.connection.info.backend_pid


def asked(made):
    """Statements of one health check, as the server counts them: its own last one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT query_start FROM pg_stat_activity WHERE pid = %s", [server_of(made)])
        before = cursor.fetchone()
        assert made.is_usable()
        cursor.execute("SELECT query_start FROM pg_stat_activity WHERE pid = %s", [server_of(made)])
        return cursor.fetchone() != before


def test_a_busy_connection_is_checked_without_a_statement(other):
    assert not asked(other)


def test_a_rested_connection_asks_the_server(other):
    other._used_at = time.monotonic() - TRUSTED_FOR
    assert asked(other)
    assert not asked(other)


def test_a_connection_that_the_server_ended_is_replaced(other):
    gone = server_of(other)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [gone])
    other.close_if_unusable_or_obsolete()  # what a new request does
    with CaptureQueriesContext(other) as told, other.cursor() as cursor:
        cursor.execute("SELECT 42")
        assert cursor.fetchone() == (42,)
    assert server_of(other) != gone
    assert "SELECT 42" in [row["sql"] for row in told.captured_queries]


def test_instants_are_in_utc_on_every_way_out_of_the_database():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT '2026-03-29 04:30:00.5+05:30'::timestamptz, NULL::timestamptz, '0044-03-15Z'::timestamptz"
        )
        found = cursor.fetchone()
    assert found == (datetime(2026, 3, 28, 23, 0, 0, 500000, UTC), None, datetime(44, 3, 15, tzinfo=UTC))
    assert found[0].tzinfo is UTC
    kept = IdempotencyKey.objects.create(key="a", fingerprint="f", locked_until=found[0])
    (row,) = IdempotencyKey.objects.iterator(chunk_size=1)  # a cursor in the server
    assert (row.pk, row.locked_until) == (kept.pk, found[0])


# -- Statements that go straight to libpq

ADD = Statement("SELECT %(a)s::integer + %(b)s::integer, %(a)s::integer %% 5, %(word)s::text")
TRANSACTION = Statement("SELECT pg_current_xact_id()::text")


@pytest.fixture
def table(_as_owner):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE direct_try (a integer PRIMARY KEY, CHECK (a < 100))")
    yield "direct_try"
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE direct_try")


def test_a_statement_binds_values_by_name():
    assert ADD.rows({"a": 41, "b": 1, "word": None}) == [(42, 1, None)]
    assert ADD.row({"a": -1, "b": 1, "word": "'; --"}) == (0, -1, "'; --")
    assert Statement("SELECT 1 WHERE false").row({}) is None
    assert Statement("SELECT NULL, 'a' UNION ALL SELECT 'b', 'c'").texts({}) == [[b"", b"a"], [b"b", b"c"]]


def test_it_begins_the_transaction_that_it_is_the_first_of():
    with transaction.atomic():
        first = TRANSACTION.row({})
        assert TRANSACTION.row({}) == first
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()::text")
            assert cursor.fetchone() == first
    with transaction.atomic():
        assert TRANSACTION.row({}) != first


def test_a_statement_finds_a_new_connection_when_the_server_ended_the_last():
    """As the first statement of a request: the login of a route that has no transaction of its own."""
    connection.health_check_enabled, connection.health_check_done = True, False
    with connections.create_connection("default").cursor() as other:
        other.execute("SET ROLE NONE")
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [server_of(connection)])
        other.connection.close()
    assert ADD.rows({"a": 1, "b": 2, "word": None}) == [(3, 1, None)]


def test_it_runs_outside_of_transactions_too():
    assert TRANSACTION.row({}) != TRANSACTION.row({})


def test_what_it_wrote_goes_with_a_rollback(table):
    write = Statement(f"INSERT INTO {table} VALUES (%(a)s)")
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        write.rows({"a": 1})
        raise ZeroDivisionError
    write.rows({"a": 2})
    assert Statement(f"SELECT a FROM {table}").rows({}) == [(2,)]


def test_a_refusal_is_djangos_and_ends_the_transaction(table):
    write = Statement(f"INSERT INTO {table} VALUES (%(a)s)")
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        write.rows({"a": 100})
    assert refused.value.__cause__.diag.constraint_name == "direct_try_a_check"
    with transaction.atomic():
        with pytest.raises(IntegrityError), transaction.atomic():
            write.rows({"a": 101})
        write.rows({"a": 3})  # the savepoint took the refusal back
    assert Statement(f"SELECT a FROM {table}").rows({}) == [(3,)]


def test_a_value_that_postgresql_has_not_is_refused():
    with pytest.raises(DataError):
        ADD.rows({"a": 1, "b": 2, "word": "with a \0 in it"})
    assert ADD.rows({"a": 1, "b": 2, "word": ""}) == [(3, 1, "")]


def test_a_name_that_the_server_was_told_to_forget_is_made_anew():
    """Psycopg tells it after a DROP and after a ROLLBACK."""
    for _ in range(3):
        assert ADD.rows({"a": 1, "b": 2, "word": None}) == [(3, 1, None)]
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE dropped (); DROP TABLE dropped")
            cursor.execute("DROP TABLE IF EXISTS dropped")
        assert ADD.rows({"a": 1, "b": 2, "word": None}) == [(3, 1, None)]
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            ADD.rows({"a": 1, "b": 2, "word": None})
            raise ZeroDivisionError


def test_a_name_that_somebody_else_forgot_fails_once():
    ADD.rows({"a": 1, "b": 2, "word": None})
    connection.connection.pgconn.exec_(b"DEALLOCATE ALL")
    with pytest.raises(ProgrammingError), transaction.atomic():
        ADD.rows({"a": 1, "b": 2, "word": None})
    assert ADD.rows({"a": 1, "b": 2, "word": None}) == [(3, 1, None)]


def test_a_plan_for_columns_that_changed_fails_once(table):
    everything = Statement(f"SELECT * FROM {table}")
    assert everything.rows({}) == []
    connection.connection.pgconn.exec_(f"ALTER TABLE {table} ADD b integer".encode())
    with pytest.raises(NotSupportedError), transaction.atomic():
        everything.rows({})
    assert everything.rows({}) == []


def test_a_statement_in_a_broken_transaction_is_not_sent():
    with transaction.atomic():
        transaction.set_rollback(True)
        with pytest.raises(transaction.TransactionManagementError):
            TRANSACTION.row({})


def test_statements_are_counted_with_the_others():
    with CaptureQueriesContext(connection) as told:
        TRANSACTION.row({})
    assert [row["sql"] for row in told.captured_queries] == [TRANSACTION.sql]


def test_behind_a_pooler_nothing_is_prepared(monkeypatch):
    connection.ensure_connection()
    monkeypatch.setattr(connection.connection, "prepare_threshold", None)
    odd = Statement("SELECT %(a)s::integer * 3")
    assert odd.rows({"a": 5}) == [(15,)]
    assert odd.texts({"a": 5}) == [[b"15"]]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%%* 3'")
        assert cursor.fetchone() == (0,)


def test_a_deferred_constraint_speaks_up_at_commit(table):
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} ADD b integer UNIQUE DEFERRABLE INITIALLY DEFERRED")
    with pytest.raises(IntegrityError), transaction.atomic():
        for key in (1, 2):
            Statement(f"INSERT INTO {table} (a, b) VALUES (%(a)s, 7)").rows({"a": key})
    assert Statement(f"SELECT a FROM {table}").rows({}) == []
