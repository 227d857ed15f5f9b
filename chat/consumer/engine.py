"""What all sockets of one process share: connections, the writer, the rooms, and one ear on the hub."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager, suppress
from itertools import count
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
from django.conf import settings

from chat import frames
from chat.consumer import codes, queries
from chat.consumer.crowd import Crowd
from chat.consumer.database import AWAY, Database
from chat.consumer.delivery import Delivery
from chat.consumer.farewell import leaving_in_order
from chat.consumer.presence import Attendance
from chat.consumer.rooms import Held, Room
from chat.consumer.settler import Settler
from chat.consumer.writer import Writer
from chat.services.live import CONTROL, INBOX, LIVE, Cast
from core import hub

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from chat.consumer.socket import Socket
    from core.hub import Frame, Stream

log = logging.getLogger(__name__)

MEMBERS_EVERY = 5  # rounds of reconciling, one look at who is in which thread
_RULER = 0.5  # seconds between two looks at sockets that take no frames


class Engine:
    """One a process (and event loop). Everything here happens in that loop."""

    def __init__(self) -> None:
        self.process = str(uuid4())
        self.database = Database()
        self.writer = Writer(self.database, self._committed)
        self.settler = Settler()
        self.attendance = Attendance(self)
        self.crowd = Crowd(self.process)
        self.delivery = Delivery(self)
        self.leaving = False  # the process ends soon: new sockets are sent elsewhere
        self.rooms: dict[str, Room] = {}
        self.people: dict[str, set[Socket]] = {}
        self.staff: set[Socket] = set()
        self.topics: dict[str, set[Socket]] = {}
        self.stream: Stream | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._repairing: set[str] = set()
        self._look = asyncio.Event()
        self._missed = False  # the hub lost frames: who may listen where has to be looked up

    # -- Life

    async def open(self) -> None:
        await self.database.open()
        ready = asyncio.Event()
        self.spawn(self._listen(ready), "chat-ear")
        self.spawn(self._reconcile(), "chat-reconcile")
        self.spawn(self._rule(), "chat-ruler")
        self.spawn(self.attendance.run(), "chat-attendance")
        self.spawn(self.crowd.run(), "chat-crowd")
        self.spawn(self.delivery.run(), "chat-delivery")
        await ready.wait()

    async def close(self) -> None:
        """The writer ends what it has; the rest just stops."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.writer.drain(), 5)
        await self.settler.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.attendance.close()
        await self.crowd.close()
        await self.database.close()

    def spawn(self, work: Any, name: str) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # -- Sockets come and go

    def enter(self, socket: Socket) -> None:
        mine = self.people.setdefault(socket.user, set())
        mine.add(socket)
        if len(mine) == 1:
            self.attendance.changed(socket.user)
            self.spawn(self.listen_to(f"user:{socket.user}"), "chat-join")
        if socket.login.staff:
            self.staff.add(socket)

    def leave(self, socket: Socket) -> None:
        mine = self.people.get(socket.user, set())
        mine.discard(socket)
        if not mine:
            self.people.pop(socket.user, None)
            self.attendance.changed(socket.user)
            if self.stream is not None:
                self.stream.drop(f"user:{socket.user}")
        if socket in self.staff:
            self.staff.discard(socket)
            self._forget_staff()

    def _forget_staff(self) -> None:
        """The last who watched the inbox has gone: rooms that were only theirs close."""
        if not self.staff:
            for room in [room for room in self.rooms.values() if not room.members]:
                room.close()
                del self.rooms[room.id]

    def join(
        self, socket: Socket, thread_id: str, seq: int, rev: int, has: int | Held, *, staffed: bool
    ) -> Room:
        """Put a socket into a room whose database row stood at (seq, rev). `has`: what it has already."""
        room = self.rooms.get(thread_id)
        if room is None:
            room = self.rooms[thread_id] = Room(thread_id, seq, rev, self.repair, self.delivery.moved)
            if staffed:
                room.staffed = self.staff
        room.members[socket] = has
        return room

    def watch(self, thread_id: str, seq: int, rev: int) -> None:
        """Staff see this conversation, whether they are in it or not."""
        room = self.rooms.get(thread_id)
        if room is None:
            room = self.rooms[thread_id] = Room(thread_id, seq, rev, self.repair, self.delivery.moved)
        room.staffed = self.staff

    def part(self, socket: Socket, room: Room) -> None:
        room.members.pop(socket, None)
        if not room.members and not (room.staffed is not None and self.staff):
            room.close()
            self.rooms.pop(room.id, None)

    async def listen_to(self, topic: str) -> None:
        """Its frames come from now on, if anybody still wants them. Without Redis that takes a second."""
        wanted = topic.removeprefix("user:") in self.people or topic in self.topics
        if self.stream is not None and wanted:
            await self.stream.add(topic)

    # -- Frames

    def cast(self, cast: Cast) -> None:
        """To the sockets of this process."""
        room = self.rooms.get(cast.thread_id)
        if room is None and cast.staff and self.staff and cast.rev:
            self.watch(cast.thread_id, cast.seq - 1, cast.rev - 1)
            room = self.rooms[cast.thread_id]
        if room is not None:
            room.take(cast)
        elif cast.staff and not cast.rev:
            for socket in self.staff:
                socket.push(cast.text)

    def publish(self, casts: list[Cast]) -> None:
        """To the sockets of this process at once, to all others by the hub."""
        for cast in casts:
            self.cast(cast)
        if casts:
            hub.publish_now(LIVE, {"from": self.process, "casts": [list(cast) for cast in casts]})

    def _committed(self, casts: list[Cast], moved: list[tuple[str, str]]) -> None:
        for thread_id, status in moved:
            frame = {"type": "THREAD", "threadId": thread_id, "status": status}
            casts.append(Cast(thread_id, 0, 0, frames.text(frame), staff=True))
        self.publish(casts)
        self.settler.touch(cast.thread_id for cast in casts)

    async def _listen(self, ready: asyncio.Event) -> None:
        async with hub.listen([LIVE, CONTROL, INBOX]) as stream:
            self.stream = stream
            ready.set()
            dropped = 0
            async for frame in stream:
                try:
                    await self._heard(frame)
                except Exception:
                    log.exception("a frame of the hub could not be used")
                if stream.dropped != dropped:  # we were too slow: the database has what we lost
                    dropped, self._missed = stream.dropped, True
                    self._look.set()

    async def _heard(self, frame: Frame) -> None:
        kind, _, key = frame.topic.partition(":")
        if frame.topic == LIVE:
            if frame["from"] != self.process:
                for cast in frame["casts"]:
                    self.cast(Cast(*cast))
        elif frame.topic == CONTROL:
            for socket in [*self.people.get(frame["user"], ())]:
                await socket.access(frame["thread"], joined=frame["joined"])
        elif not kind:
            self._gap(frame)
        elif kind == "user":
            for socket in [*self.people.get(key, ())]:
                socket.heard(frame)
        else:
            text = frame["text"] if frame.topic == INBOX else frame.json.decode()
            for socket in self.staff if frame.topic == INBOX else self.topics.get(frame.topic, ()):
                socket.push(text)

    def _gap(self, frame: Frame) -> None:
        """Redis was away: look at everything now, and tell clients that pokes of other apps may be lost."""
        self._missed = True
        self._look.set()
        text = frame.json.decode()
        for sockets in self.people.values():
            for socket in sockets:
                socket.push(text)

    # -- What pokes did not bring

    def look(self) -> None:
        """Reconcile soon: somebody knows that something may have been missed."""
        self._look.set()

    async def _reconcile(self) -> None:
        for turn in count():
            pause = settings.CHAT_RECONCILE if settings.REDIS_URL and not hub.is_down() else 1.0
            with suppress(TimeoutError):
                await asyncio.wait_for(self._look.wait(), pause)
            self._look.clear()
            try:
                await self._compare_heads()
                await self._check_logins()
                if turn % MEMBERS_EVERY == 0 or self._missed:
                    self._missed = False
                    await self._check_members()
                    await self._find_joined()
            except AWAY as problem:
                log.warning("threads can't be compared with the database: %s", type(problem).__name__)
                await asyncio.sleep(0.5)
            except psycopg.Error:
                log.exception("threads can't be compared with the database")

    async def _compare_heads(self) -> None:
        for part in _parts([*self.rooms]):
            for thread_id, _, rev in await self.database.fetch(queries.HEADS, [part]):
                room = self.rooms.get(thread_id)
                if room is not None and room.rev < rev:
                    self.repair(room)

    async def _check_logins(self) -> None:
        """A revocation whose frame was lost counts within one round."""
        sockets = [socket for sockets in self.people.values() for socket in sockets]
        for part in _parts([*{socket.login.session for socket in sockets if socket.login.session}]):
            live = {row[0] for row in await self.database.fetch(queries.LIVE_SESSIONS, [part])}
            for socket in sockets:
                if socket.login.session in set(part) - live:
                    socket.cut(codes.TOKEN, "session_revoked")
        for socket in sockets:
            if socket.login.browser and not await socket.login.browser_lives(self.database):
                socket.cut(codes.TOKEN, "session_revoked")

    async def _check_members(self) -> None:
        """Who was taken out of a thread without our hearing of it."""
        for part in _parts([*self.rooms]):
            rooms = [room for thread_id in part if (room := self.rooms.get(thread_id)) is not None]
            pairs = [(room, socket) for room in rooms for socket in room.members]
            if not pairs:
                continue
            people = [*{socket.user for _, socket in pairs}]
            there = set(await self.database.fetch(queries.MEMBERS, [part, people]))
            for room, socket in pairs:
                if (room.id, socket.user) not in there:
                    socket.leave_room(room.id)

    async def _find_joined(self) -> None:
        """Who was let into a thread without our hearing of it."""
        for part in _parts([*self.people]):
            for user, thread_id in await self.database.fetch(queries.JOINED, [part]):
                for socket in [*self.people.get(user, ())]:
                    if thread_id not in socket.rooms:
                        await socket.access(thread_id, joined=True)

    def repair(self, room: Room) -> None:
        """Read from the database what a room misses."""
        if room.id not in self._repairing:
            self._repairing.add(room.id)
            self.spawn(self._repair(room), "chat-repair")

    async def _repair(self, room: Room) -> None:
        try:
            while await self._repair_page(room):
                pass
        except (psycopg.Error, *AWAY) as problem:
            log.warning("a thread can't be read now: %s", type(problem).__name__)
        finally:
            self._repairing.discard(room.id)

    async def _repair_page(self, room: Room) -> bool:
        """One page; True when there is more. New messages come first, changes of older ones with the last page."""
        limit, seq, rev = settings.CHAT_REPLAY_PAGE, room.seq, room.rev
        rows = await self.database.fetch(
            queries.MISSED, {"thread": room.id, "seq": seq, "rev": rev, "limit": limit}
        )
        if not rows or rows[0][2] is None:
            if rows:
                room.caught_up(*rows[0][:2])
            return False
        last_seq, last_rev = rows[0][:2]
        new = sorted((frames.said_of(row[3:]) for row in rows if not row[2]), key=lambda said: said.seq)
        older = sorted((frames.said_of(row[3:]) for row in rows if row[2]), key=lambda said: said.rev)
        for said in new:
            if said.seq > room.seq:
                room.read(Cast(room.id, said.seq, said.rev, frames.text(frames.message(said))))
        if len(new) == limit:
            return True
        for said in older:
            room.read(Cast(room.id, said.seq, said.rev, frames.text(frames.change(said))))
        if len(older) == limit:
            room.rev = max(room.rev, older[-1].rev)
            return True
        room.caught_up(last_seq, last_rev)
        return False

    # -- Order

    async def _rule(self) -> None:
        """Sockets that take no frame for too long are cut off, and those that stopped saying PING."""
        while True:
            await asyncio.sleep(_RULER)
            late, silent = monotonic() - settings.CHAT_SEND_TIMEOUT, monotonic() - settings.CHAT_SILENCE
            for sockets in [*self.people.values()]:
                for socket in [*sockets]:
                    if socket.sending_since and socket.sending_since < late:
                        socket.abort()
                    elif socket.beats and socket.heard_at < silent:
                        socket.cut(codes.SILENT, "heartbeat")


def _parts(ids: list[str], size: int = 2000) -> Iterable[list[str]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))


_engines: dict[asyncio.AbstractEventLoop, Engine] = {}
_opening: dict[asyncio.AbstractEventLoop, asyncio.Future[Engine]] = {}


async def engine() -> Engine:
    """The engine of this loop, made for its first socket."""
    loop = asyncio.get_running_loop()
    if (found := _engines.get(loop)) is not None:
        return found
    if (opening := _opening.get(loop)) is None:
        opening = _opening[loop] = asyncio.ensure_future(_open(loop))
    return await asyncio.shield(opening)


async def _open(loop: asyncio.AbstractEventLoop) -> Engine:
    try:
        made = Engine()
        await made.open()
        _engines[loop] = made
        return made
    finally:
        _opening.pop(loop, None)


@asynccontextmanager
async def chat_inside() -> AsyncIterator[None]:
    """For the server's lifespan: what the sockets began is ended in order."""
    loop = asyncio.get_running_loop()
    try:
        with leaving_in_order(lambda: _engines.get(loop)):
            yield
    finally:
        made = _engines.pop(loop, None)
        if made is not None:
            await made.close()
