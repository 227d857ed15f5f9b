"""A service that fails again and again is left alone for a while, instead of letting everybody wait for it."""

import threading
import time
from collections import deque
from typing import Final

from chat.assistant.providers.base import ProviderProblem

FAILURES: Final = 5
WITHIN: Final = 30.0  # seconds
CLOSED_FOR: Final = 30.0  # seconds; then one question may try


class Breaker:
    """Opens at the fifth failure within 30 seconds. A process has its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures: deque[float] = deque(maxlen=FAILURES)
        self._closed_until = 0.0

    def admit(self) -> None:
        """Raises ProviderProblem while the service is left alone; lets one through when the time is over."""
        now = time.monotonic()
        with self._lock:
            if now < self._closed_until:
                raise ProviderProblem("resting")
            if self._closed_until:
                self._closed_until = now + CLOSED_FOR

    def failed(self) -> None:
        now = time.monotonic()
        with self._lock:
            self._failures.append(now)
            if len(self._failures) == FAILURES and now - self._failures[0] <= WITHIN:
                self._closed_until = now + CLOSED_FOR

    def worked(self) -> None:
        with self._lock:
            self._failures.clear()
            self._closed_until = 0.0


_breakers: dict[str, Breaker] = {}
_making = threading.Lock()


def breaker_of(address: str) -> Breaker:
    with _making:
        return _breakers.setdefault(address, Breaker())


def forget() -> None:
    """All services count as healthy again."""
    with _making:
        _breakers.clear()
