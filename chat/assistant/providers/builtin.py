"""The built-in answerer behind the same port: no key, no network, and it streams by word like the others."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from chat.assistant.providers.base import Delta, Finish, Prompt, Text, Usage

PAUSE: Final = 0.004  # seconds between words: it is to be seen streaming, not to be waited for
_PIECES: Final = re.compile(r"\S+\s*|\s+")


@dataclass(frozen=True, slots=True)
class Builtin:
    """`reply` makes the whole answer; where it reads the database is the caller's choice."""

    reply: Callable[[], Awaitable[str]]
    pause: float = PAUSE
    name: str = "builtin"
    model: str = ""

    async def stream(self, prompt: Prompt) -> AsyncIterator[Delta]:
        for piece in _PIECES.findall(await self.reply()):
            yield Text(piece)
            await asyncio.sleep(self.pause)
        yield Usage(0, 0)
        yield Finish("stop")
