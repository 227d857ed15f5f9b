"""Telemetry: batches of 600 samples of 8 signals end to end, beside the fastest that PostgreSQL takes rows at all.

R0 is COPY in binary, from numpy arrays, one commit a batch, into an unlogged table without an index: no duplicate is
noticed there, nobody is asked who he is. Rounds are interleaved; only ratios mean anything on another machine.
Commits are durable (synchronous_commit on), unlike elsewhere in this bench.
"""

from __future__ import annotations

import http.client
import json
import multiprocessing
import os
import statistics
import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import numpy as np
import psycopg

from bench.peers import Peer, cpu_seconds, serve
from bench.sections.vehicles import PASSWORD, vehicle
from telematics.drives import drive

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from telematics.samples import Samples

SIGNALS = ("speed", "rpm", "coolant_temp", "throttle", "fuel_rate", "odometer", "lat", "lon")
SIZE = 600  # samples a batch
BATCHES = 100  # a client sends in a round
DAY = 86_400
PAIRS = 200  # of a round
RAW = "CREATE UNLOGGED TABLE raw_telemetry (vehicle_id uuid, t timestamptz, " + ", ".join(
    f"{name} double precision" for name in SIGNALS
) + ")"  # fmt: skip
EPOCH_2000 = 946_684_800_000
GOALS = {"one client": 0.35, "two clients": 0.50}


@dataclass
class Client:
    """One person with one vehicle, and how far the drives that were sent reach."""

    token: str
    vehicle_id: str
    at: int
    odometer: float = 18_400.0
    sent: int = 0
    seconds: list[float] = field(default_factory=list)

    def next_batches(self, many: int) -> list[Samples]:
        found = []
        for _ in range(many):
            whole = drive(self.at, SIZE, seed=self.at // 1000 % 2**31, odometer_km=self.odometer)
            self.odometer = float(whole.signals["odometer"][-1])
            self.at += SIZE * 1000
            found.append(whole.only(SIGNALS))
        self.sent += many * SIZE
        return found


def compare(peers: Sequence[Peer], *, rounds: int) -> Iterator[str]:
    """All figures of the section, a line at a time; beside raw COPY."""
    peer = peers[0]
    with psycopg.connect(peer.database, autocommit=True) as connection:
        connection.execute("ALTER DATABASE revsync SET synchronous_commit = on")
        connection.execute(RAW)
    with (
        serve(
            "telemetry", "wsgi", "config.wsgi:application", peer.database, peer.environment, workers=2
        ) as server,
        psycopg.connect(peer.database) as raw,
    ):
        clients = [enter(peer, number) for number in range(2)]
        figures = Figures()
        for number in range(rounds + 1):  # the first only warms up
            figures.add(number, "R0", *raw_round(raw, clients[0]))
            figures.add(number, "one client", *round_of(server, clients[:1]))
            figures.add(number, "two clients", *round_of(server, clients))
        yield from figures.lines()
        yield from exactness(server, clients)
        yield disk(peer.database)
        yield row_security(peer, statistics.median(figures.cpu["one client"]), rounds)
        yield series(server, peer)


def enter(peer: Peer, number: int) -> Client:
    peer.reconnect()
    person = {"email": f"telemetry{number}@bench.example", "password": PASSWORD}
    peer.demand("POST", "/api/v1/auth/register/", person | {"name": f"Driver {number}"})
    token = peer.demand("POST", "/api/v1/auth/login/", person)["access_token"]
    made = peer.demand("POST", "/api/v1/garage/vehicles/", vehicle(number), token)
    begin = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=27)
    return Client(token, made["id"], int(begin.timestamp() * 1000))


# -- What is compared


@dataclass
class Figures:
    """By what was measured, round by round: samples a second, microseconds of processor a batch; and seconds of
    each request of one client.
    """

    rates: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    cpu: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    seconds: list[float] = field(default_factory=list)

    def add(self, number: int, name: str, rate: float, cpu: float, took: Sequence[float]) -> None:
        if number:
            self.rates[name].append(rate)
            self.cpu[name].append(cpu)
            self.seconds += took if name == "one client" else []

    def lines(self) -> list[str]:
        found = [
            f"{'':<14}{'samples/s':>12}{'x R0, median (range)':>24}{'goal':>6}{'CPU us a batch':>18}{'R0 / it':>10}"
        ]
        for name, rates in self.rates.items():
            cpu = self.cpu[name]
            found.append(
                f"{name:<14}{statistics.median(rates):>12,.0f}{spread(rates, self.rates['R0']):>24}"
                f"{GOALS.get(name, ''):>6}{statistics.median(cpu):>18,.0f}{spread(self.cpu['R0'], cpu)[:4]:>10}"
            )
        cuts = statistics.quantiles(self.seconds, n=100)
        found.append(
            f"a batch, one client: p50 {cuts[49] * 1e3:.2f} ms, p95 {cuts[94] * 1e3:.2f} ms (goal: 4)"
        )
        return found


def spread(these: Sequence[float], those: Sequence[float]) -> str:
    ratios = [one / other for one, other in zip(these, those, strict=True)]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"


def raw_round(connection: psycopg.Connection[Any], client: Client) -> tuple[float, float, list[float]]:
    batches = client.next_batches(BATCHES)
    client.sent -= BATCHES * SIZE
    backend = {connection.info.backend_pid}
    before = cpu_seconds(backend) + time.process_time()
    rate = copy_rate(connection, batches)
    return rate, (cpu_seconds(backend) + time.process_time() - before) / BATCHES * 1e6, []


def round_of(server: Peer, clients: Sequence[Client]) -> tuple[float, float, list[float]]:
    """The processor time is that of server and database, not of the clients."""
    send_rate(server, clients, many=2)  # whoever rested wakes up
    watched = server.processes()
    before = cpu_seconds(watched)
    rate, took = send_rate(server, clients)
    return rate, (cpu_seconds(watched) - before) / len(took) * 1e6, took


def copy_rate(connection: psycopg.Connection[Any], batches: Sequence[Samples]) -> float:
    """Samples a second of R0."""
    vehicle_id = uuid4()
    start = time.perf_counter()
    for batch in batches:
        with (
            connection.cursor() as cursor,
            cursor.copy("COPY raw_telemetry FROM STDIN WITH (FORMAT binary)") as copy,
        ):
            copy.write(binary_rows(vehicle_id, batch))
        connection.commit()
    return len(batches) * SIZE / (time.perf_counter() - start)


def binary_rows(vehicle_id: UUID, batch: Samples) -> bytes:
    """PostgreSQL's COPY format: for each row the number of fields, and each field behind its length."""
    values = [("f", ">i4"), ("x", ">f8")]
    layout = [("fields", ">i2"), ("l0", ">i4"), ("vehicle", "V16"), ("l1", ">i4"), ("t", ">i8")]
    layout += [(f"s{number}", values) for number in range(len(SIGNALS))]  # type: ignore[misc]
    rows = np.empty(len(batch), layout)
    rows["fields"], rows["l0"], rows["l1"] = 2 + len(SIGNALS), 16, 8
    rows["vehicle"] = np.void(vehicle_id.bytes)
    rows["t"] = (batch.t - EPOCH_2000) * 1000
    for number, name in enumerate(SIGNALS):
        rows[f"s{number}"]["f"], rows[f"s{number}"]["x"] = 8, batch.signals[name]
    return b"PGCOPY\n\xff\r\n\0" + bytes(8) + rows.tobytes() + b"\xff\xff"


def body_of(client: Client, batch: Samples) -> bytes:
    camel = {"coolant_temp": "coolantTemp", "fuel_rate": "fuelRate"}
    rows = [
        {"t": t} | {camel.get(name, name): value for name, value in values.items()}
        for t, values in batch.rows()
    ]
    body = {"vehicleId": client.vehicle_id, "startTimestamp": batch.t0, "endTimestamp": batch.t1}
    return json.dumps(body | {"samples": rows}, separators=(",", ":")).encode()


def send_rate(server: Peer, clients: Sequence[Client], *, many: int = BATCHES) -> tuple[float, list[float]]:
    """Samples a second of all clients together, each a process of its own; seconds of each request."""
    work = [
        (
            server.port,
            (client.token, client.vehicle_id),
            [body_of(client, batch) for batch in client.next_batches(many)],
        )
        for client in clients
    ]
    context = multiprocessing.get_context("fork")
    gate = context.Barrier(len(clients) + 1)
    results: Any = context.Queue()
    processes = [context.Process(target=_send, args=(gate, results, *one)) for one in work]
    for process in processes:
        process.start()
    gate.wait(60)
    start = time.perf_counter()
    took = [seconds for _ in processes for seconds in results.get(timeout=120)]
    elapsed = time.perf_counter() - start
    for process in processes:
        process.join(10)
    return len(took) * SIZE / elapsed, took


def _send(gate: Any, results: Any, server: int, client: tuple[str, str], bodies: list[bytes]) -> None:
    token, vehicle_id = client
    link = http.client.HTTPConnection("127.0.0.1", server, timeout=20)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    link.request("GET", f"/api/v1/telematics/{vehicle_id}/latest/", None, headers)
    link.getresponse().read()
    gate.wait(60)
    took = []
    for body in bodies:
        start = time.perf_counter()
        link.request("POST", f"/api/v1/telematics/{vehicle_id}/", body, headers)
        answer = link.getresponse()
        text = answer.read()
        took.append(time.perf_counter() - start)
        if answer.status != 202 or json.loads(text)["accepted"] != SIZE:
            raise RuntimeError(f"{answer.status}: {text[:500]!r}")
    results.put(took)


# -- What is reported


def exactness(server: Peer, clients: Sequence[Client]) -> list[str]:
    """Count what is stored, and send the last batch once more."""
    lines = []
    for client in clients:
        server.reconnect()
        path = f"/api/v1/telematics/{client.vehicle_id}/"
        known, cursor = 0, ""
        while cursor is not None:
            page = server.demand(
                "GET", f"{path}samples/?limit=5000&signals=speed&cursor={cursor}", None, client.token
            )
            known, cursor = known + len(page["samples"]), page["next"]
        if known != client.sent:
            raise RuntimeError(f"sent {client.sent} samples, {known} are stored")
        lines.append(f"stored exactly: {known:,} samples")
    return lines


def disk(url: str) -> str:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT sum(pg_total_relation_size(inhrelid))::float8, (SELECT sum(n) FROM telematics_segment),"
            " (SELECT pg_total_relation_size('raw_telemetry')::float8 / count(*) FROM raw_telemetry)"
            " FROM pg_inherits WHERE inhparent = 'telematics_segment'::regclass"
        ).fetchone()
    assert row is not None  # noqa: S101 -- an aggregate has a row
    return f"on disk: {row[0] / float(row[1]):.1f} bytes a sample (goal: 12), rows of R0 {row[2]:.0f}"


def row_security(peer: Peer, whole: float, rounds: int) -> str:
    """What the policies cost of a batch, of which `whole` is the processor time (us).

    The statement that stores a batch, in turn by the web's role and by one that no policy binds, so that what else the
    machine does meets both; the median of many such pairs, and the range of the medians of each round.
    """
    bound, free = enter(peer, 7).vehicle_id, enter(peer, 8).vehicle_id
    with psycopg.connect(peer.database, autocommit=True) as owner:
        owner.execute("CREATE ROLE bench_unbound BYPASSRLS IN ROLE revsync_app")
        owner.execute("GRANT bench_unbound TO CURRENT_USER")
        people = dict(owner.execute("SELECT id::text, owner_id::text FROM garage_vehicle").fetchall())
    with (
        psycopg.connect(peer.database, options="-c role=revsync_app -c jit=off", autocommit=True) as one,
        psycopg.connect(peer.database, options="-c role=bench_unbound -c jit=off", autocommit=True) as other,
    ):
        sides = ((one, bound), (other, free))
        medians, costs = [], []
        for number in range(rounds + 1):  # the first only warms up
            pairs = []
            for place in range(number * PAIRS, (number + 1) * PAIRS):
                spent = [
                    stored_at(link, vehicle_id, people[vehicle_id], place)
                    for link, vehicle_id in sides[:: 1 if place % 2 else -1]
                ]
                pairs.append(spent if place % 2 else spent[::-1])
            if number:
                medians.append(statistics.median(bare for _, bare in pairs))
                costs.append(statistics.median(with_policies - bare for with_policies, bare in pairs))
    factors = sorted(whole / (whole - cost) for cost in costs)
    return (
        f"row-level security costs {statistics.median(costs):.0f} us of a statement of "
        f"{statistics.median(medians):.0f} us: a batch of {whole:.0f} us takes {statistics.median(factors):.3f} "
        f"({factors[0]:.3f}-{factors[-1]:.3f}) times as long (goal: 1.05)"
    )


STORE = (
    "SELECT outcome FROM set_config('app.user_id', %(owner)s, true) AS me (id), LATERAL telematics_append("
    "%(vehicle)s::uuid, me.id::uuid, to_timestamp(%(at)s), to_timestamp(%(at)s + 599), 600, 600, %(digest)s::bytea, "
    "1::smallint, NULL, 1::smallint, '{1,2,3,5,9,11,13,14}', %(eight)s::real[], %(eight)s::real[], %(eight)s::real[], "
    "%(eight)s::real[], '{600,600,600,600,600,600,600,600}', 18400, 18410, 0.5, 10000, %(data)s::bytea, "
    "%(vals)s::jsonb, NULL, 0)"
)


def stored_at(link: psycopg.Connection[Any], vehicle_id: str, owner_id: str, place: int) -> float:
    """Microseconds of the database's processor for one batch, ten minutes after the one of the place before."""
    at = 1_700_000_000 + place * SIZE
    values = {
        "owner": owner_id, "vehicle": vehicle_id, "at": at, "digest": uuid4().bytes, "data": os.urandom(4900),
        "eight": "{" + ",".join(f"{at % 97}.5" for _ in range(8)) + "}",
        "vals": json.dumps({name: [at % 97 + 0.5, (at + 599) * 1000] for name in SIGNALS}),
    }  # fmt: skip
    backend = {link.info.backend_pid}
    before = cpu_seconds(backend)
    row = link.execute(STORE, values, prepare=True).fetchone()
    spent = (cpu_seconds(backend) - before) * 1e6
    if row != (SIZE,):
        raise RuntimeError(f"telematics_append answered {row}")
    return spent


def series(server: Peer, peer: Peer) -> str:
    """A day of a sample a second: 500 points of 8 signals."""
    client = enter(peer, 9)
    begin = client.at
    server.reconnect()
    for batch in client.next_batches(DAY // SIZE):
        status, text, _ = server_post(server, client, body_of(client, batch))
        if status != 202:
            raise RuntimeError(f"{status}: {text[:500]!r}")
    path = (
        f"/api/v1/telematics/{client.vehicle_id}/series/?from={begin}&to={begin + DAY * 1000 - 1}&points=500"
        f"&signals={','.join(SIGNALS)}"
    )
    server.reconnect()
    server.demand("GET", path, None, client.token)
    took, cpu = [], []
    for _ in range(15):
        watched = server.processes()
        before = cpu_seconds(watched)
        start = time.perf_counter()
        found = server.demand("GET", path, None, client.token)
        took.append(time.perf_counter() - start)
        cpu.append(cpu_seconds(watched) - before)
    if found["source"] != "samples" or len(found["t"]) != 500:
        raise RuntimeError("the series is not what was asked")
    return (
        f"series of a day, 8 signals, 500 points: {statistics.median(took) * 1e3:.0f} ms, "
        f"processor {statistics.median(cpu) * 1e3:.0f} ms (goal: 80)"
    )


def server_post(server: Peer, client: Client, body: bytes) -> tuple[int, bytes, float]:
    return server.ask("POST", f"/api/v1/telematics/{client.vehicle_id}/", json.loads(body), client.token)
