"""One socket: reads frames, keeps what goes out in a bounded queue, and ends when its login does.

It takes the server's `receive` and `send` directly: the dispatch of a stock Channels consumer costs nearly as much
as all the rest of a message.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from django.conf import settings

from chat import frames
from chat.consumer import codes, queries
from chat.consumer.bearer import Bearer
from chat.consumer.database import AWAY
from chat.consumer.eager import eagerly
from chat.consumer.handlers import HANDLERS, send_message
from chat.consumer.rooms import HELD, Held
from chat.ports import frames as other_frames

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from chat.consumer.engine import Engine
    from chat.consumer.login import Login
    from chat.consumer.rooms import Room
    from chat.consumer.writer import Item

log = logging.getLogger(__name__)

PROTOCOL, HEARTBEAT = 1, 25
REPLAY_PAUSE = 0.5  # seconds between two tries of a replay while the database is away
MAX_ROOMS = 5000  # threads of one person that are live, newest first


class Socket(Bearer):
    """Satisfies chat.ports.Socket."""

    __slots__ = (
        "__weakref__", "_allowance", "_bytes", "_closing", "_flusher", "_flushing", "_out", "_reader", "_send", "beats",
        "heard_at", "last_item", "rooms", "sending_since", "tasks", "topics", "typed",
    )  # fmt: skip

    def __init__(self, engine: Engine, login: Login, send: Callable[[Any], Awaitable[None]]) -> None:
        super().__init__(engine, login)
        self._send = send
        self.rooms: dict[str, Room] = {}
        self.topics: set[str] | None = None
        self.tasks: set[asyncio.Task[Any]] | None = None
        self.typed: dict[str, float] | None = None
        self.last_item: Item | None = None
        self.beats = False  # it said PING once, so it is missed when it does not
        self.sending_since = 0.0
        self._out: deque[str] = deque()
        self._bytes = 0
        self._closing: tuple[int, str] | None = None
        self._flushing = False
        self._flusher: asyncio.Task[None] | None = None
        self._reader: asyncio.Task[Any] | None = None
        self._allowance, self.heard_at = float(settings.CHAT_BURST), monotonic()

    @property
    def user_id(self) -> UUID:
        return UUID(self.user)

    # -- Out

    def push(self, text: str) -> None:
        """Queue a frame; never waits. Who is too far behind is cut off and may RESUME."""
        if self._closing is not None:
            return
        self._out.append(text)
        if not self._flushing:
            self._flush_now()
            return
        self._bytes += len(text)
        if len(self._out) > settings.CHAT_OUT_QUEUE or self._bytes > settings.CHAT_OUT_BYTES:
            self._out.clear()
            self.cut(codes.SLOW, "slow_consumer")

    def send_frame(self, frame: Mapping[str, Any]) -> None:
        self.push(frames.text(frame))

    def refuse(self, code: str, message: str, **more: Any) -> None:
        self.send_frame(
            {"type": "ERROR", "code": code, "message": message}
            | {key: value for key, value in more.items() if value is not None}
        )

    def cut(self, code: int, reason: str = "") -> None:
        """Close after the frame that is being sent."""
        if self._closing is None:
            self._closing = code, reason
            if not self._flushing:
                self._flush_now()

    def abort(self) -> None:
        """It does not even take the close: the server drops the connection."""
        if self._reader is not None:
            self._reader.cancel()

    @property
    def up_to_date(self) -> bool:
        """Nothing waits to go out, and it is not about to close."""
        return not self._out and not self._flushing and self._closing is None

    def _flush_now(self) -> None:
        """Most frames go out at once: a task is only made for one that must wait for the client."""
        self._flushing = True
        task = eagerly(self._flush())
        if task is not None:
            self._flusher = task

    async def _flush(self) -> None:
        out, send = self._out, self._send
        try:
            while out and self._closing is None:
                self.sending_since = monotonic()
                await send({"type": "websocket.send", "text": out.popleft()})
                self._bytes = self._bytes if out else 0
            if self._closing is not None:
                await self._say_goodbye(*self._closing)
        except Exception as problem:  # the client is gone: the reader hears of it too
            log.debug("a frame could not be sent: %r", problem)
            out.clear()
        finally:
            self.sending_since, self._bytes = 0.0, 0
            self._flushing, self._flusher = False, None

    async def _say_goodbye(self, code: int, reason: str) -> None:
        while self._out:
            await self._send({"type": "websocket.send", "text": self._out.popleft()})
        self.sending_since = monotonic()
        await self._send({"type": "websocket.close", "code": code, "reason": reason})

    # -- Life

    async def run(self, receive: Callable[[], Awaitable[Any]]) -> None:
        self._reader = asyncio.current_task()
        self.engine.enter(self)
        try:
            self.watch_clock()
            await self._ready()
            if self.login.staff:
                await self._watch_inbox()
            await self._read(receive)
        except asyncio.CancelledError:  # by `abort`, or by a server that ends
            log.debug("a socket was dropped")
        finally:
            self._leave()

    async def _ready(self) -> None:
        rows = await self.engine.database.fetch(queries.THREADS, [self.user, MAX_ROOMS])
        heads = []
        behind = []
        for thread_id, last_seq, last_rev, read_seq, joined_seq, kind in rows:
            room = self.engine.join(
                self, thread_id, last_seq, last_rev, last_seq, staffed=kind in {"support", "shop"}
            )
            self.rooms[thread_id] = room
            if room.seq > last_seq:
                room.members[self] = []
                behind.append((room, last_seq))
            heads.append(
                {
                    "threadId": thread_id,
                    "lastSeq": last_seq,
                    "lastRev": last_rev,
                    "readSeq": read_seq,
                    "unread": last_seq - max(read_seq, joined_seq),
                }
            )
        self.send_frame(
            {
                "type": "READY",
                "userId": self.user,
                "protocol": PROTOCOL,
                "heartbeat": HEARTBEAT,
                "maxFrameBytes": settings.CHAT_MAX_FRAME,
                "tokenExpiresAt": self.expiry(),
                "threads": heads[: settings.CHAT_RESUME_MAX_THREADS],
                "more": len(heads) > settings.CHAT_RESUME_MAX_THREADS,
            }
        )
        for room, seq in behind:
            await self.catch_up(room, seq)
        self.engine.look()  # what was committed between the statement and our joining

    async def _watch_inbox(self) -> None:
        """Rooms for all conversations that are open, so that nothing of them is missed."""
        for thread_id, seq, rev in await self.engine.database.fetch(queries.INBOX, []):
            self.engine.watch(thread_id, seq, rev)

    async def _read(self, receive: Callable[[], Awaitable[Any]]) -> None:
        limit = settings.CHAT_MAX_FRAME
        while True:
            event = await receive()
            if event["type"] == "websocket.disconnect":
                return
            text = event.get("text")
            if text is None:
                self.refuse("invalid", "Send text frames.")
                continue
            if len(text) > limit or (not text.isascii() and len(text.encode()) > limit):
                self.cut(codes.TOO_LARGE, "too_large")
                continue
            if (wait := self._spend()) is not None:
                self._refuse_flood(text, wait)
                continue
            await self._take(text)

    async def _take(self, text: str) -> None:
        try:
            frame = orjson.loads(text)
        except orjson.JSONDecodeError:
            self.refuse("invalid", "This frame is no JSON.")
            return
        kind = frame.get("type") if isinstance(frame, dict) else None
        if kind == "SEND":
            await send_message(self, frame)
            return
        handler = HANDLERS.get(kind) if isinstance(kind, str) else None
        plug = other_frames.get(kind) if handler is None and isinstance(kind, str) else None
        try:
            if handler is not None:
                await handler(self, frame)
            elif plug is not None:
                await plug(self, frame)
            else:
                self.refuse("invalid", "There is no such frame.")
        except AWAY:
            self.refuse("unavailable", "Please try again in a moment.", retryAfter=1.0)
        except Exception:
            log.exception("a %s frame could not be served", kind)
            self.refuse("unavailable", "Something went wrong on our side.", retryAfter=1.0)

    def _spend(self) -> float | None:
        """One frame of the allowance; seconds to wait when it is used up."""
        now = monotonic()
        rate = settings.CHAT_RATE
        self._allowance = min(float(settings.CHAT_BURST), self._allowance + (now - self.heard_at) * rate)
        self.heard_at = now
        if self._allowance < 1.0:
            return (1.0 - self._allowance) / rate
        self._allowance -= 1.0
        return None

    def _refuse_flood(self, text: str, wait: float) -> None:
        """The client's id comes back, so that it knows what to send again."""
        try:
            frame = orjson.loads(text)
        except orjson.JSONDecodeError:
            frame = None
        client_id = frame.get("clientId") if isinstance(frame, dict) else None
        given = client_id if isinstance(client_id, str) else None
        self.refuse("rate_limited", "Too many frames.", clientId=given, retryAfter=round(wait, 2))

    def _leave(self) -> None:
        self.forget_login()
        for task in self.tasks or ():
            task.cancel()
        for room in self.rooms.values():
            self.engine.part(self, room)
        self.rooms.clear()
        for topic in self.topics or ():
            self._drop_topic(topic)
        self.engine.leave(self)
        if self._flusher is not None:
            self._flusher.cancel()

    def spawn(self, work: Awaitable[None], *, name: str = "") -> Callable[[], None]:
        if self.tasks is None:
            self.tasks = set()
        task = self.engine.spawn(work, name or "chat-work")
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

        def end() -> None:
            task.cancel()

        return end

    # -- Threads and topics

    async def catch_up(self, room: Room, seq: int) -> int:
        """Messages after `seq` from the database, and then those that came meanwhile; the last seq sent.

        Without a database it waits for one. A later call for the same room takes over from this one.
        """
        page = settings.CHAT_REPLAY_PAGE
        held: Held = []
        room.members[self] = held
        while True:
            rows = await self._page(room, seq, page)
            for row in rows:
                await self._until_there_is_room()
                if room.members.get(self) is not held:
                    return seq
                self.push(frames.text(frames.message(frames.Said(*row))))
                seq = row[2]
            if self._closing is not None or room.members.get(self) is not held:
                return seq
            if len(held) >= HELD:
                held.clear()  # the next page has them
            elif len(rows) < page:
                for number, text in held:
                    if number > seq:
                        self.push(text)
                        seq = number
                room.members[self] = max(seq, room.seq)
                self.engine.delivery.moved.add(room)
                return seq

    async def _page(self, room: Room, seq: int, page: int) -> list[tuple[Any, ...]]:
        while self._closing is None and self in room.members:
            try:
                return await self.engine.database.fetch(queries.PAGE, [room.id, seq, self.user, page])
            except AWAY:
                await asyncio.sleep(REPLAY_PAUSE)
        return []

    async def _until_there_is_room(self) -> None:
        """A replay waits for its reader, and leaves half of the queue to what is live."""
        while self._closing is None and (  # noqa: ASYNC110 -- an event would cost every frame of every socket
            len(self._out) * 2 >= settings.CHAT_OUT_QUEUE or self._bytes * 2 >= settings.CHAT_OUT_BYTES
        ):
            await asyncio.sleep(0.01)

    async def access(self, thread_id: str, *, joined: bool) -> None:
        """Somebody let this person into a thread, or out of it."""
        room = self.rooms.get(thread_id)
        if not joined:
            self.leave_room(thread_id)
            return
        if room is not None:
            return
        rows = await self.engine.database.fetch(queries.ONE_THREAD, [self.user, thread_id])
        if not rows:
            return
        last_seq, last_rev, read_seq, _, kind, status, assignee, subject = rows[0]
        room = self.engine.join(self, thread_id, last_seq, last_rev, [], staffed=kind in {"support", "shop"})
        self.rooms[thread_id] = room
        self.send_frame(
            {
                "type": "THREAD",
                "threadId": thread_id,
                "status": status,
                "assignee": assignee,
                "subject": subject,
            }
        )
        self.spawn(self._after(room, read_seq), name="chat-catch-up")

    def leave_room(self, thread_id: str) -> None:
        room = self.rooms.pop(thread_id, None)
        if room is not None:
            self.engine.part(self, room)
            self.send_frame({"type": "THREAD", "threadId": thread_id, "left": True})

    async def _after(self, room: Room, seq: int) -> None:
        await self.catch_up(room, seq)

    def add_topic(self, topic: str) -> None:
        if self.topics is None:
            self.topics = set()
        self.topics.add(topic)
        self.engine.topics.setdefault(topic, set()).add(self)

    def drop_topic(self, topic: str) -> None:
        if self.topics and topic in self.topics:
            self.topics.discard(topic)
            self._drop_topic(topic)

    def _drop_topic(self, topic: str) -> None:
        listeners = self.engine.topics.get(topic, set())
        listeners.discard(self)
        if not listeners:
            self.engine.topics.pop(topic, None)
            if self.engine.stream is not None:
                self.engine.stream.drop(topic)
