"""Who is online: rows in the database, because a notifier in another process asks; changes are told in threads.

Comings and goings are gathered for half a second, so a storm of reconnects is a statement or two. A process that
dies leaves rows that nobody refreshes; they stop counting after 90 s.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import psycopg

from chat import frames
from chat.consumer.database import AWAY
from chat.models.people import FRESH_SECONDS
from chat.services.live import Cast

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chat.consumer.engine import Engine

log = logging.getLogger(__name__)

GATHER, REFRESH = 0.5, 30.0  # seconds
TOLD = 50  # threads of one person, the liveliest, that hear of it

_HERE: Final = """
INSERT INTO chat_presence (id, user_id, process, online, seen_at)
SELECT gen_random_uuid(), who, %(process)s, %(online)s, now() FROM unnest(%(people)s::uuid[]) AS p (who)
ON CONFLICT (user_id, process) DO UPDATE SET online = excluded.online, seen_at = excluded.seen_at
RETURNING user_id::text
"""
_ELSEWHERE: Final = """
SELECT DISTINCT user_id::text FROM chat_presence
 WHERE user_id = ANY(%(people)s::uuid[]) AND process <> %(process)s AND online
   AND seen_at > now() - make_interval(secs => %(fresh)s)
"""
_THREADS: Final = """
SELECT p.user_id::text, t.thread FROM unnest(%(people)s::uuid[]) AS p (user_id) CROSS JOIN LATERAL (
    SELECT m.thread_id::text AS thread FROM chat_participant m JOIN chat_thread h ON h.id = m.thread_id
     WHERE m.user_id = p.user_id AND m.left_at IS NULL AND h.deleted_at IS NULL
     ORDER BY h.last_message_at DESC LIMIT %(most)s) t
"""


class Attendance:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._changed: set[str] = set()
        self._known: set[str] = set()  # whom we told to be here

    def changed(self, user: str) -> None:
        """The first socket of this person came, or the last one went."""
        self._changed.add(user)

    async def run(self) -> None:
        refreshed = asyncio.get_running_loop().time()
        while True:
            await asyncio.sleep(GATHER)
            now = asyncio.get_running_loop().time()
            try:
                if self._changed:
                    await self._tell()
                if now - refreshed > REFRESH:
                    refreshed = now
                    await self._write(self._known, online=True)
            except (psycopg.Error, *AWAY) as problem:
                log.warning("presence can't be written: %s", type(problem).__name__)

    async def close(self) -> None:
        """The process ends: who was here is not any more."""
        try:
            await self._write(self._known, online=False)
        except (psycopg.Error, *AWAY):
            log.debug("presence could not be given up")

    async def _tell(self) -> None:
        changed, self._changed = self._changed, set()
        here = {user for user in changed if user in self._engine.people}
        came, went = here - self._known, (changed - here) & self._known
        try:
            await self._write(came, online=True)
            await self._write(went, online=False)
            elsewhere = await self._elsewhere(came | went)
            self._known = (self._known | came) - went
            told = (came | went) - elsewhere
            threads = await self._threads(told)
        except (psycopg.Error, *AWAY):
            self._changed |= changed
            raise
        seen = frames.stamp(datetime.now(UTC))
        casts = []
        for user, thread in threads:
            frame = {"type": "PRESENCE", "user": user, "online": user in came, "lastSeen": seen}
            casts.append(Cast(thread, 0, 0, frames.text(frame), staff=False, but=user))
        self._engine.publish(casts)

    async def _write(self, people: Iterable[str], *, online: bool) -> None:
        if chosen := sorted(people):
            given = {"process": self._engine.process, "online": online, "people": chosen}
            await self._engine.database.fetch(_HERE, given)

    async def _elsewhere(self, people: set[str]) -> set[str]:
        given: dict[str, Any] = {
            "people": [*people], "process": self._engine.process, "fresh": FRESH_SECONDS,
        }  # fmt: skip
        return {row[0] for row in await self._engine.database.fetch(_ELSEWHERE, given)} if people else set()

    async def _threads(self, people: set[str]) -> list[tuple[Any, ...]]:
        given = {"people": [*people], "most": TOLD}
        return await self._engine.database.fetch(_THREADS, given) if people else []
