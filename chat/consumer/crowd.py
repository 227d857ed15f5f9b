"""How many sockets one person has open in the whole house.

Redis counts: a sorted set of places a person, each with the instant at which it lapses if its process dies. While
Redis is away, or not used, each process counts its own.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import redis.asyncio as redis
from django.conf import settings
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from core import hub

if TYPE_CHECKING:
    from collections.abc import Iterable

log = logging.getLogger(__name__)

LIFE, RENEW = 60, 20.0  # seconds
_KEY: Final = "revsync:chat:sockets:"
_BATCH: Final = 500
_AWAY: Final = (RedisError, OSError, TimeoutError)

# KEYS: a person. ARGV: how long a place lasts, how many there are, the place asked for.
_ENTER: Final = """
local now = tonumber(redis.call('TIME')[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1
"""
# ARGV: how long a place lasts, the places that are still taken.
_STAY: Final = """
local till = redis.call('TIME')[1] + ARGV[1]
for n = 2, #ARGV do redis.call('ZADD', KEYS[1], till, ARGV[n]) end
redis.call('EXPIRE', KEYS[1], ARGV[1])
"""


class Crowd:
    def __init__(self, process: str) -> None:
        self._process, self._numbers = process, count()
        self._here: dict[str, set[str]] = {}
        self._left: list[tuple[str, str]] = []
        self._leaving: asyncio.Task[None] | None = None
        self._redis: Any = None
        if settings.REDIS_URL:
            pool = redis.BlockingConnectionPool.from_url(
                settings.REDIS_URL, max_connections=4, timeout=1, socket_timeout=0.5, socket_connect_timeout=0.5,
                retry=Retry(NoBackoff(), 0),
            )  # fmt: skip
            self._redis = redis.Redis(connection_pool=pool)
            self._enter, self._stay = self._redis.register_script(_ENTER), self._redis.register_script(_STAY)

    async def enter(self, user: str) -> str | None:
        """A place for one more socket of this person, to be given back; None when all are taken."""
        mine = self._here.setdefault(user, set())
        most = settings.CHAT_CONNS_PER_USER
        if len(mine) >= most:
            return None
        place = f"{self._process}:{next(self._numbers)}"
        mine.add(place)
        if self._redis is not None and not hub.is_down():
            with suppress(*_AWAY):
                if not await self._enter(keys=[_KEY + user], args=[LIFE, most, place]):
                    self._forget(user, place)
                    return None
        return place

    def leave(self, user: str, place: str) -> None:
        """Never waits; the others hear of it in a moment."""
        self._forget(user, place)
        if self._redis is not None:
            self._left.append((user, place))
            if self._leaving is None:
                self._leaving = asyncio.get_running_loop().create_task(self._leave(), name="chat-places")

    async def run(self) -> None:
        """Keep the places of this process from lapsing; Redis may have forgotten all of them meanwhile."""
        while self._redis is not None:
            await asyncio.sleep(RENEW)
            try:
                for people in _parts([*self._here]):
                    await self._renew(people)
            except _AWAY as problem:
                log.warning("places of sockets can't be kept: %s", type(problem).__name__)

    async def close(self) -> None:
        if self._leaving is not None:
            await asyncio.wait([self._leaving], timeout=1)
        if self._redis is not None:
            await self._redis.aclose()
            await self._redis.connection_pool.aclose()

    def _forget(self, user: str, place: str) -> None:
        mine = self._here.get(user, set())
        mine.discard(place)
        if not mine:
            self._here.pop(user, None)

    async def _renew(self, people: Iterable[str]) -> None:
        async with self._redis.pipeline(transaction=False) as pipe:
            for user in people:
                if places := self._here.get(user):
                    await self._stay(keys=[_KEY + user], args=[LIFE, *places], client=pipe)
            await pipe.execute()

    async def _leave(self) -> None:
        """What cannot be told lapses by itself."""
        try:
            while self._left:
                gone, self._left = self._left[:_BATCH], self._left[_BATCH:]
                with suppress(*_AWAY):
                    async with self._redis.pipeline(transaction=False) as pipe:
                        for user, place in gone:
                            pipe.zrem(_KEY + user, place)
                        await pipe.execute()
        finally:
            self._leaving = None


def _parts(people: list[str]) -> Iterable[list[str]]:
    return (people[start : start + _BATCH] for start in range(0, len(people), _BATCH))
