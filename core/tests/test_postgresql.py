"""The health check of connections: free while the server is there, awake when it is gone."""

import time
from datetime import UTC, datetime

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from core.models import IdempotencyKey
from core.postgresql.base import TRUSTED_FOR

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
