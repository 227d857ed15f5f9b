"""The group commit: what arrives while one commit is under way goes into the next, in one statement.

Nothing waits when nothing is going on; under load a commit carries many messages. A batch that fails is written
message by message, so that one bad message can't take others down.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import psycopg
from django.conf import settings
from psycopg.errors import UniqueViolation

from chat import frames
from chat.consumer.database import AWAY
from chat.frames import Said
from chat.services.live import Cast
from chat.services.sending import STAFFED, arguments
from chat.statements import SEND
from core.ids import uuid7

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chat.consumer.database import Database

log = logging.getLogger(__name__)

RETRY_AFTER = 1.0  # seconds, told to a client while the database is away


class Asker(Protocol):
    """Whoever sent a message: a socket."""

    def push(self, text: str) -> None: ...

    def refuse(self, code: str, message: str, **more: Any) -> None: ...


@dataclass(slots=True, eq=False)
class Item:
    """One message on its way into the database."""

    asker: Asker
    thread_id: str
    sender_id: str
    client_id: str
    body: str
    reply_to: str | None
    given_id: bool = True  # the client named it, so it is answered with it
    answered: bool = False
    waiting: asyncio.Event | None = None  # of whoever wants to know when it is answered

    def end(self) -> None:
        self.answered = True
        if self.waiting is not None:
            self.waiting.set()


async def settled(item: Item | None) -> None:
    """Until a message was answered."""
    if item is not None and not item.answered:
        if item.waiting is None:
            item.waiting = asyncio.Event()
        await item.waiting.wait()


class Writer:
    """`delivered(casts, touched)` is called after each commit, in order of commits."""

    def __init__(
        self, database: Database, delivered: Callable[[list[Cast], list[tuple[str, str]]], None]
    ) -> None:
        self._database, self._delivered = database, delivered
        self._waiting: deque[Item] = deque()
        self._task: asyncio.Task[None] | None = None

    def submit(self, item: Item) -> bool:
        """False when too many wait already."""
        if len(self._waiting) >= settings.CHAT_WRITER_QUEUE:
            return False
        self._waiting.append(item)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name="chat-writer")
        return True

    async def drain(self) -> None:
        """Until all that was submitted is answered."""
        while self._task is not None:
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._commit(self._batch())
        finally:
            self._task = None
            if self._waiting:  # something went wrong that nobody foresaw: the rest must not starve
                self._task = asyncio.get_running_loop().create_task(self._run(), name="chat-writer")

    def _batch(self) -> list[Item]:
        """The next messages; a twin of one of them goes with the next batch, where it is a plain duplicate."""
        batch: dict[tuple[str, str, str], Item] = {}
        while self._waiting and len(batch) < settings.CHAT_BATCH_MAX:
            item = self._waiting[0]
            key = (item.thread_id, item.sender_id, item.client_id)
            if key in batch:
                break
            batch[key] = self._waiting.popleft()
        return list(batch.values())

    async def _commit(self, batch: Sequence[Item]) -> None:
        """Write, answer and deliver; by halves and at last one by one where the whole is refused."""
        try:
            rows = await self._write(batch)
        except AWAY as problem:
            if len(batch) > 1 and _is_lock(problem):
                await self._split(batch)
                return
            log.warning("the database takes no messages: %s", type(problem).__name__)
            for item in batch:
                _refuse(item, "unavailable", "Please try again in a moment.", retryAfter=RETRY_AFTER)
            return
        except psycopg.Error as problem:
            if len(batch) > 1:
                await self._split(batch)
            elif isinstance(problem, UniqueViolation):
                await self._commit_twin(batch[0])
            else:
                log.warning("a message was refused by the database: %s", problem.sqlstate)
                _refuse(batch[0], "invalid", "This message can't be stored.")
            return
        except Exception:
            log.exception("messages could not be written")
            for item in batch:
                _refuse(item, "unavailable", "Please try again in a moment.", retryAfter=RETRY_AFTER)
            return
        self._answer(batch, rows)

    async def _split(self, batch: Sequence[Item]) -> None:
        for item in batch:
            await self._commit([item])

    async def _commit_twin(self, item: Item) -> None:
        """The same client_id was committed by another process meanwhile: now the statement sees it."""
        try:
            rows = await self._write([item])
        except (psycopg.Error, *AWAY):
            _refuse(item, "unavailable", "Please try again in a moment.", retryAfter=RETRY_AFTER)
        else:
            self._answer([item], rows)

    async def _write(self, batch: Sequence[Item]) -> list[tuple[Any, ...]]:
        rows = [
            (uuid7(), item.thread_id, item.sender_id, item.client_id, item.body, item.reply_to)
            for item in batch
        ]
        return await self._database.fetch(SEND, arguments(rows))

    def _answer(self, batch: Sequence[Item], rows: Sequence[tuple[Any, ...]]) -> None:
        casts: list[Cast] = []
        touched: dict[str, tuple[str, str]] = {}
        for item, (_, verdict, message_id, seq, rev, at, role, kind, status) in zip(batch, rows, strict=True):
            if verdict in _REFUSALS:
                _refuse(item, *_REFUSALS[verdict])
                continue
            said = Said(
                message_id, item.thread_id, seq, rev, item.body, role, item.sender_id, item.client_id, "text",  # type: ignore[arg-type]
                item.reply_to, at,  # type: ignore[arg-type]
            )  # fmt: skip
            item.asker.push(frames.text(frames.ack(said, duplicate=verdict == "duplicate")))
            if verdict == "sent":
                staff = kind in STAFFED
                casts.append(Cast(item.thread_id, seq, rev, frames.text(frames.message(said)), staff))
                touched[item.thread_id] = (status, _status_after(kind, role, status))
            item.end()
        self._delivered(
            casts, [(thread, after) for thread, (before, after) in touched.items() if before != after]
        )


def _status_after(kind: str, role: str, before: str) -> str:
    """As statements.SEND has it."""
    if kind not in STAFFED:
        return before
    return "pending" if role in STAFFED else "open"


_REFUSALS = {
    "absent": ("forbidden", "You are not in this thread."),
    "blocked": ("forbidden", "One of you has blocked the other."),
    "reply": ("invalid", "There is no such message in this thread."),
}


def _is_lock(problem: BaseException) -> bool:
    return getattr(problem, "sqlstate", None) in {"55P03", "57014", "40P01"}


def _refuse(item: Item, code: str, message: str, **more: Any) -> None:
    item.asker.refuse(code, message, clientId=item.client_id if item.given_id else None, **more)
    item.end()
