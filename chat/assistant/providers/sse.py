"""Server-sent events of a chat completion: one bad chunk is skipped, not the whole answer."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from chat.assistant.providers.base import ProviderProblem

MOST_BAD: Final = 20  # chunks
LONGEST_LINE: Final = 256 * 1024  # bytes
DONE: Final = b"[DONE]"


@dataclass(slots=True)
class Lines:
    """Bytes in, `data:` payloads out; `done` once [DONE] came."""

    rest: bytes = b""
    done: bool = False

    def feed(self, raw: bytes) -> list[bytes]:
        """Raises ProviderProblem for an endless line."""
        *lines, self.rest = (self.rest + raw).split(b"\n")
        if len(self.rest) > LONGEST_LINE:
            raise ProviderProblem("bad_answer")
        found = []
        for line in lines:
            field_name, _, value = line.strip(b"\r").partition(b":")
            if field_name != b"data":
                continue
            value = value.strip()
            if value == DONE:
                self.done = True
                break
            if value:
                found.append(value)
        return found


@dataclass(slots=True)
class Chunks:
    """Payloads in, JSON objects out. Raises ProviderProblem after too many that are none."""

    bad: int = 0
    lines: Lines = field(default_factory=Lines)

    def feed(self, raw: bytes) -> list[dict[str, Any]]:
        found = []
        for payload in self.lines.feed(raw):
            try:
                chunk = orjson.loads(payload)
            except ValueError:
                chunk = None
            if isinstance(chunk, dict):
                found.append(chunk)
                continue
            self.bad += 1
            if self.bad > MOST_BAD:
                raise ProviderProblem("bad_answer")
        return found


async def chunks(raw: AsyncIterator[bytes]) -> AsyncIterator[dict[str, Any]]:
    """The JSON objects of a stream until [DONE]. Raises ProviderProblem("cut") when it ends before."""
    reader = Chunks()
    async for piece in raw:
        for chunk in reader.feed(piece):
            yield chunk
        if reader.lines.done:
            return
    for chunk in reader.feed(b"\n"):  # a last line without its end
        yield chunk
    if not reader.lines.done:
        raise ProviderProblem("cut", retryable=True)
