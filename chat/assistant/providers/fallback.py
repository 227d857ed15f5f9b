"""Several providers, the best first: whoever fails before the first word is replaced by the next."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from chat.assistant.providers.base import Answering, Delta, Prompt, Provider, ProviderProblem


@dataclass(frozen=True, slots=True)
class Fallback:
    """degraded: why the first of these is not the one that should have answered, "" when it is.

    A prompt that is too long is the asker's business, who can shorten it: it is raised, not passed on.
    """

    providers: Sequence[Provider]
    degraded: str = ""
    name: str = "fallback"
    model: str = ""

    async def stream(self, prompt: Prompt) -> AsyncIterator[Delta]:
        degraded = self.degraded
        for place, provider in enumerate(self.providers, start=1):
            begun = False
            try:
                pieces: Any = provider.stream(prompt)
                async with aclosing(pieces):
                    async for delta in pieces:
                        if not begun:
                            begun = True
                            yield Answering(provider.name, provider.model, degraded)
                        yield delta
            except ProviderProblem as problem:
                if begun or place == len(self.providers) or problem.code == "context_length":
                    raise
                degraded = problem.code
            else:
                return
