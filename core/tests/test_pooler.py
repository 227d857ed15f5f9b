"""Behind a transaction pooler nobody meets what the request before left on the connection."""

import contextlib
import os
import shutil
import socket
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from django.db import connection, connections

from core.devserver import companion
from core.rls import as_system
from core.testing.client import RiderClient
from users.models import AuthMethod, Identity, User, UserDevice
from users.sessions import open_session

pytestmark = [pytest.mark.pgbouncer, pytest.mark.django_db(transaction=True)]

LOGIN = """
DO $$ BEGIN CREATE ROLE revsync_web LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
GRANT revsync_app, revsync_system TO revsync_web;
ALTER ROLE revsync_web SET role TO revsync_app;
"""


@pytest.fixture
def pooled():
    """pgbouncer with two server connections in front of the test database; Django goes through it."""
    folder = Path(tempfile.mkdtemp(prefix="pgb"))
    direct = connection.settings_dict
    (folder / "users.txt").write_text('"revsync_web" ""\n')
    (folder / "pgbouncer.ini").write_text(f"""
[databases]
* = host={direct["HOST"]} port={direct["PORT"] or 5432}
[pgbouncer]
unix_socket_dir = {folder}
listen_port = 6432
auth_type = trust
auth_file = {folder}/users.txt
pool_mode = transaction
default_pool_size = 2
logfile = {folder}/log
""")
    account = []
    if os.geteuid() == 0:
        folder.chmod(0o777)
        account = ["-u", "nobody"]
    with psycopg.connect(
        host=direct["HOST"],
        user=direct["USER"],
        dbname=direct["NAME"],
        port=direct["PORT"] or None,
        autocommit=True,
    ) as owner:
        owner.execute(LOGIN)
    kept = dict(direct)
    with companion(["pgbouncer", *account, str(folder / "pgbouncer.ini")], ready=lambda: answers(folder)):
        connection.close()
        direct.update(
            HOST=str(folder),
            PORT="6432",
            USER="revsync_web",
            OPTIONS={"prepare_threshold": None},
            DISABLE_SERVER_SIDE_CURSORS=True,
        )
        yield
        connections.close_all()
        direct.update(kept)
    shutil.rmtree(folder, ignore_errors=True)


def answers(folder):
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as link:
        link.connect(str(folder / ".s.PGSQL.6432"))
        return True
    return False


class PooledClient(RiderClient):
    """Without the roles that a test's own client sets: what the pooler gives is what counts."""

    def request(self, **kwargs):
        return super(RiderClient.__mro__[1], self).request(**kwargs)


def test_two_people_share_two_connections_and_never_each_others_rows(pooled):
    with as_system("test"):
        clients = {}
        for name in ("alice", "bob"):
            user = User.objects.create_user(email=f"{name}@example.com", password="x")
            UserDevice.objects.create(user=user, device_id=f"{name}s")
            Identity.objects.create(user=user, provider="p", issuer="i", subject=name)
            clients[name] = open_session(user=user, method=AuthMethod.PASSWORD)[1].access_token

    def ask(turn):
        name = ("alice", "bob")[turn % 2]
        client = PooledClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {clients[name]}")
        try:
            devices = client.get("/api/v1/auth/devices/").json()["results"]
            identities = client.get("/api/v1/auth/identities/").json()["results"]
            return name, [row["device_id"] for row in devices], len(identities)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        answers_ = list(pool.map(ask, range(60)))
    assert {(name, tuple(devices), count) for name, devices, count in answers_} == {
        ("alice", ("alices",), 1),
        ("bob", ("bobs",), 1),
    }
    for _ in range(4):
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user, COALESCE(current_setting('app.user_id', true), '')")
            assert cursor.fetchone() == ("revsync_app", "")
            cursor.execute("SELECT count(*) FROM users_userdevice")
            assert cursor.fetchone() == (0,)


def test_readyz_knows_the_role(pooled):
    assert PooledClient().get("/readyz").json()["checks"]["isolation"] == "ok"
