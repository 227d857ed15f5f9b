"""The link to Redis, so that frames cross processes: a thread of its own with one connection for each direction.

Redis carries no truth, only pokes: what can't be sent is dropped and counted, never waited for. Whoever listens
is told of a gap (frames.gap) as soon as a lost connection is back.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter, deque
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from core.hub.inboxes import dropped_frames

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

log = logging.getLogger(__name__)

PREFIX = "revsync:hub:"
CONTROL = f"{PREFIX}control"  # always subscribed: its confirmation says that all the others stand
OUTGOING = 10_000  # frames that wait while Redis is slow or away
BATCH = 500
QUIET = 10.0  # seconds without a word, then a ping; as many again, then the connection counts as dead
LAST_WORDS = 100  # hundredths of a second that a process which ends may still send
_dropped = dropped_frames.labels("publisher")
_OPTIONS: dict[str, Any] = {
    "protocol": 2,
    "socket_connect_timeout": 2,
    "socket_timeout": 5,
    "retry": Retry(NoBackoff(), 0),
}


class RedisLink:
    """`deliver(topic, json)` gets what other processes published, `missed()` is called after a gap."""

    def __init__(self, url: str, deliver: Callable[[str, bytes], None], missed: Callable[[], None]) -> None:
        self._url, self._deliver, self._missed = url, deliver, missed
        self._me = uuid4().bytes
        self._outgoing: deque[tuple[str, bytes]] = deque(maxlen=OUTGOING)
        self._lock = threading.Lock()
        self._wanted: dict[str, Future[None]] = {}
        self._asked: set[str] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = False
        self._sending = self._mute = False
        self.down = False  # known to be away; whoever listens will be told when it is back
        self._thread = threading.Thread(target=self._run, name="hub", daemon=True)
        self._thread.start()

    # -- From any thread, without waiting

    def send(self, topic: str, json: bytes) -> None:
        if len(self._outgoing) == OUTGOING:
            _dropped.inc()
        self._outgoing.append((topic, json))
        self._nudge("_to_send")

    def want(self, topics: Sequence[str]) -> list[Future[None]]:
        """Subscribe; the futures are done when Redis has confirmed. There are none while it is known to be away."""
        with self._lock:
            new = {topic: Future[None]() for topic in topics if topic not in self._wanted}
            self._wanted.update(new)
            self._asked.update(new)
            asked = [self._wanted[topic] for topic in topics]
        self._nudge("_to_steer")
        return [] if self.down else asked

    def leave(self, topics: Iterable[str]) -> None:
        with self._lock:
            for topic in topics:
                if left := self._wanted.pop(topic, None):
                    left.cancel()
        self._nudge("_to_steer")

    def close(self) -> None:
        """End the thread and its connections; waits for that."""
        self._stopping = True
        self._nudge("_to_stop")
        self._thread.join(5)

    def _nudge(self, event: str) -> None:
        if (loop := self._loop) is not None:
            with suppress(RuntimeError):  # it has just ended
                loop.call_soon_threadsafe(lambda: getattr(self, event).set())

    # -- In the thread

    def _run(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        self._to_send, self._to_steer, self._to_stop = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._loop = (
            asyncio.get_running_loop()
        )  # from here on others may nudge; what they did before counts too
        if self._stopping:
            self._to_stop.set()
        self._to_send.set()
        if self.wanted_topics():
            self._to_steer.set()
        work = [asyncio.create_task(self._publishing()), asyncio.create_task(self._listening())]
        await self._to_stop.wait()
        for _ in range(LAST_WORDS):
            if self._mute or not (self._outgoing or self._sending):
                break
            await asyncio.sleep(0.01)
        await asyncio.gather(*map(_end, work))

    async def _publishing(self) -> None:
        client = redis.Redis.from_url(self._url, max_connections=1, **_OPTIONS)
        try:
            while True:
                await self._to_send.wait()
                self._to_send.clear()
                while batch := self._next_batch():
                    self._sending = True
                    well = await self._published(client, batch)
                    self._sending = False
                    if not well:
                        await asyncio.sleep(0.5)  # the queue stays bounded meanwhile
        finally:
            await client.aclose()

    def _next_batch(self) -> list[tuple[str, bytes]]:
        batch: list[tuple[str, bytes]] = []
        with suppress(IndexError):
            while len(batch) < BATCH:
                batch.append(self._outgoing.popleft())
        return batch

    async def _published(self, client: redis.Redis, batch: Sequence[tuple[str, bytes]]) -> bool:
        for _ in range(2):  # an idle connection may have been cut: the second try has a new one
            try:
                async with client.pipeline(transaction=False) as pipe:
                    for topic, json in batch:
                        pipe.publish(PREFIX + topic, self._me + json)
                    await pipe.execute()
            except (RedisError, OSError) as problem:
                reason = problem
            else:
                self._mute = False
                return True
        _dropped.inc(len(batch))
        if not self._mute:
            log.warning("Redis takes no live frames (%s); they are dropped", reason)
        self._mute = True
        return False

    async def _listening(self) -> None:
        pause = 0.05
        while True:
            await self._to_steer.wait()  # a process without listeners needs no connection
            pool = redis.ConnectionPool.from_url(self._url, **_OPTIONS)
            connection: Any = pool.make_connection()  # type: ignore[no-untyped-call]
            session = _Subscription(connection, self)
            try:
                await session.follow()
            except (RedisError, OSError, TimeoutError) as problem:
                if not self.down:
                    log.warning("the hub has no Redis (%s); it tries again", problem)
                self.down = True
            finally:
                with suppress(RedisError, OSError, TimeoutError):
                    await connection.disconnect(nowait=True)
            pause = 0.05 if session.stood else min(2.0, pause * 2)
            await asyncio.sleep(pause)
            if self.wanted_topics():
                self._to_steer.set()

    def wanted_topics(self) -> set[str]:
        with self._lock:
            return set(self._wanted)

    def newly_asked(self) -> set[str]:
        """What was asked for since the last call."""
        with self._lock:
            asked, self._asked = self._asked, set()
            return asked

    def confirm(self, topic: str) -> None:
        with self._lock:
            asked = self._wanted.get(topic)
        if asked is not None and not asked.done():
            with suppress(Exception):  # cancelled this very moment by `leave`
                asked.set_result(None)

    async def steering(self) -> None:
        await self._to_steer.wait()
        self._to_steer.clear()

    def received(self, topic: str, data: bytes) -> None:
        if data[:16] != self._me:  # our own were delivered at once
            self._deliver(topic, data[16:])

    def stands(self) -> None:
        """All that is wanted is subscribed."""
        if self.down:
            self.down = False
            self._missed()


async def _end(task: asyncio.Task[Any]) -> None:
    """Cancel until it has heard: before Python 3.12 `asyncio.wait_for`, inside redis, may swallow the first call."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=0.1)
    if not task.cancelled() and (problem := task.exception()):
        log.debug("a task of the hub ended by %r", problem)


class _Subscription:
    """One life of the listening connection."""

    def __init__(self, connection: Any, link: RedisLink) -> None:
        self._connection, self._link = connection, link
        self._sent: set[str] = set()
        self._unconfirmed: Counter[str] = Counter()
        self.stood = False

    async def follow(self) -> None:
        """Until the connection breaks, by its exception."""
        await self._connection.connect()
        await self._steer()
        await self._command("SUBSCRIBE", [CONTROL])
        steering = asyncio.create_task(self._keep_steering())
        try:
            await self._read(steering)
        finally:
            await _end(steering)

    async def _keep_steering(self) -> None:
        while True:
            await self._link.steering()
            await self._steer()

    async def _steer(self) -> None:
        """Ask for what is wanted now, give up what no longer is."""
        asked, wanted = self._link.newly_asked(), self._link.wanted_topics()
        for topic in asked & self._sent - self._unconfirmed.keys():
            self._link.confirm(topic)  # left and joined again before we noticed: it stands
        new, old = wanted - self._sent, self._sent - wanted
        self._sent = wanted
        if old:
            await self._command("UNSUBSCRIBE", [PREFIX + topic for topic in old])
        if new:
            self._unconfirmed.update(new)
            await self._command("SUBSCRIBE", [PREFIX + topic for topic in new])

    async def _command(self, name: str, channels: list[str]) -> None:
        for start in range(0, len(channels), BATCH):
            await self._connection.send_command(name, *channels[start : start + BATCH], check_health=False)

    async def _read(self, steering: asyncio.Task[None]) -> None:
        quiet = False
        while True:
            if steering.done():
                steering.result()  # raises what broke it
            message = await self._connection.read_response(timeout=QUIET)
            if message is None:
                if quiet:
                    raise TimeoutError("no answer")
                quiet = True
                await self._connection.send_command("PING", check_health=False)
                continue
            quiet = False
            self._heard(message)

    def _heard(self, message: Any) -> None:
        if not isinstance(message, list) or len(message) != 3:
            return  # PONG
        kind, channel, data = message
        topic = channel.decode().removeprefix(PREFIX)
        if kind == b"message":
            self._link.received(topic, data)
        elif kind == b"subscribe" and channel == CONTROL.encode():
            self.stood = True
            self._link.stands()
        elif kind == b"subscribe":
            self._unconfirmed[topic] -= 1
            if self._unconfirmed[topic] <= 0:  # an older request for the same topic may still be answered
                del self._unconfirmed[topic]
                self._link.confirm(topic)
