"""A server process that is told to end: its sockets go one by one, so that their clients don't all knock at once.

The server's own answer to SIGTERM is to close everything in the same moment. So ours comes first: for
CHAT_CLOSE_SPREAD seconds sockets are closed with 1012 one after the other, everything else is served as before, and
new sockets are sent on. What was given to the writer is written. Then the server hears of the signal.
"""

from __future__ import annotations

import asyncio
import logging
import random
import signal
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from django.conf import settings

from chat.consumer import codes
from chat.consumer.writer import settled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chat.consumer.engine import Engine

log = logging.getLogger(__name__)

DRAINED_WITHIN = 5.0  # seconds for what the writer still has


@contextmanager
def leaving_in_order(engine: Callable[[], Engine | None]) -> Iterator[None]:
    """While it lasts, the first SIGTERM of the process waits for the sockets; a second one does not."""
    before = signal.getsignal(signal.SIGTERM)
    ours = threading.current_thread() is threading.main_thread() and callable(before)
    if not ours or settings.CHAT_CLOSE_SPREAD <= 0:
        yield
        return
    loop = asyncio.get_running_loop()

    def told(number: int, frame: Any) -> None:
        shared = engine()
        if shared is None or shared.leaving or not shared.people:
            before(number, frame)  # type: ignore[operator, misc]
            return
        shared.leaving = True
        loop.call_soon_threadsafe(begin, shared, number)

    def begin(shared: Engine, number: int) -> None:
        shared.spawn(end(shared, number), "chat-farewell")

    async def end(shared: Engine, number: int) -> None:
        try:
            await say_goodbye(shared, settings.CHAT_CLOSE_SPREAD)
        finally:
            before(number, None)  # type: ignore[operator, misc]

    signal.signal(signal.SIGTERM, told)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGTERM) is told:
            signal.signal(signal.SIGTERM, before)


async def say_goodbye(engine: Engine, spread: float) -> None:
    """Close all sockets within `spread` seconds, in any order, and write what they have sent."""
    sockets = [socket for sockets in engine.people.values() for socket in sockets]
    random.shuffle(sockets)
    log.warning("%s sockets are closed within %s s", len(sockets), spread)
    loop = asyncio.get_running_loop()
    start, step = loop.time(), spread / max(1, len(sockets))
    for number, socket in enumerate(sockets, 1):
        await asyncio.sleep(max(0.0, start + number * step - loop.time()))
        with suppress(TimeoutError):
            await asyncio.wait_for(settled(socket.last_item), 1)
        socket.cut(codes.RESTART, "restart")
    with suppress(TimeoutError):
        await asyncio.wait_for(engine.writer.drain(), DRAINED_WITHIN)
