"""Begin a coroutine at once, and make a task of it only if it waits: what Python 3.12 calls an eager task.

Most frames are taken by the server without waiting, and a task for each of them costs as much as half of a delivery.
"""

from __future__ import annotations

import asyncio
import types
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator


def eagerly(work: Coroutine[Any, Any, None]) -> asyncio.Task[None] | None:
    """None when it ended without waiting. It must see to its own exceptions."""
    try:
        waits_for = work.send(None)
    except StopIteration:
        return None
    return asyncio.get_running_loop().create_task(_rest(work, waits_for))


async def _rest(work: Coroutine[Any, Any, None], waits_for: Any) -> None:
    await _driven(work, waits_for)


@types.coroutine
def _driven(work: Coroutine[Any, Any, None], waits_for: Any) -> Generator[Any, Any, None]:
    """Hand on what the coroutine waits for, and what comes of it, until it ends."""
    while True:
        try:
            came = yield waits_for
        except BaseException as problem:  # a cancellation above all: it belongs to the coroutine
            resume = partial(work.throw, problem)
        else:
            resume = partial(work.send, came)
        try:
            waits_for = resume()
        except StopIteration:
            return
