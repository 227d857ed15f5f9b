"""The provider port: a prompt in, pieces of an answer out, as an async iterator."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

Message = Mapping[str, Any]  # as in the chat completions API: role, content, tool_calls, tool_call_id


@dataclass(frozen=True, slots=True)
class Text:
    """The next piece of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model asks for a read. `arguments` is what it wrote, which may be no JSON."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens, as the provider counts them."""

    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True)
class Finish:
    """The regular end. reason: stop, length, tool_calls, content_filter."""

    reason: str


@dataclass(frozen=True, slots=True)
class Answering:
    """Who answers from here on; `degraded` says why it is not the provider that was wanted."""

    provider: str
    model: str = ""
    degraded: str = ""


Delta = Text | ToolCall | Usage | Finish | Answering


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a provider is asked. Times are in seconds; tools as the chat completions API writes them."""

    messages: Sequence[Message]
    max_tokens: int = 800
    tools: Sequence[Mapping[str, Any]] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


class ProviderProblem(Exception):
    """A provider failed. `code` is ours and may be shown; what the provider said of it never leaves this class.

    retryable: the same may work a moment later. retry_after: seconds that the provider asked for.
    """

    def __init__(self, code: str, *, retryable: bool = False, retry_after: float | None = None) -> None:
        self.code = code
        self.retryable = retryable
        self.retry_after = retry_after
        super().__init__(code)


class ContextTooLong(ProviderProblem):
    """The prompt does not fit into the model."""

    def __init__(self) -> None:
        super().__init__("context_length")


@runtime_checkable
class Provider(Protocol):
    """Closing the iterator (`aclose`, cancelling) ends the work behind it at once.

    Raises ProviderProblem, before or after the first piece.
    """

    @property
    def name(self) -> str: ...

    @property
    def model(self) -> str: ...

    def stream(self, prompt: Prompt) -> AsyncIterator[Delta]: ...
