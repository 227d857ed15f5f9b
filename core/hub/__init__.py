"""Live frames, from a commit to whoever listens: in this process at once, to others through Redis.

    publish(f"user:{owner_id}", {"type": "SYNC", "cursor": 7})          # in any transaction

    async with listen([f"user:{me}"]) as stream:                        # a consumer, an async view
        async for frame in stream: ...

    with waiting([f"user:{me}"]) as box:                                # a WSGI thread
        look_into_the_database()
        frame = box.get(timeout=25)

A frame is a poke: the database is the truth. Nothing here blocks; what a reader or Redis is too slow for is
dropped, oldest first, and counted. After Redis was away each listener gets `{"type": "GAP"}`.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from concurrent.futures import wait
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction

from core.hub.frames import Frame, check, encode, gap
from core.hub.inboxes import Inbox, LoopInbox, ThreadInbox
from core.hub.link import RedisLink

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

__all__ = ["Frame", "Stream", "is_down", "listen", "publish", "publish_now", "wait_for", "waiting"]

CONFIRMED_WITHIN = 1.0  # seconds; a listener starts without Redis when that does not answer


def publish(topic: str, frame: dict[str, Any]) -> None:
    """Send a frame when the transaction under way commits, at once outside of one; a rollback sends nothing."""
    transaction.on_commit(partial(_hub().send, topic, encode(topic, frame)), robust=True)


def publish_now(topic: str, frame: dict[str, Any]) -> None:
    """The same for code that has committed by itself, on any thread or loop."""
    _hub().send(topic, encode(topic, frame))


def is_down() -> bool:
    """Are other processes out of reach now? Frames of this one are delivered all the same."""
    link = _hub()._link
    return link is not None and link.down


@asynccontextmanager
async def listen(topics: Iterable[str]) -> AsyncIterator[Stream]:
    """The frames of some topics from now on, for one task."""
    stream = Stream(_hub())
    try:
        await stream.add(*topics)
        yield stream
    finally:
        stream.close()


@contextmanager
def waiting(topics: Iterable[str]) -> Iterator[ThreadInbox]:
    """The same for a thread: enter, look into the database, then `get(timeout)`."""
    hub, inbox, wanted = _hub(), ThreadInbox(), [check(topic) for topic in topics]
    try:
        wait(hub.join(inbox, wanted), CONFIRMED_WITHIN)
        yield inbox
    finally:
        hub.part(inbox, wanted)


def wait_for(topic: str, timeout: float) -> Frame | None:
    """Block until a frame of this topic comes, at most `timeout` seconds; None when none came."""
    with waiting([topic]) as inbox:
        return inbox.get(timeout)


class Stream:
    """An endless iterator of frames; `add` and `drop` change what it listens to."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._inbox = LoopInbox()
        self._topics: set[str] = set()

    async def add(self, *topics: str) -> None:
        """Listen to these too, from when this returns."""
        new = [check(topic) for topic in topics if topic not in self._topics]
        self._topics.update(new)
        asked = self._hub.join(self._inbox, new)
        if asked:
            await asyncio.wait([asyncio.wrap_future(each) for each in asked], timeout=CONFIRMED_WITHIN)

    def drop(self, *topics: str) -> None:
        old = self._topics.intersection(topics)
        self._topics -= old
        self._hub.part(self._inbox, old)

    async def get(self, timeout: float | None = None) -> Frame | None:  # noqa: ASYNC109 -- the inbox's own
        """The next frame, or None after `timeout` seconds."""
        return await self._inbox.get(timeout)

    @property
    def dropped(self) -> int:
        """How many frames this stream was too slow for."""
        return self._inbox.dropped

    def close(self) -> None:
        self.drop(*self._topics)

    def __aiter__(self) -> Stream:
        return self

    async def __anext__(self) -> Frame:
        return await self._inbox.next()


class Hub:
    """The listeners of this process, and its link to the others."""

    def __init__(self, redis_url: str) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[str, tuple[Inbox, ...]] = {}
        self._link = RedisLink(redis_url, self.deliver, self.missed) if redis_url else None

    def send(self, topic: str, json: bytes) -> None:
        self.deliver(topic, json)
        if self._link is not None:
            self._link.send(topic, json)

    def deliver(self, topic: str, json: bytes) -> None:
        """To the listeners of this process."""
        if inboxes := self._listeners.get(topic):
            frame = Frame(topic, json)
            for inbox in inboxes:
                inbox.put(frame)

    def missed(self) -> None:
        """Tell everybody that frames may have been lost."""
        with self._lock:
            everybody = {inbox for inboxes in self._listeners.values() for inbox in inboxes}
        for inbox in everybody:
            inbox.put(gap())

    def join(self, inbox: Inbox, topics: Iterable[str]) -> list[Any]:
        """Futures that are done when other processes' frames come too."""
        names = list(topics)
        with self._lock:
            for topic in names:
                self._listeners[topic] = (*self._listeners.get(topic, ()), inbox)
            return self._link.want(names) if self._link is not None and names else []

    def part(self, inbox: Inbox, topics: Iterable[str]) -> None:
        with self._lock:
            silent = [topic for topic in topics if not self._without(topic, inbox)]
            if self._link is not None and silent:
                self._link.leave(silent)

    def close(self) -> None:
        if self._link is not None:
            self._link.close()

    def _without(self, topic: str, inbox: Inbox) -> bool:
        """Does anybody else still listen?"""
        rest = tuple(each for each in self._listeners.get(topic, ()) if each is not inbox)
        if rest:
            self._listeners[topic] = rest
        else:
            self._listeners.pop(topic, None)
        return bool(rest)


_made: Hub | None = None
_making = threading.Lock()


def _hub() -> Hub:
    """The hub of this process, made when first needed."""
    global _made  # noqa: PLW0603 -- one a process
    if _made is None:
        with _making:
            if _made is None:
                _made = Hub(settings.REDIS_URL)
    return _made


def close() -> None:
    """End the hub of this process; the next use makes a new one."""
    global _made
    with _making:
        ended, _made = _made, None
    if ended is not None:
        ended.close()


def _after_fork() -> None:
    """A child has none of our threads: it starts afresh."""
    global _made, _making
    _made, _making = None, threading.Lock()


atexit.register(close)
os.register_at_fork(after_in_child=_after_fork)
