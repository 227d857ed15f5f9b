"""Reading an answer that is being written elsewhere, or was: from the row, woken by the hub."""

import time
from collections.abc import AsyncGenerator, Callable, Generator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from uuid import UUID

from chat.assistant.events import Begun, Done, Event, Piece
from chat.assistant.loop import in_thread
from chat.assistant.models import AssistantMessage, MessageStatus
from chat.assistant.selectors import answer_so_far
from chat.assistant.services.conversing import LOST, done_of
from chat.assistant.writing import topic_of
from core import clock, hub
from core.errors import NotFound
from core.rls import as_user
from users.models import User

PAUSE: Final = 1.0  # seconds between two looks without a poke
LONGEST: Final = 150.0  # seconds


@dataclass(slots=True)
class Reading:
    """How far one reader has come."""

    user: User
    session_id: str
    message_id: UUID
    after: int

    def look(self) -> AssistantMessage:
        """Raises NotFound."""
        with as_user(self.user):
            found = answer_so_far(self.user, self.session_id, self.message_id)
        if found is None:
            raise NotFound
        return found

    def events(self, row: AssistantMessage) -> list[Event]:
        """What is new in this row."""
        found: list[Event] = []
        if len(row.content) > self.after:
            found.append(Piece(row.content[self.after :], len(row.content)))
            self.after = len(row.content)
        if row.status != MessageStatus.STREAMING:
            found.append(done_of(row))
        elif row.updated_at < clock.now() - LOST:
            row.status, row.error_code = MessageStatus.PARTIAL, "lost"
            found.append(done_of(row))
        return found


def begun(row: AssistantMessage, session_id: str) -> Begun:
    return Begun(session_id, row.parent_id or row.pk, row.pk)


def resumed(reading: Reading, first: AssistantMessage) -> Generator[Event]:
    """For a thread: what came after `reading.after`, until the answer ends."""
    yield begun(first, reading.session_id)
    until = time.monotonic() + LONGEST
    with hub.waiting([topic_of(reading.message_id)]) as box:
        while time.monotonic() < until:
            events = _looked(reading.look, reading)
            yield from events
            if events and isinstance(events[-1], Done):
                return
            box.get(timeout=PAUSE)


async def resumed_async(reading: Reading, first: AssistantMessage) -> AsyncGenerator[Event | None]:
    """The same for an async reader."""
    yield begun(first, reading.session_id)
    until = time.monotonic() + LONGEST
    async with hub.listen([topic_of(reading.message_id)]) as frames:
        while time.monotonic() < until:
            events = await in_thread(partial(_looked, reading.look, reading))
            for event in events:
                yield event
            if events and isinstance(events[-1], Done):
                return
            await frames.get(timeout=PAUSE)


def _looked(look: Callable[[], Any], reading: Reading) -> list[Event]:
    """A conversation that was cleared meanwhile ends as a broken-off answer."""
    try:
        return reading.events(look())
    except NotFound:
        return [Done(reading.message_id, MessageStatus.PARTIAL, "", "", error_code="cancelled")]
