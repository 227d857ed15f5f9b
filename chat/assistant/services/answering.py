"""Starting answers and listening to them: at home (the caller's thread does the database work), or on their own."""

from collections.abc import AsyncGenerator, Callable, Coroutine, Generator, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

from chat.assistant.events import Done, Event, Piece
from chat.assistant.loop import Channel, Runner, Task, at_home, in_thread
from chat.assistant.services.conversing import Turn
from chat.assistant.writing import Writing, topic_of
from core import hub

PATIENCE: Final = 150.0  # seconds until the first word at the latest
PING: Final = 15.0  # seconds without a word after which a reader gets a sign of life


def answer_here(turn: Turn) -> Generator[Event]:
    """The events of an answer, written while the caller reads; leaving early breaks it off and stores the partial."""
    yield turn.begun
    if turn.repeated is not None:
        yield from _replayed(turn.repeated)
        return

    def work(run: Runner, tell: Callable[[Event], None]) -> Coroutine[Any, Any, None]:
        return Writing(turn, run, tell).go()

    yield from at_home(work)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is being written on its own; `events` has one reader."""

    events: Channel[Event]
    cancel: Callable[[], None]

    def first(self) -> Event | None:
        """Wait for the first piece, or for the end where none comes; both stay in `events`."""
        return self.events.first(PATIENCE)


def start_answer(turn: Turn) -> Answer:
    """Write on, whoever listens, until the end or `cancel`."""
    events: Channel[Event] = Channel()
    if turn.repeated is not None:
        for event in _replayed(turn.repeated):
            events.put(event)
        events.close()
        return Answer(events, lambda: None)

    async def whole() -> None:
        try:
            await Writing(turn, in_thread, events.put).go()
        finally:
            events.close()

    return Answer(events, Task(whole).cancel)


async def heard(answer: Answer, turn: Turn, *, background: bool) -> AsyncGenerator[Event | None]:
    """The events for an async reader, None as a sign of life; whoever leaves early breaks the answer off."""
    ended = False
    try:
        yield turn.begun
        async with aclosing(answer.events.each(PING)) as events:
            async for event in events:
                ended = ended or isinstance(event, Done)
                yield event
    finally:
        if not (ended or background):
            answer.cancel()


def read_on(answer: Answer, turn: Turn) -> Generator[Event]:
    """The events of a background answer for a reader in a thread; leaving early changes nothing."""
    yield turn.begun
    yield from answer.events


def tell_cancelled(message_id: Any) -> None:
    """Whatever process writes this answer stops at once."""
    hub.publish(topic_of(message_id), {"type": "CANCEL"})


def _replayed(done: Done) -> Iterator[Event]:
    if done.content:
        yield Piece(done.content, len(done.content))
    yield done
