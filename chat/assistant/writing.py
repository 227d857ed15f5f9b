"""Writing one answer on the assistant's loop: prompt, tools, stream, and the end, which is always stored."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from contextlib import aclosing, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from django.db import DatabaseError

from chat.assistant import tokens
from chat.assistant.builtin import Known, answer
from chat.assistant.cautions import cautions_for, told
from chat.assistant.clean import Plain
from chat.assistant.context import Numbered, messages_for, without_older_half
from chat.assistant.events import Done, Event, Piece
from chat.assistant.models import MessageStatus
from chat.assistant.providers import (
    Answering,
    Builtin,
    ContextTooLong,
    Fallback,
    Prompt,
    ProviderProblem,
    Text,
    ToolCall,
    Usage,
)
from chat.assistant.reading import reading
from chat.assistant.services import conversing
from chat.assistant.services.providers import settings_now
from chat.assistant.toolbox import described, used
from core import hub

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chat.assistant.loop import Runner
    from chat.assistant.providers import Message, Provider
    from chat.assistant.services.conversing import Turn
    from chat.ports import Reply, Source

log = logging.getLogger(__name__)

FLUSH: Final = 0.5  # seconds between two writes of a growing answer
LONGEST: Final = 140.0  # seconds for all of it
TOOL_ROUNDS: Final = 3
MOST_SOURCES: Final = 12
_CITED: Final = re.compile(r"\[(\d{1,3})\]")


def topic_of(message_id: Any) -> str:
    """Where the hub tells of an answer: that it grew, ended, or is not wanted any more."""
    return f"answer:{message_id}"


class Writing:
    """One answer. `run` does database work, `tell` hears the events."""

    def __init__(self, turn: Turn, run: Runner, tell: Callable[[Event], None]) -> None:
        self.turn, self.run, self.tell = turn, run, tell
        self.config = settings_now(model_allowed=turn.allowance.model_allowed)
        self.gathered = turn.gathered
        self.numbered = Numbered()
        self.who = Answering(self.config.first_name)
        self.text = ""
        self.plain = Plain()
        self.usage = Usage(0, 0)
        self.counted = False  # the provider told what it took
        self.asked = ""  # the prompt's text, for an estimate
        self.reply: Reply | None = None  # of the built-in
        self.began = time.monotonic()
        self.first_ms: int | None = None
        self.flushed_at = self.began
        self.flushing: asyncio.Task[None] | None = None
        self.unwanted = False

    async def go(self) -> None:
        """Never raises: whatever happens, the end is stored and told."""
        me = asyncio.current_task()
        watching = asyncio.create_task(self._watch(me))
        status, error = MessageStatus.COMPLETE, ""
        try:
            async with asyncio.timeout(LONGEST):
                await self._rounds()
        except asyncio.CancelledError:
            status, error = MessageStatus.PARTIAL, "cancelled"
        except ProviderProblem as problem:
            status, error = self._broken(), problem.code
        except TimeoutError:
            status, error = self._broken(), "timeout"
        except Exception:  # the edge of this task: a defect is logged, and the row does not stay open
            log.exception("an answer failed")
            status, error = self._broken(), "server_error"
        watching.cancel()
        await self._end(status, error)

    def _broken(self) -> MessageStatus:
        return MessageStatus.PARTIAL if self.text else MessageStatus.FAILED

    # -- Asking

    async def _rounds(self) -> None:
        for last in (False, True):
            try:
                await self._with_tools(self._chain(self.config.models, self.config.degraded))
            except ContextTooLong:
                if self.text or (last and not self.config.builtin):
                    raise
                self.gathered = without_older_half(self.gathered)
            else:
                return
        await self._with_tools(self._chain([], "context_length"))

    def _chain(self, models: Sequence[Provider], degraded: str) -> Fallback:
        behind: list[Provider] = [Builtin(self._builtin, pause=self.config.word_pause)]
        return Fallback([*models, *(behind if self.config.builtin else ())], degraded)

    async def _with_tools(self, chain: Fallback) -> None:
        """Ask, read what the model wants to read, ask again with it; the last time without tools."""
        self.numbered = Numbered()
        model = self.config.model
        messages = messages_for(self.gathered, self.numbered, model=model, budget=self.config.context_tokens)
        tools = described(self.gathered.tools) if self.config.tools else []
        for last in [False] * TOOL_ROUNDS + [True]:
            self.asked += "".join(str(message.get("content") or "") for message in messages)
            prompt = Prompt(messages, self.config.max_tokens, () if last else tools)
            calls = await self._ask(chain, prompt)
            if not calls or last:
                return
            messages = [*messages, _called(calls), *[await self._use(call) for call in calls]]

    async def _ask(self, chain: Fallback, prompt: Prompt) -> list[ToolCall]:
        calls: list[ToolCall] = []
        pieces: Any = chain.stream(prompt)
        async with aclosing(pieces):
            async for delta in pieces:
                match delta:
                    case Text(text):
                        self._say(self.plain.feed(text))
                    case ToolCall():
                        calls.append(delta)
                    case Usage(prompt_tokens, completion_tokens):
                        self._count(prompt, prompt_tokens, completion_tokens)
                    case Answering():
                        self.who = delta
                if self.unwanted:
                    raise ProviderProblem("cancelled")
        return calls

    def _count(self, prompt: Prompt, prompt_tokens: int, completion_tokens: int) -> None:
        self.counted = True
        self.usage = Usage(
            self.usage.prompt_tokens + prompt_tokens, self.usage.completion_tokens + completion_tokens
        )
        if self.who.model:
            text = "".join(str(message.get("content") or "") for message in prompt.messages)
            tokens.learn(self.who.model, text, prompt_tokens)

    async def _use(self, call: ToolCall) -> Message:
        read = partial(used, self.turn.user, self.gathered.tools, call, self.numbered)
        return {"role": "tool", "tool_call_id": call.id, "content": await self.run(read)}

    async def _builtin(self) -> str:
        self.reply = await self.run(self._answered)
        return self.reply.text

    def _answered(self) -> Reply:
        gathered = self.turn.gathered  # whole, also where the model's copy was cut
        known = Known(gathered.facts, gathered.texts)
        with reading(self.turn.user):
            return answer(self.turn.user, gathered.question, known)

    # -- Telling

    def _say(self, text: str) -> None:
        if not text:
            return
        if self.first_ms is None:
            self.first_ms = self._ms()
        self.text += text
        self.tell(Piece(text, len(self.text)))
        now = time.monotonic()
        if now - self.flushed_at >= FLUSH and (self.flushing is None or self.flushing.done()):
            self.flushed_at = now
            self.flushing = asyncio.create_task(self._flush())

    async def _flush(self) -> None:
        """What there is so far, for readers who come back. Without the database the answer goes on."""
        work = partial(conversing.flush, self.turn.user, self.turn.begun.message_id, self.text)
        try:
            self.unwanted = not await self.run(work)
        except DatabaseError:
            log.warning("a growing answer could not be stored")
        hub.publish_now(topic_of(self.turn.begun.message_id), {"type": "GREW"})

    async def _watch(self, writer: asyncio.Task[Any] | None) -> None:
        """Stop at once when somebody, in whatever process, cancels; the flag in the row is the slower way."""
        async with hub.listen([topic_of(self.turn.begun.message_id)]) as frames:
            async for frame in frames:
                if frame.get("type") == "CANCEL" and writer is not None:
                    writer.cancel()
                    return

    async def _end(self, status: MessageStatus, error: str) -> None:
        """Store and tell the end; a second cancel can't keep it from being stored."""
        if self.flushing is not None:
            with suppress(asyncio.CancelledError):
                await asyncio.shield(asyncio.gather(self.flushing, return_exceptions=True))
        self._say_quietly(self.plain.end())
        found = cautions_for(self.gathered.question, self.text) if self.text else ()
        self._say_quietly(told(found))
        done = self._done(status, error, [caution.code for caution in found])
        took = conversing.Took(self.first_ms, self._ms(), estimated=not self.counted)
        saving = asyncio.ensure_future(self._saved(done, took))
        try:
            await asyncio.shield(saving)
        except asyncio.CancelledError:
            await saving

    async def _saved(self, done: Done, took: conversing.Took) -> None:
        try:
            await self.run(partial(conversing.finish, self.turn.user, done, took))
        except (
            Exception
        ):  # the database is away: the row is given up as lost later, the reader has the answer
            log.exception("an answer could not be stored")
        hub.publish_now(topic_of(done.message_id), {"type": "ENDED"})
        self.tell(done)

    def _say_quietly(self, text: str) -> None:
        """Without a flush: the end follows."""
        if text:
            self.text += text
            self.tell(Piece(text, len(self.text)))

    def _done(self, status: MessageStatus, error: str, cautions: list[str]) -> Done:
        prompt_tokens, completion_tokens = self.usage.prompt_tokens, self.usage.completion_tokens
        if not self.counted and self.who.model:
            prompt_tokens = tokens.estimate(self.asked, self.who.model)
            completion_tokens = tokens.estimate(self.text, self.who.model) if self.text else 0
        return Done(
            message_id=self.turn.begun.message_id,
            status=status.value,
            content=self.text,
            provider=self.who.provider,
            model=self.who.model,
            degraded=self.who.degraded,
            error_code=error,
            prompt_tokens=prompt_tokens,
            completion_tokens=completion_tokens,
            sources=[_shown(source) for source in self._sources()],
            cautions=cautions,
        )

    def _sources(self) -> list[Source]:
        """What the built-in names; of a model's answer the facts whose numbers it cites."""
        if self.reply is not None:
            return list(self.reply.sources)[:MOST_SOURCES]
        numbers = [int(number) for number in _CITED.findall(self.text)]
        facts = self.numbered.facts
        cited = [facts[number - 1].source for number in numbers if 0 < number <= len(facts)]
        return list(dict.fromkeys(cited))[:MOST_SOURCES]

    def _ms(self) -> int:
        return int((time.monotonic() - self.began) * 1000)


def _called(calls: Sequence[ToolCall]) -> Message:
    return {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in calls
        ],
    }


def _shown(source: Source) -> dict[str, str]:
    return {"kind": source.kind, "id": source.id, "title": source.title, "url": source.url}
