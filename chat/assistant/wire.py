"""How the events of an answer travel: plain text, our own server-sent events, or the AI SDK's UI message stream."""

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from contextlib import aclosing, closing
from typing import Any, Final, Protocol

from chat.assistant.events import Begun, Done, Event, Piece
from chat.assistant.models import MessageStatus
from core.renderers import dumps

SENTENCES: Final = {
    "cancelled": "The answer was cancelled.",
    "timeout": "The language model took too long.",
    "lost": "The answer was lost when the server stopped.",
}
BROKEN: Final = "The answer broke off. What there is of it was kept."


def sentence(error_code: str) -> str:
    """For a person; never what a provider said."""
    return SENTENCES.get(error_code, BROKEN)


def failed(done: Done) -> bool:
    return done.status in {MessageStatus.PARTIAL, MessageStatus.FAILED}


class Form(Protocol):
    """Each event as bytes; `alive` is a sign of life between them."""

    content_type: str
    headers: dict[str, str]
    alive: bytes

    def write(self, event: Event) -> bytes: ...


class PlainText:
    """The words alone. An answer that broke off says so in a last line."""

    content_type = "text/plain; charset=utf-8"
    headers: dict[str, str] = {}
    alive = b""

    def write(self, event: Event) -> bytes:
        if isinstance(event, Piece):
            return event.text.encode()
        if isinstance(event, Done) and failed(event):
            return f"\n\n[{event.error_code}] {sentence(event.error_code)}\n".encode()
        return b""


class Events:
    """`start`, `delta` (its `id` is where to resume: `?after=`), `done` or `error`."""

    content_type = "text/event-stream; charset=utf-8"
    headers: dict[str, str] = {}
    alive = b": alive\n\n"

    def write(self, event: Event) -> bytes:
        match event:
            case Begun():
                return _sse({"session_id": event.session_id, "message_id": event.message_id}, "start")
            case Piece():
                return _sse({"delta": event.text}, "delta", event.n)
            case Done():
                if not failed(event):
                    return _sse(told(event), "done")
                problem = {"code": event.error_code, "error": sentence(event.error_code)}
                return _sse(told(event) | problem, "error")


class AiSdk:
    """UI message stream, version 1 (AI SDK 5 and later)."""

    content_type = "text/event-stream; charset=utf-8"
    headers: dict[str, str] = {"x-vercel-ai-ui-message-stream": "v1"}
    alive = b": alive\n\n"

    def __init__(self) -> None:
        self.id = ""
        self.open = False

    def write(self, event: Event) -> bytes:
        match event:
            case Begun():
                self.id = str(event.message_id)
                metadata = {"sessionId": event.session_id}
                return _sse({"type": "start", "messageId": self.id, "messageMetadata": metadata})
            case Piece():
                begin = b"" if self.open else _sse({"type": "text-start", "id": self.id})
                self.open = True
                return begin + _sse({"type": "text-delta", "id": self.id, "delta": event.text})
            case Done():
                return b"".join(self._end(event))

    def _end(self, done: Done) -> Iterator[bytes]:
        if self.open:
            yield _sse({"type": "text-end", "id": self.id})
        for source in done.sources:
            known = {"sourceId": f"{source['kind']}:{source['id']}", "title": source["title"]}
            if source["url"]:
                yield _sse({"type": "source-url", **known, "url": source["url"]})
            else:
                yield _sse({"type": "source-document", **known, "mediaType": "text/plain"})
        if failed(done):
            yield _sse({"type": "error", "errorText": sentence(done.error_code)})
        yield _sse({"type": "finish", "messageMetadata": told(done)})
        yield b"data: [DONE]\n\n"


def told(done: Done) -> dict[str, Any]:
    """The end as an object: what a stream and a socket say of it."""
    return {
        "message_id": done.message_id,
        "status": done.status,
        "provider": done.provider,
        "model": done.model,
        "degraded": done.degraded,
        "sources": done.sources,
        "cautions": done.cautions,
        "usage": {"prompt_tokens": done.prompt_tokens, "completion_tokens": done.completion_tokens},
    }


def chosen(accept: str, protocol: str) -> Form:
    """By `?protocol=ai-sdk`, else by Accept; plain text unless events are asked for."""
    if protocol == "ai-sdk":
        return AiSdk()
    return Events() if "text/event-stream" in accept else PlainText()


def written(events: Generator[Event], form: Form) -> Iterator[bytes]:
    with closing(events):
        for event in events:
            if raw := form.write(event):
                yield raw


async def written_async(events: AsyncGenerator[Event | None], form: Form) -> AsyncIterator[bytes]:
    async with aclosing(events):
        async for event in events:
            if raw := form.alive if event is None else form.write(event):
                yield raw


def _sse(data: Any, event: str = "", id: int | None = None) -> bytes:  # noqa: A002 -- the field's own name
    head = (f"id: {id}\n" if id is not None else "") + (f"event: {event}\n" if event else "")
    return f"{head}data: {dumps(data).decode()}\n\n".encode()
