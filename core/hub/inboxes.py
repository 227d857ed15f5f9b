"""Where frames wait for their reader: bounded, the oldest go first, for threads and for event loops."""

from __future__ import annotations

import asyncio
import threading
import time
import weakref
from collections import deque
from typing import TYPE_CHECKING

from prometheus_client import Counter

if TYPE_CHECKING:
    from core.hub.frames import Frame

ROOM = 1000  # frames a listener may fall behind
dropped_frames = Counter(
    "revsync_hub_dropped_frames", "Live frames given up; the database has them.", ["where"]
)
_dropped = dropped_frames.labels("listener")


class Inbox:
    """The frames of one listener. `dropped` counts those that it was too slow for: it reads the database then."""

    def __init__(self, room: int = ROOM) -> None:
        self._frames: deque[Frame] = deque(maxlen=room)
        self._lock = threading.Lock()
        self._awake = False
        self.dropped = 0

    def put(self, frame: Frame) -> None:
        """From any thread; never waits."""
        with self._lock:
            if len(self._frames) == self._frames.maxlen:
                self.dropped += 1
                _dropped.inc()
            self._frames.append(frame)
            wake, self._awake = not self._awake, True
        if wake:
            self._wake()

    def take(self) -> Frame | None:
        """The next frame, or None: then the next `put` wakes the reader."""
        with self._lock:
            if self._frames:
                return self._frames.popleft()
            self._awake = False
            self._rest()
            return None

    def _wake(self) -> None:
        raise NotImplementedError

    def _rest(self) -> None:
        raise NotImplementedError


class ThreadInbox(Inbox):
    """Read by one thread that may block."""

    def __init__(self, room: int = ROOM) -> None:
        super().__init__(room)
        self._event = threading.Event()

    def get(self, timeout: float) -> Frame | None:
        """The next frame, or None after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while (frame := self.take()) is None:  # a bell may ring late, for a frame that was taken already
            if not self._event.wait(max(0.0, deadline - time.monotonic())):
                return None
        return frame

    def _wake(self) -> None:
        self._event.set()

    def _rest(self) -> None:
        self._event.clear()


class LoopInbox(Inbox):
    """Read by one task of the loop that made it."""

    def __init__(self, room: int = ROOM) -> None:
        super().__init__(room)
        self._event = asyncio.Event()
        self._gate = _gate_of(asyncio.get_running_loop())

    async def get(self, timeout: float | None = None) -> Frame | None:  # noqa: ASYNC109 -- as in the twin for threads
        """The next frame, or None after `timeout` seconds (never without)."""
        try:
            async with asyncio.timeout(timeout):
                return await self.next()
        except TimeoutError:
            return None

    async def next(self) -> Frame:
        while (frame := self.take()) is None:
            await self._event.wait()
        return frame

    def ring(self) -> None:
        """In the loop's own thread: there is something to take."""
        self._event.set()

    def _wake(self) -> None:
        self._gate.wake(self)

    def _rest(self) -> None:
        self._event.clear()


class _Gate:
    """One wake-up for all listeners of a loop that got something meanwhile: waking a loop costs a system call."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = weakref.ref(loop)
        self._lock = threading.Lock()
        self._waiting: list[LoopInbox] = []

    def wake(self, inbox: LoopInbox) -> None:
        with self._lock:
            self._waiting.append(inbox)
            first = len(self._waiting) == 1
        loop = self._loop()
        if first and loop is not None:
            try:
                loop.call_soon_threadsafe(self._ring)
            except RuntimeError:  # the loop was closed with listeners in it: nobody reads any more
                self._take()

    def _ring(self) -> None:
        for inbox in self._take():
            inbox.ring()

    def _take(self) -> list[LoopInbox]:
        with self._lock:
            taken, self._waiting = self._waiting, []
        return taken


_gates: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _Gate] = weakref.WeakKeyDictionary()
_gates_lock = threading.Lock()


def _gate_of(loop: asyncio.AbstractEventLoop) -> _Gate:
    with _gates_lock:
        return _gates.setdefault(loop, _Gate(loop))
