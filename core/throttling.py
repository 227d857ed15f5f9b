"""Throttles with an atomic increment: parallel requests cannot slip through between a read and a write.

Counters live in Redis where there is one, else in this process. They are no part of the request's transaction,
so a refused attempt still counts.
"""

import re
import threading
import time
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from django.conf import settings
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from core.clientip import client_ip, throttle_key
from core.errors import DomainError

if TYPE_CHECKING:
    from rest_framework.views import APIView

_RATE = re.compile(r"^(\d+)/(\d*)(s|sec|m|min|h|hour|d|day)$")
UNREACHABLE = (OSError, RedisError)
_SECONDS = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "hour": 3600, "d": 86400, "day": 86400}
_INCREMENT = """
local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {n, redis.call('PTTL', KEYS[1])}
"""
_DECREMENT = """
if tonumber(redis.call('GET', KEYS[1]) or '0') > 0 then redis.call('DECR', KEYS[1]) end
"""


class Throttled(DomainError):
    code, status, message = "throttled", 429, "Too many requests. Please wait a moment."


@lru_cache
def parse_rate(rate: str) -> tuple[int, float] | None:
    """'5/15min' -> (5, 900.0): hits, seconds. 'off' -> None. Raises ValueError."""
    if rate == "off":
        return None
    match = _RATE.match(rate)
    if not match:
        raise ValueError(f"{rate!r} is no rate; write for example 5/min, 10/15min, 20/h or off.")
    hits, many, unit = match.groups()
    return int(hits), float((int(many) if many else 1) * _SECONDS[unit])


class Counter(Protocol):
    def hit(self, key: str, seconds: float) -> tuple[int, float]:
        """Count one; (hits in this window, seconds until it ends)."""
        ...

    def forgive(self, key: str) -> None:
        """Take one hit back."""
        ...


class LocalCounter:
    """Windows in this process, under a lock; stale ones are swept now and then."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._windows: dict[str, tuple[int, float]] = {}
        self._sweep_after = 0.0

    def hit(self, key: str, seconds: float) -> tuple[int, float]:
        now = time.monotonic()
        with self._lock:
            hits, ends = self._windows.get(key, (0, 0.0))
            if ends <= now:
                hits, ends = 0, now + seconds
            self._windows[key] = (hits + 1, ends)
            if len(self._windows) > 10_000 and now > self._sweep_after:  # not at each hit of a busy hour
                self._sweep_after = now + 1
                self._windows = {k: w for k, w in self._windows.items() if w[1] > now}
            return hits + 1, ends - now

    def forgive(self, key: str) -> None:
        with self._lock:
            hits, ends = self._windows.get(key, (0, 0.0))
            if hits:
                self._windows[key] = (hits - 1, ends)

    def clear(self) -> None:
        with self._lock:
            self._windows.clear()


class RedisCounter:
    """The same for many processes: INCR and PEXPIRE in one script."""

    def __init__(self, url: str) -> None:
        import redis

        client = redis.Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.5)
        self._script: Any = client.register_script(_INCREMENT)
        self._undo: Any = client.register_script(_DECREMENT)

    def hit(self, key: str, seconds: float) -> tuple[int, float]:
        hits, left = self._script(keys=[f"throttle:{key}"], args=[int(seconds * 1000)])
        return int(hits), left / 1000

    def forgive(self, key: str) -> None:
        self._undo(keys=[f"throttle:{key}"])


local = LocalCounter()


@lru_cache(maxsize=1)
def counter() -> Counter:
    return RedisCounter(settings.REDIS_URL) if settings.REDIS_URL else local


def count(scope: str, identity: str, *, closed: bool = False) -> tuple[bool, int]:
    """One more hit of `identity` in `scope`: (allowed, seconds to wait when not).

    Without an answer from Redis a read is let through; `closed` scopes (codes, SMS) are refused.
    """
    rate = parse_rate(settings.THROTTLES[scope])
    if rate is None:
        return True, 0
    limit, seconds = rate
    try:
        hits, left = counter().hit(f"{scope}:{identity}", seconds)
    except UNREACHABLE:
        return not closed, 1
    return hits <= limit, max(1, int(left + 0.999))


def forgive(scope: str, identity: str) -> None:
    """Take a hit back: what was counted before it was known to be innocent."""
    if parse_rate(settings.THROTTLES[scope]) is not None:
        with suppress(*UNREACHABLE):
            counter().forgive(f"{scope}:{identity}")


def demand(scope: str, identity: str, *, closed: bool = False) -> None:
    """Count a hit; raises Throttled (429 with Retry-After) over the limit."""
    allowed, wait = count(scope, identity, closed=closed)
    if not allowed:
        raise Throttled(retry_after=wait)


class DefaultThrottle(BaseThrottle):
    """Per account when logged in, per address otherwise; a view names further scopes in `throttle_scopes`."""

    def __init__(self) -> None:
        self._wait: int | None = None

    def allow_request(self, request: Request, view: "APIView") -> bool:
        user_id = getattr(request.user, "pk", None)
        identity = str(user_id) if user_id else throttle_key(client_ip(request._request))
        for scope in ("user" if user_id else "anon", *getattr(view, "throttle_scopes", ())):
            allowed, wait = count(scope, identity)
            if not allowed:
                self._wait = wait
                return False
        return True

    def wait(self) -> float | None:
        return self._wait
