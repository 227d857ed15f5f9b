"""What goes wrong on one socket or behind it: the database restarts, readers are slow, input is bad."""

import asyncio
import json
import os
import socket as sockets
import subprocess
from uuid import uuid4

import psycopg
import pytest
from asgiref.sync import sync_to_async
from websockets.asyncio.client import connect

from chat.consumer.database import Database
from chat.consumer.writer import Item, Writer
from chat.models import Message, Part
from chat.services import open_thread
from chat.tests.serving import Visitor, database_url, run, serving, token_of, visiting
from core import hub
from core.devserver import binaries_of, forget
from core.devserver.folders import home_of
from core.devserver.postgres import Postgres
from tests.cast import make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.redis]


@pytest.fixture
def own_postgres(pair, tmp_path):
    """A cluster of one's own with a copy of the tests' database: the cluster and its URL."""
    programs = binaries_of(int(os.environ.get("REVSYNC_TEST_PG") or 18))
    folder = tmp_path / "postgres"
    made = Postgres(home_of(folder), programs, fsync=False)
    url = f"postgresql://postgres@/revsync?host={made.start()}"
    try:
        with psycopg.connect(url, autocommit=True) as link:
            for role in ("revsync_app", "revsync_system"):
                link.execute(f"CREATE ROLE {role}")
        copy = tmp_path / "copy"
        subprocess.run([programs / "pg_dump", "-Fc", "-f", copy, "-d", database_url()], check=True)
        subprocess.run([programs / "pg_restore", "-d", url, copy], check=True, stderr=subprocess.DEVNULL)
        yield made, url
    finally:
        forget(folder)


def test_a_database_that_restarts_costs_no_message_and_no_socket(pair, request):
    alice, tara, thread = pair
    tokens = token_of(alice), token_of(tara)
    cluster, url = request.getfixturevalue("own_postgres")

    async def story(server):
        async with visiting(server, tokens[0]) as a, visiting(server, tokens[1]) as t:
            assert (await a.send(thread.pk, "before"))["seq"] == 1
            await sync_to_async(cluster.stop, thread_sensitive=False)()
            lost = await a.send(thread.pk, "while it is away", clientId="w", timeout=9)
            assert (lost["code"], lost["clientId"], lost["retryAfter"]) == ("unavailable", "w", 1.0)
            await a.say(type="PING", t=1)
            await a.hear("PONG")
            await t.say(type="RESUME", threads={str(thread.pk): 0})
            await t.quiet("RESUMED", "ERROR")  # the replay waits
            await sync_to_async(cluster.start, thread_sensitive=False)()
            async with asyncio.timeout(15):
                answer = lost
                while answer["type"] == "ERROR":
                    await asyncio.sleep(answer["retryAfter"] / 4)
                    answer = await a.send(thread.pk, "while it is away", clientId="w")
            assert answer["seq"] == 2
            await t.hear("RESUMED", timeout=15)
            bodies = [frame["body"] for frame in t.seen if frame["type"] == "MESSAGE"]
            while bodies[-1] != "while it is away":
                bodies.append((await t.hear("MESSAGE"))["body"])
            assert bodies == ["before", "before", "while it is away"]  # live, and what RESUME asked for again

    with serving(DATABASE_URL=url) as server:
        run(story(server))


def test_a_reader_who_does_not_read_is_cut_off_and_resumes(transactional_db):
    alice, tara, bob = make_user("alice"), make_user("tara"), make_user("bob")
    thread, _ = open_thread(opener=alice.pk, people={tara.pk: Part.TUNER, bob.pk: Part.USER}, kind="order")
    tokens = [token_of(one) for one in (alice, tara, bob)]
    small = {"CHAT_OUT_QUEUE": "100", "CHAT_RATE": "9999", "CHAT_BURST": "9999"}
    lines, body = 900, "x" * 7500  # more than the buffers of two kernels hold

    async def story(server):
        async with visiting(server, tokens[0]) as a, visiting(server, tokens[2]) as b:
            slow = await connect(
                f"{server.url}?token={tokens[1]}",
                compression=None,
                max_queue=1,
                ping_interval=None,
                sock=narrow(server.port),
            )
            assert json.loads(await slow.recv())["type"] == "READY"  # what came before it is for RESUME
            for n in range(lines):
                await a.say(type="SEND", threadId=str(thread.pk), body=f"{n} {body}", clientId=str(n))
                if n % 40 == 39 or n == lines - 1:
                    await asyncio.gather(a.count("MESSAGE", n + 1), b.count("MESSAGE", n + 1))
            slow = Visitor(slow)
            assert await slow.closed(timeout=20) == 4008
            seen = [frame["seq"] for frame in slow.seen if frame["type"] == "MESSAGE"]
            assert seen == list(range(1, len(seen) + 1))
            assert len(seen) < lines
            async with visiting(server, tokens[1]) as again:
                await again.say(type="RESUME", threads={str(thread.pk): len(seen)})
                assert (await again.hear("RESUMED", timeout=20))["threads"] == {str(thread.pk): lines}
                rest = [frame["seq"] for frame in again.seen if frame["type"] == "MESSAGE"]
                assert rest == list(range(len(seen) + 1, lines + 1))

    with serving(**small) as server:
        run(story(server))


def narrow(port):
    """A connection whose kernel takes little for a reader who does not read."""
    link = sockets.socket()
    link.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 32 * 1024)
    link.connect(("127.0.0.1", port))
    link.setblocking(False)
    return link


def bad_frames(thread, message="018f0000-0000-7000-8000-00000000dead"):
    return [
        ("no JSON", "{", "invalid"),
        ("a list", "[1]", "invalid"),
        ("no type", "{}", "invalid"),
        ("a type that is none", '{"type": 7}', "invalid"),
        ("an unknown type", '{"type": "FLY"}', "invalid"),
        ("no thread", {"type": "SEND", "body": "x"}, "invalid"),
        ("no body", {"type": "SEND", "threadId": thread}, "invalid"),
        ("an empty body", {"type": "SEND", "threadId": thread, "body": " "}, "invalid"),
        ("NUL", {"type": "SEND", "threadId": thread, "body": "a\0b"}, "invalid"),
        ("a body that is none", {"type": "SEND", "threadId": thread, "body": {"a": 1}}, "invalid"),
        ("too many characters", {"type": "SEND", "threadId": thread, "body": "x" * 8001}, "too_large"),
        ("a number as id", {"type": "SEND", "threadId": thread, "body": "x", "clientId": 5}, "invalid"),
        ("an answer to nothing", {"type": "SEND", "threadId": thread, "body": "x", "replyTo": message}, "invalid"),
        ("files of nobody", {"type": "SEND", "threadId": thread, "body": "x", "attachments": [message]}, "invalid"),
        ("files that are none", {"type": "SEND", "threadId": thread, "body": "x", "attachments": "abc"}, "invalid"),
        ("a foreign thread", {"type": "SEND", "threadId": message, "body": "x"}, "forbidden"),
        ("typing elsewhere", {"type": "TYPING", "threadId": message, "typing": True}, "forbidden"),
        ("reading elsewhere", {"type": "READ", "threadId": message, "seq": 1}, "forbidden"),
        ("reading nothing", {"type": "READ", "threadId": thread, "seq": True}, "invalid"),
        ("editing what is not", {"type": "EDIT", "threadId": thread, "id": message, "body": "x"}, "forbidden"),
        ("deleting nothing", {"type": "DELETE", "threadId": thread}, "invalid"),
        ("resuming nonsense", {"type": "RESUME", "threads": {"x": 1}}, "invalid"),
        ("a foreign topic", {"type": "SUBSCRIBE", "topic": f"flash:{message}"}, "forbidden"),
        ("a topic of all", {"type": "SUBSCRIBE", "topic": "chat:live"}, "forbidden"),
        ("somebody's own topic", {"type": "SUBSCRIBE", "topic": f"user:{message}"}, "forbidden"),
    ]  # fmt: skip


def test_bad_frames_are_refused_one_by_one_and_nobody_else_notices(server, pair):
    alice, tara, thread = pair
    tokens = token_of(alice), token_of(tara)

    async def story():
        async with visiting(server, tokens[0]) as a, visiting(server, tokens[1]) as t:
            for what, frame, code in bad_frames(str(thread.pk)):
                await a.link.send(frame if isinstance(frame, str) else json.dumps(frame))
                assert (what, (await a.hear("ERROR"))["code"]) == (what, code)
                await asyncio.sleep(0.1)
            forged = {"sender": "support", "senderId": str(tara.pk), "user": str(tara.pk), "seq": 99}
            ack = await a.send(thread.pk, "It is me", **forged)
            assert ack["seq"] == 1
            heard = await t.hear("MESSAGE", "ERROR")
            assert (heard["sender"], heard["senderId"], heard["seq"]) == ("user", str(alice.pk), 1)

    run(story())
    assert Message.objects.count() == 1


def test_a_frame_of_two_mebibytes_ends_only_its_own_socket(server, pair):
    alice, tara, thread = pair
    tokens = token_of(alice), token_of(tara)

    async def story():
        async with visiting(server, tokens[0]) as a, visiting(server, tokens[1]) as t:
            await a.say(type="SEND", threadId=str(thread.pk), body="x" * 2 * 1024 * 1024)
            assert await a.closed() == 1009
            assert (await t.send(thread.pk, "still here"))["seq"] == 1

    run(story())
    assert Message.objects.count() == 1


def test_a_flood_is_held_back_and_says_how_long_to_wait(server, pair):
    alice, tara, thread = pair
    tokens = token_of(alice), token_of(tara)

    async def story():
        async with visiting(server, tokens[0]) as a, visiting(server, tokens[1]) as t:
            for n in range(60):
                await a.say(type="SEND", threadId=str(thread.pk), body=str(n), clientId=str(n))
            answers = [await a.hear("ACK", "ERROR") for _ in range(60)]
            refused = [one for one in answers if one["type"] == "ERROR"]
            assert 20 <= len(refused) <= 30
            assert {one["code"] for one in refused} == {"rate_limited"}
            assert all(0 < one["retryAfter"] <= 0.1 and one["clientId"] for one in refused)
            assert (await t.send(thread.pk, "mine goes through"))["type"] == "ACK"
            return 60 - len(refused) + 1

    assert run(story()) == Message.objects.count()


def test_more_sockets_than_allowed_are_turned_away(server, pair):
    token = token_of(pair[0])

    async def story():
        links = [await connect(f"{server.url}?token={token}") for _ in range(10)]
        for link in links:
            await link.recv()
        one_more = await connect(f"{server.url}?token={token}")
        await one_more.wait_closed()
        for link in links:
            await link.close()
        return one_more.close_code

    assert run(story()) == 4029


def test_what_the_writer_has_no_room_for_is_unavailable_and_not_written(pair, settings):
    settings.CHAT_WRITER_QUEUE = 2
    gate = asyncio.Event()

    class Slow:
        async def fetch(self, statement, arguments):
            await gate.wait()
            raise psycopg.OperationalError("gone")

    async def story():
        asker = Asker()
        writer = Writer(Slow(), lambda new, moved: None)
        items = [Item(asker, str(pair[2].pk), str(pair[0].pk), f"c{n}", "x", None) for n in range(4)]
        taken = [writer.submit(items[0])]
        await asyncio.sleep(0)  # it is on its way into the database
        taken += [writer.submit(item) for item in items[1:]]
        gate.set()
        await writer.drain()
        return taken, [(one["code"], one["clientId"], one["retryAfter"]) for one in asker.heard]

    taken, heard = run(story())
    assert taken == [True, True, True, False]
    assert heard == [("unavailable", f"c{n}", 1.0) for n in range(3)]


class Asker:
    """Stands for a socket."""

    def __init__(self):
        self.heard = []

    def push(self, text):
        self.heard.append(json.loads(text))

    def refuse(self, code, message, **more):
        self.heard.append({"type": "ERROR", "code": code} | more)


def test_one_poisoned_message_takes_no_other_with_it(pair, monkeypatch):
    """A body that the database refuses, past all validation, among others in one commit."""
    alice, _, thread = pair

    async def story():
        database, asker, casts = Database(), Asker(), []
        await database.open()
        writer = Writer(database, lambda new, moved: casts.extend(new))
        for body in ("one", "two\0", "three", "four"):
            writer.submit(Item(asker, str(thread.pk), str(alice.pk), f"c-{body[:3]}", body, None))
        await writer.drain()
        await database.close()
        return asker.heard, [cast.seq for cast in casts]

    heard, delivered = run(story())
    assert [(one["type"], one.get("seq")) for one in heard] == [
        ("ACK", 1), ("ERROR", None), ("ACK", 2), ("ACK", 3),
    ]  # fmt: skip
    assert heard[1] == {"type": "ERROR", "code": "invalid", "clientId": "c-two"}
    assert delivered == [1, 2, 3]


def test_pokes_of_other_apps_come_on_the_same_socket(server, pair):
    alice, tara, _ = pair
    token = token_of(alice)
    mine, theirs = f"user:{alice.pk}", f"user:{tara.pk}"

    async def story():
        async with visiting(server, token) as a:
            await asyncio.sleep(0.3)
            hub.publish_now(theirs, {"type": "SYNC", "cursor": 1})
            hub.publish_now(mine, {"type": "SYNC", "cursor": 2})
            assert await a.hear("SYNC") == {"type": "SYNC", "cursor": 2}
            topic = f"flash:{uuid4()}"
            await a.say(type="SUBSCRIBE", topic=topic)
            assert (await a.hear("ERROR"))["topic"] == topic

    run(story())
