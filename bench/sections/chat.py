"""Chat: what a durable message, a delivery and an idle socket cost; latency while REST is busy.

The product as in production (uvicorn for sockets, granian for REST) beside a raw ASGI server on asyncpg with the same
batching. Processor time is that of the server process; what PostgreSQL spends on its statements stands apart.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import resource
import socket
import statistics
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import jwt
import psutil
import psycopg
from websockets.asyncio.client import connect

from bench.limit.chat import TABLES
from bench.peers import ROOT, Peer, cpu_seconds, free_port
from bench.sections.vehicles import PASSWORD
from core.devserver import companion

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

USERS, CROWD = 100, 500
BODY = "The third gear pull looks lean above seven thousand, see the log of yesterday evening."
LIFE = 3600 * 4


@dataclass
class Sockets:
    """One running socket server, and how a person enters it."""

    name: str
    port: int
    database: str
    tokens: dict[str, str]  # person -> token; the raw server believes the id

    def url(self, person: str) -> str:
        query = f"token={self.tokens[person]}" if self.tokens else f"user={person}"
        return f"ws://127.0.0.1:{self.port}/chat/ws?{query}"

    def server(self) -> psutil.Process:
        return next(
            one
            for one in psutil.process_iter(["cmdline"])
            if f"--port {self.port}" in " ".join(one.info["cmdline"] or [])
            and "uvicorn" in " ".join(one.info["cmdline"])
            and not (one.info["cmdline"] or [""])[0].endswith("sh")
        )

    def backends(self) -> set[int]:
        with psycopg.connect(self.database) as link:
            rows = link.execute("SELECT pid FROM pg_stat_activity WHERE application_name = %s", [self.name])
            return {pid for (pid,) in rows}


def compare(peers: Sequence[Peer], *, rounds: int) -> Iterator[str]:
    """Fill in people and threads, then run all cases, one server after the other in each round."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, hard), hard))
    product = peers[0]
    people, pairs, crowd = fill(product)
    raw_url = peers[1].database
    tokens = {person: token(product, person, session) for person, session in people.items()}
    fill_raw(raw_url, pairs, crowd, [*people])
    fast = {"CHAT_RATE": "1000000", "CHAT_BURST": "1000000"}
    with (
        serve("sockets", "config.asgi:application", product.database, product.environment | fast) as mine,
        serve("raw", "bench.limit.chat:application", raw_url, {}) as raw,
    ):
        both = [Sockets("sockets", mine, product.database, tokens), Sockets("raw", raw, raw_url, {})]
        yield report(both, pairs, crowd, rounds=rounds)
        yield latency(product, both[0], pairs)


@contextlib.contextmanager
def serve(name: str, target: str, url: str, environment: dict[str, str]) -> Iterator[int]:
    port = free_port()
    settings = environment | {"DATABASE_URL": url, "PGAPPNAME": name, "PYTHONPATH": str(ROOT)}
    command = ["env", *(f"{key}={value}" for key, value in settings.items()), sys.executable, "-m", "uvicorn", target,
               "--port", str(port), "--ws", "websockets-sansio", "--ws-max-size", "65536", "--ws-ping-interval", "60",
               "--ws-per-message-deflate", "false", "--no-access-log", "--log-level", "error",
               "--app-dir", str(ROOT)]  # fmt: skip

    def answers() -> bool:
        with socket.socket() as link:
            return link.connect_ex(("127.0.0.1", port)) == 0

    with companion(command, ready=answers, seconds=60):
        yield port


# -- Data


def fill(peer: Peer) -> tuple[dict[str, str], list[tuple[str, str, str]], str]:
    """People with a login each, threads of two, and one thread of everybody: person -> session, (thread, a, b)."""
    person = {"email": "chat-first@bench.example", "password": PASSWORD}
    peer.demand("POST", "/api/v1/auth/register/", person | {"name": "First"})
    with psycopg.connect(peer.database, autocommit=True) as link:
        first = link.execute("SELECT id FROM users_user WHERE email = %s", [person["email"]]).fetchone()
        people: dict[str, str] = {}
        for number in range(CROWD):
            one, session = uuid4(), uuid4()
            copy(link, "users_user", first[0], {"id": one, "email": f"chat-{number}@bench.example"})
            link.execute(
                "INSERT INTO users_appsession SELECT (jsonb_populate_record(s, %s)).* FROM users_appsession s"
                " WHERE user_id = %s LIMIT 1",
                [json.dumps({"id": str(session), "user_id": str(one)}), first[0]],
            )
            people[str(one)] = str(session)
        ids = [*people]
        pairs = [(thread(link, ids[n : n + 2]), ids[n], ids[n + 1]) for n in range(0, USERS, 2)]
        return people, pairs, thread(link, ids)


def copy(link: Any, table: str, key: UUID, changes: dict[str, Any]) -> None:
    given = json.dumps({name: str(value) for name, value in changes.items()})
    link.execute(
        f"INSERT INTO {table} SELECT (jsonb_populate_record(r, %s)).* FROM {table} r WHERE id = %s",
        [given, key],
    )


def thread(link: Any, people: list[str]) -> str:
    """An order's thread, as it has no state that staff must be told of."""
    key = uuid4()
    link.execute(
        "INSERT INTO chat_thread (id, kind, subject, context_type, status, priority, last_seq, last_rev, head_rev,"
        " staff_seen_seq, last_message_at) VALUES (%s, 'order', 'Bench', '', 'open', 1, 0, 0, 0, 0, now())",
        [key],
    )
    link.execute(
        "INSERT INTO chat_participant (id, thread_id, user_id, role, joined_seq, read_seq, notified_seq,"
        " delivered_seq) SELECT gen_random_uuid(), %s, who, 'user', 0, 0, 0, 0 FROM unnest(%s::uuid[]) AS p (who)",
        [key, people],
    )
    return str(key)


def fill_raw(url: str, pairs: list[tuple[str, str, str]], crowd: str, people: list[str]) -> None:
    with psycopg.connect(url, autocommit=True) as link:
        link.execute(TABLES)
        members = [(key, who) for key, *both in pairs for who in both] + [(crowd, who) for who in people]
        with link.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO raw_thread (id) VALUES (%s)", [(key,) for key in {one for one, _ in members}]
            )
            cursor.executemany("INSERT INTO raw_member VALUES (%s, %s)", members)


def token(peer: Peer, person: str, session: str) -> str:
    kid, _, key = peer.environment["JWT_KEYS"].partition(":")
    now = int(time.time())
    claims = {"iss": "revsync", "sub": person, "sid": session, "gen": 1, "iat": now, "exp": now + LIFE}
    return jwt.encode(claims, key, algorithm="HS256", headers={"kid": kid})


# -- Measuring


class Cost:
    """Processor time of a server, and of its connections to the database, between two moments."""

    def __init__(self, sockets: Sockets) -> None:
        self.server, self.backends = {sockets.server().pid}, sockets.backends()
        self.start = cpu_seconds(self.server), cpu_seconds(self.backends), time.perf_counter()

    def stop(self) -> tuple[float, float, float]:
        """Seconds of the server, of PostgreSQL, and of the clock."""
        server, backends, at = self.start
        return (
            cpu_seconds(self.server) - server,
            cpu_seconds(self.backends) - backends,
            time.perf_counter() - at,
        )


@contextlib.asynccontextmanager
async def entered(sockets: Sockets, people: list[str]) -> Any:
    async with contextlib.AsyncExitStack() as stack:
        links = {}
        for person in people:
            link = await stack.enter_async_context(
                connect(
                    sockets.url(person), compression=None, ping_interval=None, max_queue=None, open_timeout=30
                )
            )
            await link.recv()  # READY
            links[person] = link
        await asyncio.sleep(1.5)  # presence is told
        yield links
        for link in links.values():
            link.transport.abort()


async def talk(link: Any, key: str, count: int) -> None:
    """The next message follows the acknowledgement of the last."""
    for _ in range(count):
        await link.send(json.dumps({"type": "SEND", "threadId": key, "clientId": str(uuid4()), "body": BODY}))
        while '"ACK"' not in (await link.recv())[:20]:
            pass


async def messages(sockets: Sockets, pairs: list[tuple[str, str, str]], each: int) -> dict[str, float]:
    people = [who for _, *both in pairs for who in both]
    async with entered(sockets, people) as links:
        await asyncio.gather(*(talk(links[a], key, 3) for key, a, _ in pairs))
        cost = Cost(sockets)
        await asyncio.gather(*(talk(links[who], key, each) for key, *both in pairs for who in both))
        server, database, seconds = cost.stop()
    count = len(people) * each
    return {"server": server / count * 1e6, "database": database / count * 1e6, "rate": count / seconds}


async def fan_out(sockets: Sockets, crowd: str, people: list[str], lines: int) -> float:
    """Microseconds of the server for one delivery: one says something, everybody hears it before the next."""
    async with entered(sockets, people) as links:
        speaker = links[people[0]]

        async def heard(link: Any) -> None:
            while '"MESSAGE"' not in (await link.recv())[:20]:
                pass

        cost = Cost(sockets)
        for _ in range(lines):
            await speaker.send(
                json.dumps({"type": "SEND", "threadId": crowd, "clientId": str(uuid4()), "body": BODY})
            )
            await asyncio.gather(*(heard(link) for link in links.values()))
        return cost.stop()[0] / (lines * len(people)) * 1e6


async def idle(sockets: Sockets, people: list[str]) -> float:
    """KiB that a socket which says nothing keeps. The first ones have brought the server to work."""
    async with entered(sockets, people[:20]):
        before = sockets.server().memory_info().rss
        async with entered(sockets, people[20:]):
            return (sockets.server().memory_info().rss - before) / 1024 / (len(people) - 20)


def report(both: list[Sockets], pairs: list[tuple[str, str, str]], crowd: str, *, rounds: int) -> str:
    found: dict[str, list[dict[str, float]]] = {one.name: [] for one in both}
    spread: dict[str, list[float]] = {one.name: [] for one in both}
    people = [*both[0].tokens]
    memory = asyncio.run(idle(both[0], people))
    for number in range(rounds):
        for one in both if number % 2 else reversed(both):
            found[one.name].append(asyncio.run(messages(one, pairs, 20)))
            spread[one.name].append(asyncio.run(fan_out(one, crowd, people, 12)))

    def middle(name: str, what: str) -> float:
        return statistics.median(row[what] for row in found[name])

    mine, raw = found["sockets"], found["raw"]
    rate = statistics.median(a["rate"] / b["rate"] for a, b in zip(mine, raw, strict=True))
    cpu = statistics.median(a["server"] / b["server"] for a, b in zip(mine, raw, strict=True))
    lines = [
        f"{'':34}{'product':>10}{'raw':>10}   bar",
        f"{'server CPU a message, us':34}{middle('sockets', 'server'):10.0f}{middle('raw', 'server'):10.0f}   120",
        f"{'PostgreSQL CPU a message, us':34}{middle('sockets', 'database'):10.0f}{middle('raw', 'database'):10.0f}",
        f"{'messages a second, closed loop':34}{middle('sockets', 'rate'):10.0f}{middle('raw', 'rate'):10.0f}",
        f"{'   as a share of raw':34}{rate:10.2f}{1:10.2f}   0.50",
        f"{'   server CPU against raw':34}{cpu:10.2f}{1:10.2f}",
        f"{f'server CPU a delivery to {len(people)}, us':34}{statistics.median(spread['sockets']):10.1f}"
        f"{statistics.median(spread['raw']):10.1f}   25",
        f"{'an idle socket, KiB':34}{memory:10.1f}{'':10}   40",
    ]
    return "\n".join(lines)


# -- Latency


async def tick(sockets: Sockets, pairs: list[tuple[str, str, str]], seconds: float) -> list[float]:
    """Seconds until each message is acknowledged, of one message every 25 ms."""
    found: list[float] = []
    people = [a for _, a, _ in pairs[:10]]
    keys = {a: key for key, a, _ in pairs}
    async with entered(sockets, people) as links:
        end = time.perf_counter() + seconds
        number = 0
        while time.perf_counter() < end:
            who = people[number % len(people)]
            start = time.perf_counter()
            await talk(links[who], keys[who], 1)
            found.append(time.perf_counter() - start)
            number += 1
            await asyncio.sleep(max(0.0, 0.025 - found[-1]))
    return found


def latency(product: Peer, sockets: Sockets, pairs: list[tuple[str, str, str]]) -> str:
    """Alone, then beside a REST server that answers as fast as one client asks."""
    token_of_one = next(iter(sockets.tokens.values()))
    alone: list[float] = []
    beside: list[float] = []
    for _ in range(2):
        alone += asyncio.run(tick(sockets, pairs, 4))
        over = threading.Event()
        load = threading.Thread(target=busy, args=(product, token_of_one, over))
        load.start()
        try:
            beside += asyncio.run(tick(sockets, pairs, 4))
        finally:
            over.set()
            load.join()

    def p99(values: list[float]) -> float:
        return sorted(values)[int(len(values) * 0.99)] * 1000

    ratio = p99(beside) / p99(alone)
    return (
        f"{'acknowledged within, p99, ms':34}{p99(alone):10.1f}  alone, {p99(beside):.1f} beside busy REST: "
        f"{ratio:.2f} times, bar 1.5"
    )


def busy(product: Peer, token_of_one: str, over: threading.Event) -> None:
    product.reconnect()
    while not over.is_set():
        product.ask("GET", "/api/v1/garage/vehicles/", token=token_of_one)
        time.sleep(0.02)
