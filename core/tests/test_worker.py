"""The worker keeps every defer() in the Django transaction that it belongs to."""

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

from core.worker import INSIDE, Lifespan, worker_app, worker_inside

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).parents[2]
done: list[str] = []


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


class Oops(Exception):
    pass


@pytest.fixture(autouse=True)
def _nothing_done():
    done.clear()


async def work_off(*deeds):
    """Run the worker until the queue is empty; `deeds` happen in this process while it is open."""
    worker = worker_app(connections=3)
    async with worker.open_async():
        for deed in deeds:
            deed()
        await worker.run_worker_async(wait=False, install_signal_handlers=False)
    await asyncio.to_thread(connections.close_all)


def rolled_back():
    with contextlib.suppress(Oops), transaction.atomic():
        note.defer(word="of a rolled-back request")
        raise Oops


def run(*deeds):
    """As in a server: the requests run in other threads than the loop."""
    for deed in deeds:
        deed()
    asyncio.run(work_off())
    return list(done)


def jobs():
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name, status::text FROM procrastinate_jobs ORDER BY id")
        return cursor.fetchall()


def test_a_job_runs_once_its_transaction_is_committed():
    note.defer(word="kept")
    asyncio.run(work_off())
    assert done == ["kept"]
    assert jobs() == [("core.tests.note", "succeeded")]
