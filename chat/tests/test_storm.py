"""Many clients, two server processes, everything breaks: nothing is lost, doubled or out of order."""

import asyncio
from collections import Counter
from contextlib import ExitStack, asynccontextmanager

import pytest
from asgiref.sync import sync_to_async

from chat.models import Message, Part, Thread
from chat.services import open_thread
from chat.tests.client import Rider
from chat.tests.serving import in_thread, run, serving, token_of
from core.devserver import redis_server
from core.rls import as_system
from tests.cast import make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.redis]
FAST = {"CHAT_RATE": "2000", "CHAT_BURST": "2000"}
RIDERS, LINES, PACE = 200, 12, 1.0
PATIENCE = 240  # seconds that a busy machine may take; a quiet one needs a tenth


def gathered(riders):
    """They talk in threads of four to five people each: (person, token, their threads)."""
    people = [make_user(f"rider{number}") for number in range(riders)]
    members = {}
    for number in range(riders // 2):
        inside = [people[(number * 2 + step) % riders] for step in range(4 + number % 2)]
        thread, _ = open_thread(
            opener=inside[0].pk, people={one.pk: Part.USER for one in inside[1:]}, kind="order"
        )
        members[thread.pk] = [one.pk for one in inside]
    return [
        (one, token_of(one), [thread for thread, inside in members.items() if one.pk in inside])
        for one in people
    ]


@pytest.fixture
def own_redis(monkeypatch, tmp_path):
    """A Redis that a test may take away: entered, it stands, each time at the same address."""
    folder = tmp_path / "r"

    def made():
        folder.mkdir(exist_ok=True)
        return str(folder)

    monkeypatch.setattr("core.devserver.companions.short_temporary_folder", made)
    return redis_server, f"unix://{folder / 'redis.sock'}?db=0"


@asynccontextmanager
async def riding(crowd, servers):
    riders = [
        Rider(str(person.pk), token, servers, threads, seed)
        for seed, (person, token, threads) in enumerate(crowd)
    ]
    tasks = [asyncio.create_task(rider.run()) for rider in riders]
    try:
        yield riders
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def lengths():
    def count():
        with as_system("a test"):
            return {str(pk): seq for pk, seq in Thread.objects.values_list("pk", "last_seq")}

    return await in_thread(count)


def judge(riders, lines):
    """What everybody heard is what the database has, each line once, numbered without a hole."""
    assert [rider.wrong for rider in riders] == [[] for _ in riders]
    stored = {}
    for row in Message.objects.order_by("thread_id", "seq"):
        stored.setdefault(str(row.thread_id), []).append((row.seq, str(row.pk), row.body))
    for messages in stored.values():
        assert [seq for seq, _, _ in messages] == list(range(1, len(messages) + 1))
    said = Counter(body for messages in stored.values() for _, _, body in messages)
    assert said == Counter(f"{rider.user_id} {number}" for rider in riders for number in range(lines))
    for rider in riders:
        for thread, messages in rider.threads.items():
            heard = [(frame["seq"], frame["id"], frame["body"]) for frame in messages]
            assert heard == stored.get(thread, [])
        stamps = [[frame["timestamp"] for frame in messages] for messages in rider.threads.values()]
        assert stamps == [sorted(each) for each in stamps]


async def talk(riders, lines, pace, trouble):
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*(rider.write(lines, pace) for rider in riders), trouble)
        await asyncio.gather(*(rider.everything() for rider in riders))
        ends = await lengths()
        await asyncio.gather(*(rider.caught_up(ends) for rider in riders))


def test_cuts_twins_a_killed_worker_and_a_lost_redis(transactional_db, own_redis):
    """Two hundred clients, and all of it while they write."""
    up, url = own_redis
    crowd = gathered(RIDERS)
    with ExitStack() as redis, serving(REDIS_URL=url, **FAST) as one, serving(REDIS_URL=url, **FAST) as two:
        redis.enter_context(up())

        async def trouble():
            await asyncio.sleep(1)
            await sync_to_async(one.kill, thread_sensitive=False)()
            await asyncio.sleep(0.5)
            await sync_to_async(redis.close, thread_sensitive=False)()
            await sync_to_async(one.start, thread_sensitive=False)()
            await asyncio.sleep(1)
            await sync_to_async(redis.enter_context, thread_sensitive=False)(up())

        async def story():
            async with riding(crowd, [one, two]) as riders:
                await talk(riders, LINES, PACE, trouble())
                return riders

        riders = run(story(), patience=PATIENCE + 20)
    judge(riders, LINES)
    assert sum(rider.connections for rider in riders) > 1.5 * RIDERS  # there were cuts
    assert sum(rider.twins for rider in riders) > RIDERS  # and what was said twice is in it once


def test_two_processes_without_redis_find_each_other_in_the_database(transactional_db):
    crowd = gathered(8)
    with serving(REDIS_URL="", **FAST) as one, serving(REDIS_URL="", **FAST) as two:

        async def story():
            async with riding(crowd, [one, two]) as riders:
                await talk(riders, 5, 0.04, asyncio.sleep(0))
                return riders

        judge(run(story()), 5)
