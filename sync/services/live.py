"""News of streams for those who are online: waiting requests, and frames on the hub.

One thread a process looks at the heads, only while somebody waits or something is to be told. So a device learns of
a change within a second whoever made it (a view, a job, the admin, raw SQL), and no writer pays for it:

    poke(owner_id)                           # in a transaction: {"type": "SYNC", "cursor"} on the hub's user:<id>
    handle = watch.add(me, at, tell)         # tell(position) whenever the streams have left `at`; drop(me, handle)

A poke comes after the commit, at most four a second for one person; it carries no data, the client pulls.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import DatabaseError, connection, transaction

from core import hub
from core.ids import NIL
from core.rls import as_system
from sync.cursors import Position

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from uuid import UUID

log = logging.getLogger(__name__)
TICK = 0.5  # seconds between two looks for those who wait
GATHER = 0.25  # seconds in which pokes become one
AFTER_TROUBLE = 3.0  # seconds until the database is asked again after it failed
_HEADS = "SELECT id, seq FROM sync_stream WHERE id = ANY(%s)"


@dataclass(slots=True)
class _Waiter:
    at: Position
    tell: Callable[[Position], None]


class Watch:
    """Calls back when streams move on, and tells the hub of pokes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[UUID, dict[object, _Waiter]] = defaultdict(dict)
        self._poked: set[UUID] = set()
        self._thread: threading.Thread | None = None
        self._hurry = threading.Event()
        self._wanted = threading.Event()

    def __len__(self) -> int:
        """How many wait."""
        with self._lock:
            return sum(map(len, self._waiting.values()))

    def add(self, user_id: UUID, at: Position, tell: Callable[[Position], None]) -> object:
        """Call `tell`, in another thread, whenever this person's position has changed; a handle for `drop`."""
        handle = object()
        with self._lock:
            self._waiting[user_id][handle] = _Waiter(at, tell)
            self._wake()
        return handle

    def drop(self, user_id: UUID, handle: object) -> None:
        with self._lock:
            self._waiting.get(user_id, {}).pop(handle, None)
            if not self._waiting.get(user_id):
                self._waiting.pop(user_id, None)

    def poke(self, user_id: UUID) -> None:
        """Something was committed into this person's stream."""
        with self._lock:
            self._poked.add(user_id)
            self._hurry.set()
            self._wake()

    def _wake(self) -> None:
        self._wanted.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="sync-watch", daemon=True)
            self._thread.start()

    # -- In the thread

    def _run(self) -> None:
        try:
            while not self._over():
                if self._hurry.wait(TICK):
                    self._hurry.clear()
                    threading.Event().wait(GATHER)
                self._look()
        finally:
            connection.close()

    def _over(self) -> bool:
        """Nobody waits or was poked, and nobody came in SYNC_WATCH_REST seconds: the next one starts a new thread.

        Writes come in flocks: a connection made anew for each of them would cost more than they do.
        """
        while True:
            self._wanted.clear()
            if self._people() or self._wanted.wait(settings.SYNC_WATCH_REST):
                return False
            with self._lock:
                if not (self._poked or self._waiting):
                    self._thread = None
                    return True

    def _people(self) -> set[UUID]:
        """All who wait or were poked."""
        with self._lock:
            return self._poked | self._waiting.keys()

    def _look(self) -> None:
        with self._lock:
            poked, self._poked = self._poked, set()
            people = poked | self._waiting.keys()
        connection.close_if_unusable_or_obsolete()  # it may have rested for a while
        try:
            positions = read_positions(people) if people else {}
        except DatabaseError:
            log.exception("The heads of the streams can't be read.")
            connection.close()
            threading.Event().wait(AFTER_TROUBLE)
            return
        for user_id in poked:
            hub.publish_now(f"user:{user_id}", {"type": "SYNC", "cursor": positions[user_id].packed()})
        for waiter, position in self._moved(positions):
            waiter.tell(position)

    def _moved(self, positions: dict[UUID, Position]) -> list[tuple[_Waiter, Position]]:
        found = []
        with self._lock:
            for user_id, waiting in self._waiting.items():
                for waiter in waiting.values():
                    position = positions.get(user_id, waiter.at)
                    if position != waiter.at:
                        waiter.at = position
                        found.append((waiter, position))
        return found


watch = Watch()


def poke(user_id: UUID) -> None:
    """Once the transaction under way commits, tell this person's devices that there is something to pull."""
    transaction.on_commit(partial(watch.poke, user_id), robust=True)


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
