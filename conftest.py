"""Fixtures of every test: the roles of production, and clients for the cast."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection

from core.rls import APP_ROLE, SYSTEM_ROLE
from core.testing.client import RiderClient, StaffClient, use_role
from core.throttling import local


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The owner has migrated; from here on every new connection starts under the web role, as in production."""
    with django_db_blocker.unblock():
        with connection.cursor() as cursor:
            # Only tests empty tables, and only here may the web role do so.
            cursor.execute(f"GRANT TRUNCATE ON ALL TABLES IN SCHEMA public TO {APP_ROLE}, {SYSTEM_ROLE}")
        connection.close()
        owner = connection.settings_dict["OPTIONS"]
        connection.settings_dict["OPTIONS"] = owner | {"options": f"-c role={APP_ROLE}"}
        yield
        connection.close()
        connection.settings_dict["OPTIONS"] = owner
        with connection.cursor() as cursor:
            # Threads that ended without a word must not keep the database from being dropped.
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        connection.close()


@pytest.fixture(autouse=True)
def _system_role(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test's own lines see all rows; its requests, threads and tasks see what production would."""
    names = set(request.fixturenames)
    marked = request.node.get_closest_marker("django_db")
    if not marked and not names & {"db", "transactional_db", "client_for"}:
        yield
        return
    transactional = "transactional_db" in names or (marked and marked.kwargs.get("transaction"))
    request.getfixturevalue("transactional_db" if transactional else "db")
    use_role(SYSTEM_ROLE)
    yield


@pytest.fixture(autouse=True)
def _fresh_throttles() -> None:
    local.clear()


@pytest.fixture
def client_for(db: None) -> Callable[[Any], RiderClient]:
    """`client_for(alice).get(...)`."""
    from tests.cast import login

    return login


@pytest.fixture
def anyone(db: None) -> RiderClient:
    """Somebody without an account."""
    return RiderClient()


@pytest.fixture
def desk(db: None) -> StaffClient:
    """Sam in the admin."""
    from tests.cast import make_user

    client = StaffClient()
    client.force_login(make_user("sam"))
    return client
