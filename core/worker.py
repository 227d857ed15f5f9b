"""The job worker: alone (`manage.py work`), or inside the one process of `make run`.

It takes jobs from its own connections and leaves the app that tasks see alone (`with_connector`), so that a
task's own `defer()` stays in the task's Django transaction. `replace_connector`, and with it the stock worker,
would take every `defer()` of the process out of its transaction: jobs of rolled-back work would run.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
from typing import TYPE_CHECKING, Any

from django.db import connections
from procrastinate import PsycopgConnector
from procrastinate.contrib.django import app, connector_params

from core.rls import SYSTEM_ROLE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, Scope
    from procrastinate import App, JobContext
    from procrastinate.worker import Worker

logger = logging.getLogger(__name__)
INSIDE = "REVSYNC_WORKER_INSIDE"  # in the environment of a server that is to run the worker itself
PAUSE = 2  # seconds before a worker that lost its database tries again


async def work(*, stop_on_signals: bool, concurrency: int, grace: float) -> None:
    """Do jobs until told to stop, by a signal or by cancelling; running jobs get `grace` seconds to end."""
    worker = worker_app(connections=concurrency + 2)
    async with worker.open_async():
        await worker.run_worker_async(
            concurrency=concurrency,
            install_signal_handlers=stop_on_signals,
            shutdown_graceful_timeout=grace,
            task_middleware=[with_own_connections],
        )


def with_own_connections(do_task: Callable[[], Any], context: JobContext, worker: Worker) -> Any:
    """A task's thread gives its database connections back: none is stale next time, none outlives the thread."""
    try:
        return do_task()
    finally:
        connections.close_all()


def worker_app(*, connections: int) -> App:
    """Our procrastinate app on connections of its own: the same tasks, which themselves keep the app they know."""
    return app.with_connector(PsycopgConnector(kwargs=system_parameters(), min_size=1, max_size=connections))


def system_parameters() -> dict[str, Any]:
    """Django's connection parameters with the role of a worker or of the chat, which differs from the web's."""
    parameters = connector_params()
    if "options" in parameters:
        parameters["options"] = re.sub(r"(?<=-c role=)\S+", SYSTEM_ROLE, parameters["options"])
    return parameters


@contextlib.asynccontextmanager
async def worker_inside() -> AsyncIterator[None]:
    """Work beside the server if its environment says so; a lost database is waited for, not fatal."""
    if os.environ.get(INSIDE) != "1":
        yield
        return
    task = asyncio.create_task(_keep_working())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _keep_working() -> None:
    while True:
        try:
            await work(stop_on_signals=False, concurrency=4, grace=2)
        except Exception:
            logger.exception("The job worker stopped; it starts again in %s s.", PAUSE)
        await asyncio.sleep(PAUSE)


class Lifespan:
    """The ASGI `lifespan` application: enters the given contexts when the server starts, leaves them at its end."""

    def __init__(self, *contexts: Callable[[], AbstractAsyncContextManager[None]]) -> None:
        self.contexts = contexts

    async def __call__(self, _scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        await receive()  # lifespan.startup
        async with contextlib.AsyncExitStack() as stack:
            try:
                for context in self.contexts:
                    await stack.enter_async_context(context())
            except Exception as problem:
                logger.exception("The server can't start.")
                await send({"type": "lifespan.startup.failed", "message": str(problem)})
                return
            await send({"type": "lifespan.startup.complete"})
            await receive()  # lifespan.shutdown
        await send({"type": "lifespan.shutdown.complete"})
