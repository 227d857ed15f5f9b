"""A thread as this process knows it: who of its sockets is in it, and how far it was delivered."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from chat.consumer.socket import Socket
    from chat.services.live import Cast

Held = list[tuple[int, str]]
HELD = 500  # what a list holds; one that is full has lost some
_PENDING = 500  # casts that may wait for one that is missing; then the database is asked anyway


class Room:
    """Delivers every change once, in order of `rev`; messages so come in order of `seq`.

    A cast that is ahead waits for the ones between; when they don't come, `missing` is called and the database
    tells. `moved` remembers the rooms in which a message went out. `members`: the sockets, and the seq up to which each has messages already; one that is catching
    up has a list instead, in which new messages wait.
    """

    __slots__ = ("_missing", "_moved", "_pending", "_timer", "id", "members", "rev", "seq", "staffed")

    def __init__(
        self, thread_id: str, seq: int, rev: int, missing: Callable[[Room], None], moved: set[Room]
    ) -> None:
        self.id, self.seq, self.rev = thread_id, seq, rev
        self.members: dict[Socket, int | Held] = {}
        self.staffed: set[Socket] | None = None  # who watches all conversations of staff
        self._missing, self._moved = missing, moved
        self._pending: dict[int, Cast] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def take(self, cast: Cast) -> None:
        """One cast from a commit, in any order."""
        if cast.rev == 0:
            self._give(cast, message=False)
        elif cast.rev == self.rev + 1:
            self._next(cast)
            self._drain()
        elif cast.rev > self.rev:
            self._wait(cast)

    def caught_up(self, seq: int, rev: int) -> None:
        """The database was read up to here; what came meanwhile follows."""
        self.seq, self.rev = max(self.seq, seq), max(self.rev, rev)
        self._drain()

    def read(self, cast: Cast) -> None:
        """A message or change as the database has it, in order."""
        self._deliver(cast)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _next(self, cast: Cast) -> None:
        self._deliver(cast)
        self.rev = cast.rev

    def _wait(self, cast: Cast) -> None:
        if self._pending is None:
            self._pending = {}
        if len(self._pending) < _PENDING:
            self._pending[cast.rev] = cast
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(settings.CHAT_REORDER_WAIT, self._late)

    def _late(self) -> None:
        self._timer = None
        if self._pending:
            self._missing(self)

    def _drain(self) -> None:
        if not self._pending:
            return
        while (cast := self._pending.pop(self.rev + 1, None)) is not None:
            self._next(cast)
        self._pending = {rev: cast for rev, cast in self._pending.items() if rev > self.rev} or None
        if self._pending and self._timer is None:
            self._wait(next(iter(self._pending.values())))

    def _deliver(self, cast: Cast) -> None:
        """A message that is new here, or a change of an older one."""
        if cast.seq > self.seq:
            self._give(cast, message=True)
            self.seq = cast.seq
            self._moved.add(self)
        else:
            self._give(cast, message=False)

    def _give(self, cast: Cast, *, message: bool) -> None:
        text, seq, but = cast.text, cast.seq, cast.but
        for socket, has in self.members.items():
            if message and type(has) is list:
                if len(has) < HELD:
                    has.append((seq, text))
                continue
            if (message and seq <= has) or (but and but == socket.user):  # type: ignore[operator]
                continue
            socket.push(text)
        for socket in self.staffed or ():
            if socket not in self.members:
                socket.push(text)
