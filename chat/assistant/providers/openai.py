"""Any service that speaks OpenAI's chat completions: Groq, OpenAI, llama.cpp, Ollama, vLLM; on plain httpx."""

import asyncio
import logging
import weakref
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final

import httpx
import orjson

from chat.assistant.providers.base import (
    ContextTooLong,
    Delta,
    Finish,
    Prompt,
    ProviderProblem,
    Text,
    ToolCall,
    Usage,
)
from chat.assistant.providers.breaker import breaker_of
from chat.assistant.providers.sse import chunks

log = logging.getLogger(__name__)

RETRIED: Final = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
LONGEST_WAIT: Final = 5.0  # seconds that a Retry-After may ask for
PAUSE: Final = 0.3  # seconds before the second try
MOST_ERROR: Final = 16 * 1024  # bytes read of a refusal
MOST_ANSWER: Final = 64 * 1024  # characters of an answer
WITHOUT_TOOLS: Final = frozenset({400, 404, 422, 501})


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds: to connect, to the first byte, between two, and for all of it."""

    connect: float = 3.0
    first: float = 15.0
    between: float = 20.0
    total: float = 120.0


@dataclass(frozen=True, slots=True)
class OpenAICompatible:
    """One model of one service. A failed try is repeated once, if not a word of the answer has come yet."""

    base_url: str
    api_key: str
    model: str
    timings: Timings = field(default_factory=Timings)
    name: str = "openai"

    async def stream(self, prompt: Prompt) -> AsyncIterator[Delta]:
        breaker = breaker_of(self.base_url)
        ends = asyncio.get_running_loop().time() + self.timings.total
        breaker.admit()
        for last in (False, True):
            begun = False
            try:
                async with aclosing(self._once(prompt, ends)) as pieces:
                    async for delta in pieces:
                        begun = True
                        yield delta
            except ProviderProblem as problem:
                if problem.retryable:
                    breaker.failed()
                if begun or last:
                    raise
                if isinstance(problem, _ToolsRefused):
                    prompt = replace(prompt, tools=())
                    continue
                if not problem.retryable or (problem.retry_after or 0) > LONGEST_WAIT:
                    raise
                breaker.admit()
                await asyncio.sleep(problem.retry_after if problem.retry_after is not None else PAUSE)
            else:
                breaker.worked()
                return

    async def _once(self, prompt: Prompt, ends: float) -> AsyncGenerator[Delta]:
        calls = _Calls()
        written = 0
        finish = ""
        async with self._answer(prompt, ends) as raw:
            async for chunk in chunks(raw):
                if problem := chunk.get("error"):
                    raise _problem_of(200, problem)
                if usage := _usage_of(chunk):
                    yield usage
                choice = _first(chunk.get("choices"))
                finish = _text(choice.get("finish_reason")) or finish
                said = choice.get("delta")
                said = said if isinstance(said, dict) else {}
                if text := _text(said.get("content")):
                    written += len(text)
                    if written > MOST_ANSWER:
                        yield Finish("length")
                        return
                    yield Text(text)
                calls.add(said.get("tool_calls"))
        for call in calls.whole():
            yield call
        yield Finish(finish or "stop")

    @asynccontextmanager
    async def _answer(self, prompt: Prompt, ends: float) -> AsyncIterator[AsyncIterator[bytes]]:
        """The bytes of a good answer, until the loop's time `ends`. Leaving closes the connection, finished or not."""
        client = client_of_loop()
        headers = {"Authorization": f"Bearer {self.api_key}"} if self.api_key else {}
        request = client.build_request(
            "POST",
            f"{self.base_url.rstrip('/')}/chat/completions",
            json=_body(self.model, prompt),
            headers=headers,
            timeout=httpx.Timeout(
                connect=self.timings.connect, read=self.timings.between, write=10.0, pool=self.timings.connect
            ),
        )
        response = None
        try:
            async with asyncio.timeout(self.timings.first):
                response = await client.send(request, stream=True)
                if response.status_code != 200:
                    raise await _refusal(response, with_tools=bool(prompt.tools))
            yield self._bytes(response, ends)
        except (httpx.TimeoutException, TimeoutError):
            raise ProviderProblem("timeout", retryable=True) from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as problem:
            log.warning("the language model cannot be reached: %s", type(problem).__name__)
            raise ProviderProblem("unreachable", retryable=True) from None
        finally:
            if response is not None:
                await _closed(response)

    async def _bytes(self, response: httpx.Response, ends: float) -> AsyncIterator[bytes]:
        """Raises TimeoutError when the first byte, the next one, or all of it takes too long."""
        raw = response.aiter_bytes()
        limit = self.timings.first
        now = asyncio.get_running_loop().time
        while True:
            try:
                async with asyncio.timeout(max(0.0, min(limit, ends - now()))):
                    piece = await anext(raw)
            except StopAsyncIteration:
                return
            yield piece
            limit = self.timings.between


class _ToolsRefused(ProviderProblem):
    """The service may not know tools: the question goes once more, without."""


def _body(model: str, prompt: Prompt) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": model,
        "messages": list(prompt.messages),
        "max_tokens": prompt.max_tokens,
        "temperature": 0.2,
        "stream": True,
        "stream_options": {"include_usage": True},
        **prompt.extra,
    }
    if prompt.tools:
        body["tools"] = list(prompt.tools)
    return body


async def _refusal(response: httpx.Response, *, with_tools: bool) -> ProviderProblem:
    """What a status other than 200 means. Its text may hold a key: it is looked at, and forgotten."""
    raw = b""
    async for piece in response.aiter_bytes():
        raw += piece
        if len(raw) > MOST_ERROR:
            break
    try:
        told = orjson.loads(raw)
    except ValueError:
        told = None
    problem = _problem_of(response.status_code, told.get("error") if isinstance(told, dict) else None)
    log.warning("the language model answered %s", response.status_code)
    if isinstance(problem, ContextTooLong):
        return problem
    if with_tools and response.status_code in WITHOUT_TOOLS:
        return _ToolsRefused(problem.code)
    if response.status_code in RETRIED:
        wait = _seconds(response.headers.get("retry-after", ""))
        return ProviderProblem(problem.code, retryable=True, retry_after=wait)
    return problem


def _problem_of(status: int, told: Any) -> ProviderProblem:
    said = told if isinstance(told, dict) else {}
    words = f"{said.get('code')} {said.get('type')} {said.get('message')}".lower()
    if "context_length" in words or "context length" in words or "context size" in words:
        return ContextTooLong()
    if status in {401, 403}:
        return ProviderProblem("provider_login")
    if status == 429:
        return ProviderProblem("provider_busy", retryable=True)
    if status == 200:
        return ProviderProblem("broken_off", retryable=True)
    return ProviderProblem("provider_error", retryable=status >= 500)


def _seconds(header: str) -> float | None:
    """Retry-After as seconds; a date counts as longer than we wait."""
    try:
        return max(0.0, min(float(header), 3600.0))
    except ValueError:
        return 3600.0 if header else None


def _usage_of(chunk: dict[str, Any]) -> Usage | None:
    usage = chunk.get("usage")
    if not isinstance(usage, dict):
        groq = chunk.get("x_groq")
        usage = groq.get("usage") if isinstance(groq, dict) else None
    if not isinstance(usage, dict):
        return None
    return Usage(_count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens")))


def _count(value: Any) -> int:
    return value if isinstance(value, int) and 0 <= value < 10_000_000 else 0


def _first(value: Any) -> dict[str, Any]:
    found = value[0] if isinstance(value, list) and value else None
    return found if isinstance(found, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


class _Calls:
    """Tool calls arrive in pieces, by index."""

    MOST = 8

    def __init__(self) -> None:
        self.parts: dict[int, dict[str, str]] = {}

    def add(self, pieces: Any) -> None:
        for piece in pieces if isinstance(pieces, list) else ():
            index = piece.get("index", 0) if isinstance(piece, dict) else None
            if not isinstance(index, int) or (index not in self.parts and len(self.parts) >= self.MOST):
                continue
            part = self.parts.setdefault(index, {"id": "", "name": "", "arguments": ""})
            told = piece.get("function")
            told = told if isinstance(told, dict) else {}
            part["id"] = _text(piece.get("id")) or part["id"]
            part["name"] = _text(told.get("name")) or part["name"]
            part["arguments"] = (part["arguments"] + _text(told.get("arguments")))[:4096]

    def whole(self) -> list[ToolCall]:
        return [
            ToolCall(part["id"] or f"call_{index}", part["name"], part["arguments"])
            for index, part in sorted(self.parts.items())
            if part["name"]
        ]


_clients: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, httpx.AsyncClient] = (
    weakref.WeakKeyDictionary()
)


def client_of_loop() -> httpx.AsyncClient:
    """One pool of connections for each event loop: connections cannot change loops."""
    loop = asyncio.get_running_loop()
    if loop not in _clients:
        _clients[loop] = httpx.AsyncClient(
            follow_redirects=False, limits=httpx.Limits(max_connections=200, max_keepalive_connections=20)
        )
    return _clients[loop]


async def _closed(response: httpx.Response) -> None:
    """Close in a task of its own: a cancelled reader must not leave the connection open."""
    closing = asyncio.ensure_future(response.aclose())
    with suppress(httpx.HTTPError, OSError):
        await asyncio.shield(closing)
