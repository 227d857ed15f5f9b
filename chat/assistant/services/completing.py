"""One question to the house's language model, for the jobs of other apps: same provider, same settings, no person."""

from collections.abc import Callable, Coroutine, Sequence
from contextlib import aclosing
from typing import Any

from chat.assistant.loop import Runner, at_home
from chat.assistant.providers import Message, Prompt, Text
from chat.assistant.services.providers import model_provider


def complete(messages: Sequence[Message], *, max_tokens: int, json: bool = False) -> str:
    """The whole answer, for a job: it blocks. Raises ProviderProblem."""
    extra = {"response_format": {"type": "json_object"}} if json else {}
    prompt = Prompt(messages, max_tokens, extra=extra)

    def work(run: Runner, tell: Callable[[str], None]) -> Coroutine[Any, Any, None]:
        return _ask(prompt, tell)

    return "".join(at_home(work))


async def _ask(prompt: Prompt, tell: Callable[[str], None]) -> None:
    pieces: Any = model_provider().stream(prompt)
    async with aclosing(pieces):
        async for delta in pieces:
            if isinstance(delta, Text):
                tell(delta.text)
