"""Streams on a real server: seen while they are written, broken off, resumed, cancelled; over HTTP and the socket."""

import asyncio
import json
import time

import httpx
import pytest

from chat.assistant.models import AnswerUsage, AssistantMessage
from chat.assistant.tests.conftest import text_of
from chat.tests.serving import Server, token_of, visiting
from core.rls import as_system
from tests.cast import login, make_user
from tests.standins.openai import OpenAI

CHAT = "/api/v1/chat/"
LONG = " ".join(f"word{number}" for number in range(60))
live = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def slow():
    """A model that takes 30 ms for a word."""
    service = OpenAI()
    service.says, service.pause = LONG, 0.03
    yield service
    service.close()


@pytest.fixture(scope="module")
def server(slow, django_db_setup, django_db_blocker):
    """uvicorn with the model behind it; one for the file."""
    with django_db_blocker.unblock():
        served = Server(
            AI_PROVIDER="auto", AI_BASE_URL=slow.url, AI_API_KEY=slow.key, AI_MODEL="m", AI_TOOLS="false"
        )
    yield served
    served.stop()


@pytest.fixture
def house(server, slow, transactional_db):
    """(server, Alice's token, Bob's)."""
    slow.plans.clear()
    slow.gone.clear()
    slow.asked.clear()
    with as_system("test"):
        tokens = [token_of(make_user(name)) for name in ("alice", "bob")]
    return server, *tokens


def client(house, who=1, **options):
    server = house[0]
    return httpx.Client(
        base_url=f"http://127.0.0.1:{server.port}{CHAT}",
        headers={"Authorization": f"Bearer {house[who]}"},
        timeout=20,
        **options,
    )


def once(house, method, path, who=1):
    with client(house, who) as web:
        return web.request(method, path)


def until(look, seconds=3.0):
    """What `look` finds, as soon as it finds something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with as_system("test"):
            if found := look():
                return found
        time.sleep(0.02)
    raise AssertionError("nothing came")


def ended():
    return AssistantMessage.objects.filter(role="assistant").exclude(status="streaming").first()


@live
def test_it_is_read_while_it_is_written(house):
    with (
        client(house) as web,
        web.stream("POST", "stream/", json={"message": "Talk", "session_id": "s"}) as answer,
    ):
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
        assert answer.headers["x-accel-buffering"] == "no"
        assert answer.headers["x-session-id"] == "s"
        at, text = [], ""
        for piece in answer.iter_text():
            at.append(time.monotonic())
            text += piece
    assert text == LONG
    assert len(at) > 20
    assert at[-1] - at[0] > 1.0


@live
@pytest.mark.parametrize(
    "accept, protocol", [("text/plain", ""), ("text/event-stream", ""), ("*/*", "?protocol=ai-sdk")]
)
def test_leaving_stops_the_model_within_100_ms_and_keeps_the_partial(house, slow, accept, protocol):
    with client(house) as web:
        with web.stream(
            "POST", f"stream/{protocol}", json={"message": "Talk"}, headers={"Accept": accept}
        ) as answer:
            for number, _ in enumerate(answer.iter_raw()):
                if number == 5:
                    break
        left = time.monotonic()
    row = until(ended)
    assert slow.gone, "the model was not told"
    assert slow.gone[0] - left < 0.1
    assert (row.status, row.error_code, LONG.startswith(row.content), len(row.content) > 5) == (
        "partial",
        "cancelled",
        True,
        True,
    )
    with as_system("test"):
        usage = AnswerUsage.objects.get(message_id=row.pk)
    assert (usage.status, usage.estimated, usage.completion_tokens > 0) == ("partial", True, True)


@live
def test_in_the_background_it_is_written_on_and_resumed(house):
    body = {"message": "Talk", "session_id": "s", "background": True}
    read, after = "", 0
    with client(house) as web:
        with web.stream("POST", "stream/", json=body, headers={"Accept": "text/event-stream"}) as answer:
            for event, data, number in events(answer.iter_lines()):
                if event == "start":
                    message_id = data["message_id"]
                elif event == "delta":
                    read, after = read + data["delta"], number
                    if len(read) > 40:
                        break
        assert after == len(read)
        busy = web.post("", json={"message": "And?", "session_id": "s"})
        assert (busy.status_code, busy.json()["code"]) == (409, "answer_running")
        path = f"conversation/s/messages/{message_id}/stream/"
        with web.stream("GET", f"{path}?after={after}", headers={"Accept": "text/event-stream"}) as answer:
            found = list(events(answer.iter_lines()))
        assert found[-1][0] == "done"
        assert read + "".join(data["delta"] for event, data, _ in found if event == "delta") == LONG
        assert web.get(path).text == LONG
        assert once(house, "get", path, who=2).status_code == 404


def events(lines):
    """(event, data, id) of each server-sent event."""
    event, data, number = "", None, 0
    for line in lines:
        name, _, value = line.partition(": ")
        if name == "event":
            event = value
        elif name == "id":
            number = int(value)
        elif name == "data":
            data = json.loads(value)
        elif not line and data is not None:
            yield event, data, number
            event, data = "", None


@live
def test_cancel_stops_it_for_whoever_reads(house, slow):
    with (
        client(house) as web,
        web.stream("POST", "stream/", json={"message": "Talk", "session_id": "s"}) as answer,
    ):
        pieces = answer.iter_text()
        text = "".join(next(pieces) for _ in range(4))
        path = f"conversation/s/messages/{answer.headers['x-message-id']}/cancel/"
        assert once(house, "post", path, who=2).status_code == 404
        cancelled = once(house, "post", path)
        at = time.monotonic()
        text += "".join(pieces)
    assert cancelled.json() == {"cancelled": True}
    assert text.endswith("\n\n[cancelled] The answer was cancelled.\n")
    assert slow.gone[0] - at < 0.2
    assert until(ended).status == "partial"
    assert once(house, "post", path).json() == {"cancelled": False}


@live
def test_the_ai_sdk_reads_its_own_stream(house):
    with client(house) as web:
        answer = web.post("stream/?protocol=ai-sdk", json={"message": "Talk"})
    assert answer.headers["x-vercel-ai-ui-message-stream"] == "v1"
    lines = [line.removeprefix("data: ") for line in answer.text.split("\n\n") if line]
    assert lines[-1] == "[DONE]"
    parts = [json.loads(line) for line in lines[:-1]]
    kinds = [part["type"] for part in parts]
    assert (kinds[:2], kinds[-2:]) == (["start", "text-start"], ["text-end", "finish"])
    assert "".join(part["delta"] for part in parts if part["type"] == "text-delta") == LONG
    assert parts[-1]["messageMetadata"]["status"] == "complete"


@live
def test_the_socket_streams_the_same(house, slow):
    server, alice, bob = house

    async def story():
        async with visiting(server, alice) as visitor, visiting(server, bob) as stranger:
            await visitor.say(type="AI", sessionId="s", clientId="c1", body="Talk")
            first = await visitor.hear("AI_DELTA")
            done = await visitor.hear("AI_DONE", timeout=10)
            deltas = [frame for frame in visitor.seen if frame["type"] == "AI_DELTA"]
            assert "".join(frame["delta"] for frame in deltas) == LONG
            assert (deltas[-1]["n"], {frame["messageId"] for frame in deltas}) == (
                len(LONG),
                {first["messageId"]},
            )
            assert (done["status"], done["clientId"], done["sessionId"]) == ("complete", "c1", "s")
            assert done["usage"]["completionTokens"] == 60
            await visitor.say(type="AI", sessionId="s", clientId="c1", body="Talk")
            again = await visitor.hear("AI_DONE")
            assert again["messageId"] == done["messageId"]
            await visitor.say(type="AI", sessionId="s", body="More")
            running = await visitor.hear("AI_DELTA")
            await stranger.say(type="AI_CANCEL", sessionId="s", messageId=running["messageId"])
            assert (await stranger.hear("ERROR"))["code"] == "forbidden"
            await visitor.say(type="AI_CANCEL", sessionId="s", messageId=running["messageId"])
            assert (await visitor.hear("AI_DONE"))["code"] == "cancelled"
            for wrong in (
                {"body": ""},
                {"body": 5},
                {"body": "x" * 9000},
                {"body": "x", "sessionId": "a b"},
                {"body": "x", "clientId": 7},
            ):
                await visitor.say(**{"type": "AI", "sessionId": "s", **wrong})
                assert (await visitor.hear("ERROR"))["code"] in {"invalid", "too_large"}
            await visitor.say(type="AI", sessionId="z", body="Talk")
            await visitor.hear("AI_DELTA")
        return time.monotonic()

    left = asyncio.run(story())
    assert len(slow.asked) == 3
    until(lambda: len(slow.gone) == 2)
    assert slow.gone[-1] - left < 0.2
    until(
        lambda: AssistantMessage.objects.filter(
            role="assistant", session__session_id="z", status="partial"
        ).exists()
    )


@live
def test_under_wsgi_the_same_words_come_and_leaving_keeps_the_partial(slow, settings):
    settings.AI_PROVIDER, settings.AI_BASE_URL, settings.AI_API_KEY, settings.AI_MODEL = (
        "auto",
        slow.url,
        slow.key,
        "m",
    )
    slow.gone.clear()
    with as_system("test"):
        rita = login(make_user("rita"))
    assert text_of(rita.post(f"{CHAT}stream/", {"message": "Talk", "session_id": "w"})) == LONG
    answer = rita.post(f"{CHAT}stream/", {"message": "Talk", "session_id": "w"})
    pieces = iter(answer.streaming_content)
    read = b"".join(next(pieces) for _ in range(4)).decode()
    answer.close()
    row = until(lambda: AssistantMessage.objects.filter(role="assistant").order_by("-seq").first())
    assert (row.status, row.error_code, row.content.startswith(read)) == ("partial", "cancelled", True)
    assert len(slow.gone) == 1


@live
def test_under_wsgi_the_background_goes_on_too(slow, settings):
    settings.AI_PROVIDER, settings.AI_BASE_URL, settings.AI_API_KEY, settings.AI_MODEL = (
        "auto",
        slow.url,
        slow.key,
        "m",
    )
    with as_system("test"):
        rita = login(make_user("rita"))
    answer = rita.post(f"{CHAT}stream/", {"message": "Talk", "session_id": "w", "background": True})
    pieces = iter(answer.streaming_content)
    next(pieces)
    answer.close()
    row = until(ended, seconds=6)
    assert (row.status, row.content) == ("complete", LONG)
