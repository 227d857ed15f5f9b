"""The hub: what is committed reaches whoever listens, in this process and in others; nothing ever waits."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connections, transaction

from core import hub
from core.devserver import redis_server
from core.hub import link as hub_link
from core.hub.inboxes import ThreadInbox
from core.rls import as_system

ROOT = Path(__file__).parents[2]


@pytest.fixture
def inside(settings):
    """A hub without Redis."""
    settings.REDIS_URL = ""
    hub.close()
    yield
    hub.close()


@pytest.fixture
def by_redis(settings):
    settings.REDIS_URL = os.environ["REDIS_URL"]
    hub.close()
    yield settings.REDIS_URL
    hub.close()


@pytest.fixture(params=["inside", pytest.param("by_redis", marks=pytest.mark.redis)])
def either(request):
    request.getfixturevalue(request.param)


def topic(kind="user"):
    return f"{kind}:{uuid4()}"


async def collect(stream, count, within=5):
    return [dict(await asyncio.wait_for(anext(stream), within)) for _ in range(count)]


# -- In one process


def test_a_task_hears_its_topics_and_no_other(either):
    mine, also, other = topic(), topic("thread"), topic()

    async def story():
        async with hub.listen([mine]) as stream:
            hub.publish_now(mine, {"n": 1})
            hub.publish_now(other, {"n": 2})
            hub.publish_now(also, {"n": 3})
            await stream.add(also, mine)
            hub.publish_now(also, {"n": 4})
            assert await collect(stream, 2) == [{"n": 1}, {"n": 4}]
            stream.drop(also)
            hub.publish_now(also, {"n": 5})
            hub.publish_now(mine, {"n": 6})
            frame = await anext(stream)
            assert (frame, frame.topic, json.loads(frame.json)) == ({"n": 6}, mine, {"n": 6})
            assert await stream.get(0.05) is None
        assert hub._hub()._listeners == {}

    asyncio.run(story())


def test_frames_come_once_and_in_order(either):
    mine = topic()

    async def story():
        async with hub.listen([mine]) as stream:
            for n in range(500):
                hub.publish_now(mine, {"n": n})
            assert await collect(stream, 500) == [{"n": n} for n in range(500)]
            assert await stream.get(0.1) is None  # our own frames don't come back from Redis

    asyncio.run(story())


def test_a_thread_waits_for_a_frame(either):
    mine = topic()
    assert hub.wait_for(mine, 0.01) is None
    threading.Timer(0.1, hub.publish_now, [mine, {"n": 1}]).start()
    assert hub.wait_for(mine, 5) == {"n": 1}
    with hub.waiting([mine]) as box:  # what comes between the look into the database and the waiting is kept
        hub.publish_now(mine, {"n": 2})
        assert box.get(0) == {"n": 2}
        assert box.get(0) is None
    assert hub._hub()._listeners == {}


def test_two_loops_and_a_thread_hear_the_same_frame(either):
    mine = topic()
    ready = threading.Barrier(4)

    async def in_a_loop():
        async with hub.listen([mine]) as stream:
            await asyncio.to_thread(ready.wait, 5)
            return await collect(stream, 20)

    def in_a_thread():
        with hub.waiting([mine]) as box:
            ready.wait(5)
            return [dict(box.get(5)) for _ in range(20)]

    with ThreadPoolExecutor(3) as pool:
        heard = [
            pool.submit(asyncio.run, in_a_loop()),
            pool.submit(asyncio.run, in_a_loop()),
            pool.submit(in_a_thread),
        ]
        ready.wait(5)
        for n in range(20):
            hub.publish_now(mine, {"n": n})
        assert [each.result() for each in heard] == [[{"n": n} for n in range(20)]] * 3


def test_a_slow_reader_loses_the_oldest_and_is_told_how_many(inside):
    mine = topic()

    async def story():
        async with hub.listen([mine]) as stream:
            for n in range(1300):
                hub.publish_now(mine, {"n": n})
            assert stream.dropped == 300
            assert (await collect(stream, 1000))[0] == {"n": 300}

    asyncio.run(story())


def test_a_late_bell_does_not_end_the_waiting():
    box = ThreadInbox()
    box._event.set()
    before = time.monotonic()
    assert box.get(0.1) is None
    assert time.monotonic() - before >= 0.1


def test_a_loop_that_was_closed_with_listeners_harms_nobody(inside):
    mine = topic()
    loop = asyncio.new_event_loop()

    async def forget():
        await hub.Stream(hub._hub()).add(mine)

    loop.run_until_complete(forget())
    loop.close()
    hub.publish_now(mine, {"n": 1})
    hub.publish_now(mine, {"n": 2})


@pytest.mark.parametrize("bad", ["", "user", "user:", "User:1", "user:a b", "user:1\n", "a" * 30 + ":1"])
def test_what_is_no_topic_is_refused(bad, inside):
    with pytest.raises(ValueError, match="no topic"):
        hub.publish_now(bad, {})
    with pytest.raises(ValueError, match="no topic"), hub.waiting([bad]):
        raise AssertionError


def test_a_frame_is_taken_down_when_it_is_published(inside):
    mine = topic()
    with hub.waiting([mine]) as box:
        frame = {"n": 1}
        hub.publish_now(mine, frame)
        frame["n"] = 2
        assert box.get(0) == {"n": 1}
        with pytest.raises(TypeError):
            hub.publish_now(mine, {"n": object()})


# -- Commits


@pytest.mark.django_db(transaction=True)
def test_a_commit_sends_and_a_rollback_does_not(either):
    mine = topic()
    with hub.waiting([mine]) as box:
        with as_system("test"):
            hub.publish(mine, {"n": 1})
            assert box.get(0) is None
        assert box.get(0) == {"n": 1}
        with contextlib.suppress(RuntimeError), transaction.atomic():
            hub.publish(mine, {"n": 2})
            raise RuntimeError
        with transaction.atomic():
            with contextlib.suppress(RuntimeError), transaction.atomic():
                hub.publish(mine, {"n": 3})
                raise RuntimeError
            hub.publish(mine, {"n": 4})
        assert [box.get(0), box.get(0.05)] == [{"n": 4}, None]
        hub.publish(mine, {"n": 5})
        assert box.get(0) == {"n": 5}
    connections.close_all()


# -- Across processes


def another(script, **env):
    """Another process of ours; warnings are errors there."""
    prelude = """
        import asyncio, os, sys, time
        from django.conf import settings
        settings.configure(REDIS_URL=os.environ["HUB_REDIS"], DATABASES={})
        from core import hub
    """
    return subprocess.Popen(
        [
            sys.executable,
            "-W",
            "error",
            "-X",
            "dev",
            "-c",
            textwrap.dedent(prelude) + textwrap.dedent(script),
        ],
        cwd=ROOT,
        env={**os.environ, **env},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.redis
def test_two_processes_talk_and_end_without_a_word(by_redis):
    question, answer = topic(), topic()
    script = f"""
        async def main():
            async with hub.listen(["{question}"]) as stream:
                print("ready", flush=True)
                for _ in range(50):
                    frame = await asyncio.wait_for(anext(stream), 10)
                    hub.publish_now("{answer}", {{"n": frame["n"] * 2}})
        asyncio.run(main())
    """
    with another(script, HUB_REDIS=by_redis) as process, hub.waiting([answer]) as box:
        assert process.stdout.readline() == "ready\n"
        for n in range(50):
            hub.publish_now(question, {"n": n})
        assert [box.get(10)["n"] for _ in range(50)] == [n * 2 for n in range(50)]
        assert process.communicate(timeout=20) == ("", "")
        assert process.returncode == 0


@pytest.mark.redis
def test_the_last_frames_of_a_process_that_ends_are_sent(by_redis):
    mine = topic()
    with hub.waiting([mine]) as box:
        with another(f"hub.publish_now('{mine}', {{'n': 1}})", HUB_REDIS=by_redis) as process:
            assert process.communicate(timeout=20) == ("", "")
        assert box.get(5) == {"n": 1}


@pytest.mark.redis
def test_a_forked_worker_has_a_hub_of_its_own(by_redis):
    mine = topic()
    script = f"""
        import warnings
        warnings.simplefilter("ignore", DeprecationWarning)  # fork beside threads is the point here
        with hub.waiting(["{topic()}"]):
            child = os.fork()
            hub.publish_now("{mine}", {{"from": "child" if child == 0 else "parent"}})
            if child == 0:
                hub.close()
                os._exit(0)
            os.waitpid(child, 0)
    """
    with hub.waiting([mine]) as box, another(script, HUB_REDIS=by_redis) as process:
        assert process.communicate(timeout=20) == ("", "")
        assert {box.get(5)["from"], box.get(5)["from"]} == {"child", "parent"}


@pytest.mark.redis
def test_leaving_and_joining_again_costs_no_time(by_redis):
    mine = topic()
    before = time.monotonic()
    for _ in range(20):
        assert hub.wait_for(mine, 0.001) is None
    assert time.monotonic() - before < 1


@pytest.mark.redis
def test_one_connection_listens_however_many_topics_there_are(by_redis):
    import redis

    async def story():
        topics = [topic() for _ in range(1500)]
        async with hub.listen(topics) as stream, hub.listen(topics[:10]):
            with redis.Redis.from_url(by_redis) as client:
                names = [f"{hub_link.PREFIX}{each}" for each in topics]
                assert {count for _, count in client.pubsub_numsub(*names)} == {1}
                client.publish(f"{hub_link.PREFIX}{topics[7]}", b"0" * 16 + b'{"n":7}')
                assert await collect(stream, 1) == [{"n": 7}]
                stream.drop(*topics[:20])
                await asyncio.sleep(0.3)
                assert [count for _, count in client.pubsub_numsub(*names[:20])] == [1] * 10 + [0] * 10

    asyncio.run(story())


# -- Redis goes and comes back


@pytest.fixture
def own_redis(settings, monkeypatch, tmp_path):
    """A Redis that the test may take away: `up()` starts it, again at the same address."""
    monkeypatch.setattr("core.devserver.companions.short_temporary_folder", lambda: _made(tmp_path / "r"))
    settings.REDIS_URL = f"unix://{tmp_path / 'r' / 'redis.sock'}?db=0"
    hub.close()
    yield redis_server
    hub.close()


def _made(folder):
    folder.mkdir(exist_ok=True)
    return str(folder)


@pytest.mark.redis
def test_after_redis_was_away_everybody_is_told_of_the_gap(own_redis, caplog):
    mine = topic()
    with own_redis(), hub.waiting([mine]) as box:
        hub.publish_now(mine, {"n": 1})
        assert box.get(1) == {"n": 1}
        sent = hub._hub()._link
    with hub.waiting([mine]) as box:
        before = time.monotonic()
        for n in range(50):
            hub.publish_now(mine, {"n": n})
        assert time.monotonic() - before < 0.5
        assert [box.get(1)["n"] for _ in range(50)] == list(range(50))  # this process needs no Redis
        while not sent.down:
            time.sleep(0.02)
        with own_redis():
            assert box.get(10) == {"type": "GAP"}
            with another(
                f"hub.publish_now('{mine}', {{'n': 2}})", HUB_REDIS=hub.settings.REDIS_URL
            ) as process:
                assert process.communicate(timeout=20) == ("", "")
            assert box.get(5) == {"n": 2}
            assert len([record for record in caplog.records if "has no Redis" in record.message]) == 1
            assert len([record for record in caplog.records if "takes no" in record.message]) == 1


@pytest.mark.redis
def test_a_listener_starts_while_redis_is_away(own_redis):
    mine = topic()
    with hub.waiting([mine]) as box:
        hub.publish_now(mine, {"n": 1})
        assert box.get(0) == {"n": 1}
        with own_redis():
            assert box.get(10) == {"type": "GAP"}


@pytest.mark.redis
def test_what_redis_does_not_take_is_dropped_and_counted(own_redis, monkeypatch):
    monkeypatch.setattr(hub_link, "OUTGOING", 100)
    lost = hub_link._dropped._value
    before, started = lost.get(), time.monotonic()
    for n in range(2000):
        hub.publish_now("user:1", {"n": n})
    assert time.monotonic() - started < 1
    hub.close()
    assert lost.get() - before >= 1800
