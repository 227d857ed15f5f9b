"""The worker, alone and inside a server: every defer() stays in the Django transaction that it belongs to."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.db import connection, connections, transaction
from procrastinate.contrib.django import app

from core.rls import APP_ROLE, SYSTEM_ROLE
from core.worker import INSIDE, Lifespan, system_parameters, worker_app, worker_inside

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).parents[2]
done: list[str] = []


class Oops(Exception):
    pass


@app.task(name="core.tests.note")
def note(word):
    done.append(word)


@app.task(name="core.tests.parent_that_fails")
def parent_that_fails():
    done.append("parent")
    with transaction.atomic():
        note.defer(word="child of a failed parent")
        raise Oops


@app.task(name="core.tests.role")
def role():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        done.append(cursor.fetchone()[0])


@pytest.fixture(autouse=True)
def _clean_slate(monkeypatch, transactional_db):
    """No jobs (Django empties managed tables only), and connections of worker threads that end with their job."""
    done.clear()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs CASCADE")
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)


def in_thread(deed):
    """As a server does with a request: another thread, which closes its connection."""

    def whole():
        try:
            deed()
        finally:
            connections.close_all()

    return asyncio.to_thread(whole)


def work_off(*deeds):
    """Do `deeds` in this process while a worker is open in it, then run that worker until nothing is left."""

    async def both():
        worker = worker_app(connections=3)
        async with worker.open_async():
            for deed in deeds:
                await in_thread(deed)
            await worker.run_worker_async(wait=False, install_signal_handlers=False)

    asyncio.run(both())
    return list(done)


def jobs():
    """The jobs of this page; a worker also does the periodic ones of all apps."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT task_name, status::text FROM procrastinate_jobs"
            " WHERE starts_with(task_name, 'core.tests.') ORDER BY id"
        )
        return cursor.fetchall()


def rolled_back():
    with contextlib.suppress(Oops), transaction.atomic():
        note.defer(word="of a rolled-back request")
        raise Oops


def test_a_job_of_committed_work_runs_once():
    assert work_off(lambda: note.defer(word="kept")) == ["kept"]
    assert jobs() == [("core.tests.note", "succeeded")]
    assert work_off() == ["kept"]


def test_a_job_of_rolled_back_work_never_exists():
    assert work_off(rolled_back) == []
    assert jobs() == []


def test_a_failed_job_takes_its_children_with_it():
    assert work_off(parent_that_fails.defer) == ["parent"]
    assert jobs() == [("core.tests.parent_that_fails", "failed")]


def test_tasks_have_the_role_of_their_process_and_the_worker_that_of_the_system():
    assert work_off(role.defer) == [APP_ROLE]
    assert f"-c role={SYSTEM_ROLE}" in system_parameters()["options"]


def lifespan(app_, *, between=lambda: asyncio.sleep(0)):
    """What the server would be told, while `between` happens between start and stop."""
    said = []

    async def whole():
        events = iter(["lifespan.startup", "lifespan.shutdown"])

        async def receive():
            event = next(events)
            if event == "lifespan.shutdown":
                await between()
            return {"type": event}

        async def send(message):
            said.append(message["type"])

        await app_({"type": "lifespan"}, receive, send)

    asyncio.run(asyncio.wait_for(whole(), timeout=20))
    return said


def worker_listens():
    """Until its connection has said LISTEN; a job before that waits for the next poll, 5 seconds."""
    listening = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%LISTEN%' AND pid <> pg_backend_pid() AND datname = current_database()"
    deadline = time.monotonic() + 5
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")  # the web may not see what others ask
        while cursor.execute(listening) is None or not cursor.fetchone()[0]:
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_a_server_that_is_asked_to_works_from_start_to_stop(monkeypatch):
    monkeypatch.setenv(INSIDE, "1")

    async def a_job_is_done():
        await in_thread(worker_listens)
        await in_thread(lambda: note.defer(word="inside"))
        while not done:
            await asyncio.sleep(0.01)

    said = lifespan(Lifespan(worker_inside), between=a_job_is_done)
    assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert done == ["inside"]


def test_a_server_that_is_not_asked_leaves_jobs_alone(monkeypatch):
    monkeypatch.delenv(INSIDE, raising=False)
    note.defer(word="for somebody else")
    lifespan(Lifespan(worker_inside), between=lambda: asyncio.sleep(0.2))
    assert jobs() == [("core.tests.note", "todo")]


def test_a_server_that_cannot_start_says_so():
    @contextlib.asynccontextmanager
    async def broken():
        raise Oops
        yield

    assert lifespan(Lifespan(broken)) == ["lifespan.startup.failed"]


def test_the_worker_of_production_ends_on_sigterm():
    """A process of its own, on this test's database; a job that it does not know fails and stays on record."""
    app.configure_task("core.tests.unknown_to_others").defer()
    settings = connection.settings_dict
    url = f"postgresql://{settings['USER']}@:5432/{settings['NAME']}?host={settings['HOST']}"
    environment = {**os.environ, "DATABASE_URL": url, "REVSYNC_DB_ROLE": SYSTEM_ROLE, "DEBUG": "true"}
    with subprocess.Popen([sys.executable, "manage.py", "work"], cwd=ROOT, env=environment) as worker:
        try:
            deadline = time.monotonic() + 20
            while jobs() != [("core.tests.unknown_to_others", "failed")]:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(timeout=10) == 0
        finally:
            worker.kill()
