"""A view that forgot whose rows it shows: row-level security alone must keep them apart.

Generated from the URL map, so that a later app's lists are tested without anybody thinking of it.
"""

from unittest.mock import patch

import pytest
from django.db import connection

from core.rls import SYSTEM_ROLE
from core.testing.client import use_role
from core.views import ScopedMixin
from tests.belongings import fill_everything, undone
from tests.cast import login
from tests.test_house import views

pytestmark = pytest.mark.django_db


def lists():
    """(path, view) of every list of scoped rows that needs nothing but a login."""
    found = {}
    for path, view in views():
        if issubclass(view, ScopedMixin) and hasattr(view, "list") and "<" not in path and "(" not in path:
            found.setdefault(view.__name__, (path.replace("^", "").replace("$", ""), view))
    return sorted(found.values(), key=lambda row: row[0])


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), undone():
        yield fill_everything()


def ids(client, path):
    answer = client.get(f"/{path}", {"page_size": 200})
    assert answer.status_code == 200, answer.content
    return {row["id"] for row in answer.json()["results"] if "id" in row}


def unfiltered(view):
    """The view as it would be if somebody had written `Model.objects.all()`."""
    return patch.object(
        view, "get_queryset", lambda self: self.shape(self.model._default_manager.all()), create=True
    )


@pytest.mark.parametrize("path,view", lists(), ids=lambda value: value if isinstance(value, str) else "")
def test_without_its_filter_a_list_still_shows_only_what_is_mine(path, view, world):
    known = 0
    for who in ("alice", "bob", "tara"):
        client = login(world[who])
        mine = ids(client, path)
        with unfiltered(view):
            assert ids(client, path) == mine, f"{who} sees rows of others"
        known += len(mine)
    assert known, f"a private list without rows proves nothing: give {path} some (tests/belongings.py)"


def test_there_are_lists_to_test():
    assert len(lists()) >= 4


def test_the_other_wall_alone_holds_too(world):
    """Each private table, asked for everything by a stranger's own connection settings."""
    leaks = {}
    with connection.cursor() as cursor:
        for table in private_tables(cursor):
            seen = {who: rows_seen(cursor, table, world[who].pk) for who in ("alice", "bob")}
            if shared := seen["alice"] & seen["bob"]:
                leaks[table] = len(shared)
    assert leaks == {}


def private_tables(cursor):
    """Tables under a policy that lets nobody see a row without being somebody."""
    cursor.execute(
        "SELECT c.relname FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid AND p.polname = 'app'"
        " WHERE c.relrowsecurity AND pg_get_expr(p.polqual, p.polrelid) NOT LIKE '%true%'"
        " AND pg_get_expr(p.polqual, p.polrelid) LIKE '%app.user_id%'"
        " AND pg_get_expr(p.polqual, p.polrelid) NOT LIKE '% OR %'"
    )
    return [row[0] for row in cursor.fetchall()]


def rows_seen(cursor, table, user_id):
    cursor.execute("SELECT set_config('app.user_id', %s, false)", [str(user_id)])
    cursor.execute("SET ROLE revsync_app")
    cursor.execute(f'SELECT ctid::text FROM "{table}"')
    found = {row[0] for row in cursor.fetchall()}
    use_role(SYSTEM_ROLE)
    return found
