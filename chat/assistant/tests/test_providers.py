"""The way to a language model, over real HTTP: a stand-in that streams, stalls, cuts, leaks and refuses."""

import asyncio
import logging
import time
from contextlib import aclosing

import pytest

from chat.assistant.providers import (
    Answering,
    Builtin,
    ContextTooLong,
    Fallback,
    Finish,
    OpenAICompatible,
    Prompt,
    ProviderProblem,
    Text,
    Timings,
    ToolCall,
    Usage,
)
from chat.assistant.providers import breaker as breakers
from chat.assistant.providers.sse import MOST_BAD, Chunks
from tests.standins.openai import OpenAI

FAST = Timings(connect=0.5, first=0.4, between=0.3, total=5.0)
PROMPT = Prompt([{"role": "user", "content": "When?"}])


@pytest.fixture
def model():
    service = OpenAI()
    service.says = "Your next service is due at 20,400 km."
    breakers.forget()
    yield service
    service.close()


def provider(model, timings=FAST, key=None):
    return OpenAICompatible(model.url, model.key if key is None else key, "test-model", timings)


def read(one, prompt=PROMPT):
    """(deltas, the code of what ended it)."""

    async def all_of_it():
        found = []
        try:
            async with aclosing(one.stream(prompt)) as deltas:
                async for delta in deltas:
                    found.append(delta)  # noqa: PERF401 -- what came before a failure counts
        except ProviderProblem as problem:
            return found, problem.code
        return found, ""

    return asyncio.run(all_of_it())


def words(deltas):
    return "".join(delta.text for delta in deltas if isinstance(delta, Text))


def test_an_answer_comes_word_by_word_with_what_it_took(model):
    deltas, problem = read(provider(model))
    assert (words(deltas), problem) == (model.says, "")
    assert len([delta for delta in deltas if isinstance(delta, Text)]) == 8
    assert deltas[-2:] == [Usage(model.counted, 8), Finish("stop")]
    asked = model.asked[0]
    assert (asked["model"], asked["stream"], asked["messages"]) == ("test-model", True, list(PROMPT.messages))


def test_one_bad_chunk_does_not_lose_the_stream(model):
    model.plan("garbage", after=3)
    deltas, problem = read(provider(model))
    assert (words(deltas), problem) == (model.says, "")


def test_too_many_bad_chunks_do():
    reader = Chunks()
    with pytest.raises(ProviderProblem) as refusal:
        reader.feed(b"data: {no json\n" * (MOST_BAD + 1))
    assert refusal.value.code == "bad_answer"


@pytest.mark.parametrize(
    "kind, code", [("stall", "timeout"), ("cut", "unreachable"), ("error", "broken_off")]
)
def test_what_breaks_in_the_middle_keeps_what_came_and_is_not_repeated(model, kind, code):
    model.plan(kind, after=3)
    deltas, problem = read(provider(model))
    assert (words(deltas), problem) == ("Your next service", code)
    assert len(model.asked) == 1


@pytest.mark.parametrize("kind", ["cut", "stall", "error", "silent"])
def test_what_breaks_before_the_first_word_is_tried_once_more(model, kind):
    model.plan(kind)
    deltas, problem = read(provider(model))
    assert (words(deltas), problem, len(model.asked)) == (model.says, "", 2)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_a_passing_refusal_is_tried_once_more(model, status):
    model.plan("refuse", status=status)
    deltas, problem = read(provider(model))
    assert (words(deltas), problem, len(model.asked)) == (model.says, "", 2)


@pytest.mark.parametrize(
    "status, code",
    [(400, "provider_error"), (401, "provider_login"), (403, "provider_login"), (404, "provider_error")],
)
def test_a_lasting_refusal_is_not(model, status, code):
    model.plan("refuse", status=status, times=2)
    assert read(provider(model)) == ([], code)
    assert len(model.asked) == 1


def test_retry_after_is_honoured_when_it_is_short(model):
    model.plan("refuse", status=429, retry_after="1")
    deltas, problem = read(provider(model))
    assert (words(deltas), problem) == (model.says, "")
    assert 0.95 <= model.at[1] - model.at[0] < 2


def test_and_not_waited_for_when_it_is_long(model):
    model.plan("refuse", status=429, retry_after="60")
    began = time.monotonic()
    assert read(provider(model)) == ([], "provider_busy")
    assert (time.monotonic() - began < 2, len(model.asked)) == (True, 1)


def test_a_wrong_key_is_told_to_nobody(model, caplog):
    secret = "sk-live-0123456789abcdef"
    with caplog.at_level(logging.DEBUG, logger="chat"):
        deltas, problem = read(provider(model, key=secret))
    assert (deltas, problem) == ([], "provider_login")
    assert secret not in caplog.text


def test_a_prompt_that_is_too_long_says_so(model):
    model.context = 3
    with pytest.raises(ContextTooLong):
        asyncio.run(anext(provider(model).stream(PROMPT)))


def test_nobody_there(model):
    model.close()
    assert read(provider(model)) == ([], "unreachable")
    model.__init__()


def test_slow_is_not_dead(model):
    model.plan("slow", pause=0.1)
    deltas, problem = read(provider(model))
    assert (words(deltas), problem) == (model.says, "")


def test_all_of_it_has_an_end(model):
    model.plan("endless")
    deltas, problem = read(provider(model, Timings(connect=0.5, first=0.5, between=0.5, total=1.0)))
    assert (problem, words(deltas).startswith(model.says)) == ("timeout", True)


def test_tool_calls_come_in_pieces(model):
    model.plan("tools", calls=[("get_vehicles", "{}"), ("lookup_dtc", '{"code": "P0301"}')])
    deltas, _ = read(provider(model))
    assert [delta for delta in deltas if isinstance(delta, ToolCall)] == [
        ToolCall("call_0", "get_vehicles", "{}"),
        ToolCall("call_1", "lookup_dtc", '{"code": "P0301"}'),
    ]


def test_a_service_without_tools_is_asked_without(model):
    model.plan("refuse", status=400)
    deltas, problem = read(provider(model), Prompt(PROMPT.messages, tools=[{"type": "function"}]))
    assert (words(deltas), problem) == (model.says, "")
    assert [("tools" in asked) for asked in model.asked] == [True, False]


def test_leaving_closes_the_connection_at_once(model):
    model.says = "word " * 500
    model.pause = 0.01

    async def leave():
        async with aclosing(provider(model).stream(PROMPT)) as deltas:
            async for _ in deltas:
                break
        return time.monotonic()

    left = asyncio.run(leave())
    deadline = time.monotonic() + 2
    while not model.gone and time.monotonic() < deadline:
        time.sleep(0.005)
    assert model.gone[0] - left < 0.1


def test_after_five_failures_it_is_left_alone(model):
    model.plan("refuse", status=500, times=20)
    codes = [read(provider(model))[1] for _ in range(4)]
    asked = len(model.asked)
    assert codes[-1] == "resting"
    assert asked == 5
    assert read(provider(model)) == ([], "resting")
    assert len(model.asked) == asked


async def _help():
    return "I can help."


def test_the_next_one_answers_when_the_first_fails_before_a_word(model):
    model.plan("refuse", status=401)
    deltas, problem = read(Fallback([provider(model), Builtin(_help, pause=0)]))
    assert (deltas[0], words(deltas), problem) == (
        Answering("builtin", "", "provider_login"),
        "I can help.",
        "",
    )


def test_but_not_in_the_middle_of_a_sentence(model):
    model.plan("error", after=2)
    deltas, problem = read(Fallback([provider(model), Builtin(_help, pause=0)]))
    assert (deltas[0], words(deltas), problem) == (
        Answering("openai", "test-model", ""),
        "Your next",
        "broken_off",
    )
