"""One event loop a process, in a thread of its own, on which answers are written: under WSGI and ASGI alike.

So a request that ends, a socket that closes or a server without a loop can't take an answer with it; a reader only
listens. Database work never runs on the loop, but in threads, or at home: in the thread that waits for the answer.
"""

from __future__ import annotations

import asyncio
import gc
import os
import queue
import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, Protocol, TypeVar

from django.db import connections

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Iterator

T = TypeVar("T")
E = TypeVar("E")
THREADS: Final = 8  # that do database work of answers in a process
SAVING: Final = 15.0  # seconds that a broken-off answer has to be saved at home


class Runner(Protocol):
    """Runs a blocking function somewhere, and waits for it on the loop."""

    async def __call__(self, work: Callable[[], T], /) -> T: ...


class _Host:
    """The loop and the threads of this process."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="assistant-db")
        threading.Thread(target=self._run, name="assistant", daemon=True).start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()


_host: _Host | None = None
_making = threading.Lock()


def host() -> _Host:
    global _host  # noqa: PLW0603 -- one a process
    if _host is None:
        with _making:
            if _host is None:
                _host = _Host()
    return _host


def _after_fork() -> None:
    """A child has none of our threads."""
    global _host, _making
    _host, _making = None, threading.Lock()


os.register_at_fork(after_in_child=_after_fork)


async def in_thread(work: Callable[[], T], /) -> T:
    """A runner for answers that nobody waits for: in a thread, whose connection is given back at once."""

    def whole() -> T:
        try:
            return work()
        finally:
            connections.close_all()

    return await asyncio.get_running_loop().run_in_executor(host().threads, whole)


class Task:
    """Something that runs on the loop; may be cancelled from any thread."""

    def __init__(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._loop = host().loop
        self._task: asyncio.Task[None] | None = None
        self._cancelled = False
        self._loop.call_soon_threadsafe(self._start, work)

    def cancel(self) -> None:
        self._loop.call_soon_threadsafe(self._cancel)

    def _start(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._task = self._loop.create_task(work())
        if self._cancelled:
            self._task.cancel()

    def _cancel(self) -> None:
        self._cancelled = True
        if self._task is not None:
            self._task.cancel()


class Channel(Generic[E]):
    """Events on their way from the loop to one reader, a thread or another loop. `close` ends it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._events: deque[E] = deque()
        self._closed = False
        self._bell = threading.Event()
        self._waiter: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None

    def put(self, event: E) -> None:
        with self._lock:
            self._events.append(event)
        self._ring()

    def close(self) -> None:
        with self._lock:
            self._closed = True
        self._ring()

    def _ring(self) -> None:
        self._bell.set()
        if self._waiter is not None:
            loop, bell = self._waiter
            with suppress(RuntimeError):  # the reader's loop is gone
                loop.call_soon_threadsafe(bell.set)

    def _take(self) -> tuple[list[E], bool]:
        with self._lock:
            self._bell.clear()
            taken = list(self._events)
            self._events.clear()
            return taken, self._closed

    def first(self, timeout: float) -> E | None:
        """Wait for an event and leave it there; None when there is none."""
        self._bell.wait(timeout)
        with self._lock:
            return self._events[0] if self._events else None

    def __iter__(self) -> Iterator[E]:
        while True:
            taken, closed = self._take()
            yield from taken
            if closed:
                return
            self._bell.wait()

    async def each(self, pause: float) -> AsyncGenerator[E | None]:
        """The events, and None whenever nothing came for `pause` seconds."""
        bell = asyncio.Event()
        self._waiter = (asyncio.get_running_loop(), bell)
        while True:
            bell.clear()
            taken, closed = self._take()
            for event in taken:
                yield event
            if closed:
                return
            try:
                async with asyncio.timeout(pause):
                    await bell.wait()
            except TimeoutError:
                yield None


class _Call:
    """Database work that waits to be done at home."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self.work = work
        self.future: Future[Any] = Future()

    def do(self) -> None:
        if not self.future.set_running_or_notify_cancel():
            return
        try:
            self.future.set_result(self.work())
        except BaseException as problem:
            self.future.set_exception(problem)


class _Failed(NamedTuple):
    problem: Exception


class _Collecting:
    """Is the garbage collector at work? Events that are dropped in a cycle are ended by it: in any thread, and in the
    middle of anything, another person's transaction or a statement that holds the connection. Nothing can be saved there.
    """

    now = False

    @classmethod
    def note(cls, phase: str, _info: dict[str, int]) -> None:
        cls.now = phase == "start"


gc.callbacks.append(_Collecting.note)


def at_home(work: Callable[[Runner, Callable[[E], None]], Coroutine[Any, Any, None]]) -> Generator[E]:
    """The events of some work on the loop, whose database work this thread does while it waits for them.

    `work(run, tell)`. Leaving early cancels it and still does what it wants to save.
    """
    box: queue.SimpleQueue[Any] = queue.SimpleQueue()
    end = object()

    async def run(call: Callable[[], T], /) -> T:
        asked = _Call(call)
        box.put(asked)
        done: T = await asyncio.wrap_future(asked.future)
        return done

    async def whole() -> None:
        try:
            await work(run, box.put)
        except Exception as problem:  # is raised again where the events are read
            box.put(_Failed(problem))
        finally:
            box.put(end)

    task, home = Task(whole), threading.get_ident()
    ended = False
    try:
        while (item := box.get()) is not end:
            if isinstance(item, _Call):
                item.do()
            elif isinstance(item, _Failed):
                raise item.problem
            else:
                yield item
        ended = True
    finally:
        if not ended:
            task.cancel()
            if threading.get_ident() == home and not _Collecting.now:
                _serve(box, end)
            else:
                host().threads.submit(_serve_elsewhere, box, end)


def _serve_elsewhere(box: queue.SimpleQueue[Any], end: object) -> None:
    try:
        _serve(box, end)
    finally:
        connections.close_all()


def _serve(box: queue.SimpleQueue[Any], end: object) -> None:
    with suppress(queue.Empty):
        while (item := box.get(timeout=SAVING)) is not end:
            if isinstance(item, _Call):
                item.do()
