"""The health check of connections: free while the server is there, awake when it is gone."""

import time

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

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
