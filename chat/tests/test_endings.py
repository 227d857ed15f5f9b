"""How sockets end when nobody did wrong: a server that is deployed, a client that fell silent, one socket too many."""

import asyncio
import signal
import time
from contextlib import AsyncExitStack
from uuid import uuid4

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from chat.models import Message, Part
from chat.services import open_thread
from chat.tests.serving import Visitor, run, serving, token_of, visiting
from core.devserver import redis_server
from tests.cast import make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.redis]
FAST = {"CHAT_RATE": "5000", "CHAT_BURST": "5000"}


async def closed_at(visitor):
    """(code, when) of the close."""
    code = await visitor.closed(timeout=20)
    return code, time.monotonic()


async def chatter(visitor, thread, said):
    """Write without a pause until the socket closes; `said` gets what was acknowledged."""
    try:
        for number in range(100_000):
            client_id = f"{visitor.ready['userId']} {number}"
            await visitor.say(type="SEND", threadId=str(thread), body=client_id, clientId=client_id)
            frame = await visitor.hear("ACK")
            said[frame["clientId"]] = frame["seq"]
    except ConnectionClosed as end:
        return end.rcvd.code
    return 0


def test_a_process_that_is_told_to_end_closes_its_sockets_one_by_one(transactional_db):
    """Twenty sockets within two seconds with 1012; nothing acknowledged is lost, newcomers are sent on, all ends."""
    people = [make_user(f"rider{number}") for number in range(20)]
    thread, _ = open_thread(
        opener=people[0].pk, people={one.pk: Part.USER for one in people[1:]}, kind="order"
    )
    tokens = [token_of(one) for one in people]
    said = {}

    async def story(server):
        async with AsyncExitStack() as stack:
            crowd = [await stack.enter_async_context(visiting(server, token)) for token in tokens]
            talking = [asyncio.create_task(chatter(one, thread.pk, said)) for one in crowd[:5]]
            silent = [asyncio.create_task(closed_at(one)) for one in crowd[5:]]
            await asyncio.sleep(0.3)
            server.process.send_signal(signal.SIGTERM)
            await asyncio.wait(silent, return_when=asyncio.FIRST_COMPLETED)
            async with connect(f"{server.url}?token={tokens[0]}") as late:
                sent_on = await Visitor(late).closed()
            ends = await asyncio.gather(*silent)
            return (
                sent_on,
                [code for code, _ in ends],
                sorted(at for _, at in ends),
                await asyncio.gather(*talking),
            )

    with serving(CHAT_CLOSE_SPREAD="2", **FAST) as server:
        sent_on, codes, times, talkers = run(story(server))
        assert server.process.wait(10) in {0, -signal.SIGTERM}
    assert (sent_on, codes, talkers) == (1012, [1012] * 15, [1012] * 5)
    assert len({round(at, 2) for at in times}) > 5
    assert times[-1] - times[0] > 0.5
    stored = dict(Message.objects.values_list("client_id", "seq"))
    assert said
    assert {client_id: stored.get(client_id) for client_id in said} == said
    assert sorted(stored.values()) == list(range(1, len(stored) + 1))


def test_what_the_writer_was_given_is_written_before_the_process_ends(pair):
    """All at once and without waiting for an answer: what the server took is in the database, or will be sent again."""
    alice, _, thread = pair
    token = token_of(alice)

    async def story(server):
        async with visiting(server, token) as a:
            for number in range(400):
                await a.say(type="SEND", threadId=str(thread.pk), body=str(number), clientId=str(number))
            server.process.send_signal(signal.SIGTERM)
            assert await a.closed(timeout=20) == 1012
            return {frame["clientId"] for frame in a.seen if frame["type"] == "ACK"}

    with serving(CHAT_CLOSE_SPREAD="0", **FAST) as server:
        acknowledged = run(story(server))
        server.process.wait(10)
    stored = list(Message.objects.order_by("seq").values_list("client_id", flat=True))
    assert acknowledged <= set(stored)
    assert stored == [str(number) for number in range(len(stored))]


def test_who_stops_saying_ping_is_missed_and_who_never_did_is_not(pair):
    tokens = token_of(pair[0]), token_of(pair[1])

    async def story(server):
        async with visiting(server, tokens[0]) as a, visiting(server, tokens[1]) as t:
            assert a.ready["heartbeat"] == 25
            await a.say(type="PING", t=1)
            await a.hear("PONG")
            assert await a.closed(timeout=15) == 4408
            await t.say(type="PING", t=2)
            assert (await t.hear("PONG"))["t"] == 2

    with serving(CHAT_SILENCE="1") as server:
        run(story(server))


def test_who_answers_no_ping_of_the_server_is_closed_with_4408(pair):
    """The connection stands and its other end reads, yet its websocket never answers: a real handshake by hand."""
    token = token_of(pair[0])

    async def story(server):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        lines = [
            f"GET /chat/ws?token={token} HTTP/1.1", f"Host: 127.0.0.1:{server.port}", "Upgrade: websocket",
            "Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", "", "",
        ]  # fmt: skip
        writer.write("\r\n".join(lines).encode())
        assert b"101 Switching Protocols" in await reader.readuntil(b"\r\n\r\n")
        async with asyncio.timeout(15):
            heard = await reader.read()
        writer.close()
        return heard

    with serving("--ws-ping-interval", "0.5", "--ws-ping-timeout", "0.5") as server:
        heard = run(story(server))
    assert heard.endswith(b"\x88\x0b" + (4408).to_bytes(2, "big") + b"heartbeat")
    assert b"READY" in heard


async def sockets_of(stack, servers, token):
    """One on each of the servers."""
    return [await stack.enter_async_context(visiting(server, token)) for server in servers]


async def knock(server, token):
    """The close code, or 0 for a socket that was let in (and closes again)."""
    async with connect(f"{server.url}?token={token}") as link:
        try:
            await link.recv()
        except ConnectionClosed as end:
            return end.rcvd.code
    return 0


async def let_in(server, token):
    """A place that was given back is free in a moment."""
    async with asyncio.timeout(10):
        while await knock(server, token):
            await asyncio.sleep(0.05)


def test_the_sockets_of_one_person_are_counted_over_all_processes(pair):
    alice, tara, _ = pair
    mine, hers = token_of(alice), token_of(tara)

    async def story(one, two):
        async with AsyncExitStack() as stack:
            for server in (one, one, two):
                await stack.enter_async_context(visiting(server, mine))
            async with visiting(two, mine):
                assert [await knock(server, mine) for server in (one, two)] == [4029, 4029]
                assert await knock(one, hers) == 0
            await let_in(one, mine)
            await let_in(two, mine)

    with serving(CHAT_CONNS_PER_USER="4") as one, serving(CHAT_CONNS_PER_USER="4") as two:
        run(story(one, two))


def test_without_redis_each_process_counts_its_own(pair, tmp_path):
    token = token_of(pair[0])

    async def story(one, two):
        async with AsyncExitStack() as stack:
            for server in (one, one, two, two):
                await stack.enter_async_context(visiting(server, token))
            assert [await knock(server, token) for server in (one, two)] == [4029, 4029]

    away = f"unix://{tmp_path / 'nobody.sock'}?db=0"
    for url in ("", away):
        settings = {"CHAT_CONNS_PER_USER": "2", "REDIS_URL": url}
        with serving(**settings) as one, serving(**settings) as two:
            run(story(one, two))


def test_places_outlive_a_redis_that_forgot_them(pair, monkeypatch):
    """Redis lost everything: a round of renewing later it knows again who is here."""
    from chat.consumer import crowd

    token, user = uuid4().hex, str(pair[0].pk)
    monkeypatch.setattr(crowd, "RENEW", 0.1)

    async def story(url):
        import redis.asyncio as redis

        one, two = crowd.Crowd(f"{token}-one"), crowd.Crowd(f"{token}-two")
        client = redis.Redis.from_url(url)
        renewing = asyncio.create_task(one.run())
        try:
            places = [await one.enter(user) for _ in range(10)]
            assert await two.enter(user) is None
            await client.flushdb()
            while await client.zcard(f"revsync:chat:sockets:{user}") < 10:
                await asyncio.sleep(0.05)
            assert await two.enter(user) is None
            for place in places:
                one.leave(user, place)
            while await client.zcard(f"revsync:chat:sockets:{user}"):
                await asyncio.sleep(0.05)
            assert await two.enter(user) is not None
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)
            await one.close()
            await two.close()
            await client.aclose()

    with redis_server() as url:
        monkeypatch.setattr("django.conf.settings.REDIS_URL", url)
        run(story(url))


def test_a_place_of_a_process_that_died_lapses(pair, monkeypatch):
    from chat.consumer import crowd

    monkeypatch.setattr(crowd, "LIFE", 1)
    user = str(pair[0].pk)

    async def story():
        dead, living = crowd.Crowd("dead"), crowd.Crowd("living")
        try:
            for _ in range(10):
                assert await dead.enter(user)
            assert await living.enter(user) is None
            async with asyncio.timeout(10):
                while (place := await living.enter(user)) is None:
                    await asyncio.sleep(0.1)
            living.leave(user, place)
        finally:
            await dead.close()
            await living.close()

    run(story())
