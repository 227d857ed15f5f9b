"""Once a second, for the threads that were written to: sync and absent people learn of it (services/settling.py)."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async
from django.db import DatabaseError, connection

from chat.services.settling import settle
from core.rls import as_system

if TYPE_CHECKING:
    from collections.abc import Iterable

log = logging.getLogger(__name__)
EVERY = 1.0  # seconds


class Settler:
    def __init__(self) -> None:
        self._touched: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    def touch(self, threads: Iterable[str]) -> None:
        self._touched.update(threads)
        if self._touched and self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name="chat-settler")

    async def close(self) -> None:
        """What is left is done now."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._touched:
            await self._settle()

    async def _run(self) -> None:
        try:
            while self._touched:
                await asyncio.sleep(EVERY)
                await self._settle()
        finally:
            self._task = None

    async def _settle(self) -> None:
        touched, self._touched = self._touched, set()
        try:
            await sync_to_async(_settle, thread_sensitive=False)(sorted(touched))
        except DatabaseError as problem:  # the next message or the sweep makes up for it
            log.warning("threads could not be settled: %s", type(problem).__name__)


def _settle(threads: list[str]) -> None:
    try:
        with as_system("heads and absent people of many threads"):
            settle(threads)
    finally:
        connection.close()
