"""Who waits for news of a stream: one thread a process looks at the heads of all of them, twice a second.

So a device that is online learns of a change within a second, whoever made it (a view, a job, the admin, raw SQL),
and no writer pays for it. The thread runs only while somebody waits.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError, connection

from core.ids import NIL
from core.rls import as_system
from sync.cursors import Position

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from uuid import UUID

log = logging.getLogger(__name__)
TICK = 0.5  # seconds
AFTER_TROUBLE = 3.0  # seconds until the database is asked again after it failed
_HEADS = "SELECT id, seq FROM sync_stream WHERE id = ANY(%s)"


class Watch:
    """Calls back, once, when a stream has moved on from a position."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[UUID, dict[object, tuple[Position, Callable[[Position], None]]]] = defaultdict(
            dict
        )
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()

    def __len__(self) -> int:
        with self._lock:
            return sum(map(len, self._waiting.values()))

    def add(self, user_id: UUID, at: Position, tell: Callable[[Position], None]) -> object:
        """Wait for this person's cursor to leave `at`; a handle for `drop`. `tell` is called in another thread."""
        handle = object()
        with self._lock:
            self._waiting[user_id][handle] = (at, tell)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="sync-watch", daemon=True)
                self._thread.start()
        return handle

    def drop(self, user_id: UUID, handle: object) -> None:
        with self._lock:
            self._waiting.get(user_id, {}).pop(handle, None)
            if not self._waiting.get(user_id):
                self._waiting.pop(user_id, None)

    def _run(self) -> None:
        try:
            while people := self._people():
                try:
                    self._tell(read_positions(people))
                    pause = TICK
                except DatabaseError:
                    log.exception("The heads of the streams can't be read.")
                    connection.close()
                    pause = AFTER_TROUBLE
                self._ended.wait(pause)
        finally:
            connection.close()

    def _people(self) -> list[UUID]:
        """All who wait; when it is nobody, the thread is over in the same breath."""
        with self._lock:
            if not self._waiting:
                self._thread = None
            return list(self._waiting)

    def _tell(self, positions: dict[UUID, Position]) -> None:
        with self._lock:
            news = [
                (user_id, handle, positions[user_id], tell)
                for user_id, waiting in self._waiting.items()
                for handle, (at, tell) in waiting.items()
                if positions.get(user_id, at) != at
            ]
        for user_id, handle, position, tell in news:
            self.drop(user_id, handle)
            tell(position)


watch = Watch()


def read_positions(people: Iterable[UUID]) -> dict[UUID, Position]:
    """Where each of these persons' two streams stand."""
    wanted = [*people, NIL]
    with as_system("waiting clients have many owners"), connection.cursor() as cursor:
        cursor.execute(_HEADS, [wanted])
        heads: dict[Any, int] = dict(cursor.fetchall())
    public = heads.get(NIL, 1)
    return {person: Position(heads.get(person, 0), public) for person in wanted if person != NIL}


async def news_for(user_id: UUID, at: Position, *, seconds: float) -> Position | None:
    """The position once it has left `at`; None when nothing came in time."""
    loop = asyncio.get_running_loop()
    came: asyncio.Future[Position] = loop.create_future()

    def settle(position: Position) -> None:
        if not came.done():
            came.set_result(position)

    def tell(position: Position) -> None:
        loop.call_soon_threadsafe(settle, position)

    handle = watch.add(user_id, at, tell)
    try:
        return await asyncio.wait_for(came, seconds)
    except TimeoutError:
        return None
    finally:
        watch.drop(user_id, handle)
