"""How far messages reached people's devices: `delivered_seq` of a participant.

A mark is worth no write of its own. Rooms in which messages went out are remembered, and every CHAT_DELIVERED_EVERY
seconds one statement moves the marks of all of them: of whoever has a socket that is still open, that is not catching
up, and that nothing waits for. Who has gone meanwhile is marked when they RESUME; who has read has got it anyway.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from typing import TYPE_CHECKING, Final

import psycopg
from django.conf import settings

from chat import frames
from chat.consumer.database import AWAY
from chat.services.live import Cast
from chat.statements import READ_UP_TO

if TYPE_CHECKING:
    from chat.consumer.engine import Engine
    from chat.consumer.rooms import Room

log = logging.getLogger(__name__)

# Rows of many threads: whoever waited for one that somebody else has just locked might be waited for.
_MOVE: Final = f"""
UPDATE chat_participant o SET delivered_seq = free.seq FROM (
    SELECT p.id, f.seq
      FROM unnest(%(threads)s::uuid[], %(people)s::uuid[], %(seqs)s::bigint[]) AS f (thread_id, user_id, seq)
      JOIN chat_participant p ON p.thread_id = f.thread_id AND p.user_id = f.user_id
      JOIN chat_thread t ON t.id = f.thread_id
     WHERE p.left_at IS NULL AND GREATEST(p.delivered_seq, {READ_UP_TO}) < f.seq FOR UPDATE OF p SKIP LOCKED) free
 WHERE o.id = free.id
RETURNING o.thread_id::text, o.user_id::text, o.delivered_seq
"""


class Delivery:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.moved: set[Room] = set()  # rooms whose messages went out since the last look
        self._again: set[Room] = set()  # looked at once: a row that was locked then is moved now

    async def run(self) -> None:
        while True:
            await asyncio.sleep(settings.CHAT_DELIVERED_EVERY)
            try:
                await self.tell()
            except (psycopg.Error, *AWAY) as problem:
                log.warning("marks of delivery can't be written: %s", type(problem).__name__)

    async def tell(self) -> None:
        """Move the marks, and tell everybody in the threads whose marks moved."""
        moved = {room for room in self.moved if room.members}
        rooms, self._again = moved | self._again, moved
        self.moved.clear()
        reached = {pair: seq for room in rooms for pair, seq in self._reached(room).items()}
        if not reached:
            return
        threads, people = zip(*reached, strict=True)
        given = {"threads": [*threads], "people": [*people], "seqs": [*reached.values()]}
        try:
            rows = await self._engine.database.fetch(_MOVE, given)
        except (psycopg.Error, *AWAY):
            self.moved.update(rooms)
            raise
        by_thread: dict[str, dict[str, int]] = defaultdict(dict)
        for thread_id, user_id, seq in rows:
            by_thread[thread_id][user_id] = seq
        self._engine.publish(
            [
                Cast(
                    thread_id, 0, 0, frames.text(frames.delivered(thread_id, marks)), self._staffed(thread_id)
                )
                for thread_id, marks in by_thread.items()
            ]
        )

    def _reached(self, room: Room) -> dict[tuple[str, str], int]:
        """Who has everything of this room; a socket that is behind is asked about next time."""
        found: dict[tuple[str, str], int] = {}
        for socket, has in room.members.items():
            if type(has) is list or not socket.up_to_date:
                self.moved.add(room)
            else:
                found[room.id, socket.user] = room.seq
        return found

    def _staffed(self, thread_id: str) -> bool:
        room = self._engine.rooms.get(thread_id)
        return room is not None and room.staffed is not None
