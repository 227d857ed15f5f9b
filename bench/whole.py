"""Deeds of several requests: a first sync of 100,000 rows whole, and a push of 100 changes, statement by statement."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import orjson
import psutil
import psycopg
from psycopg.rows import dict_row

from bench.peers import Peer, cpu_seconds
from core.ids import NIL

if TYPE_CHECKING:
    from collections.abc import Callable

PULL, PUSH = "/api/v1/sync/pull/", "/api/v1/sync/push/"
PAGE = 10_000
PUSHED = 100


def first_sync(product: Peer, plain: Peer) -> str:
    """What 10,000 rows of it cost each: in pages, at once, and as the least (a range scan and orjson)."""
    rows = [0]

    def pages() -> None:
        rows[0], cursor, more = 0, None, True
        while more:
            body = {"cursor": cursor, "limit": PAGE, "collections": ["vehicles"]}
            page = product.demand("POST", PULL, body, product.data["sync"]["rich"]["token"])
            rows[0] += sum(len(found["updated"]) for found in page["changes"].values())
            cursor, more = page["cursor"], page["has_more"]

    def at_once() -> None:
        rows[0] = len(
            plain.demand("POST", PULL, {}, plain.data["sync"]["rich"]["token"])["changes"]["vehicles"][
                "updated"
            ]
        )

    before = memory(product)
    ours = cost(product, pages) / rows[0] * PAGE
    grown, read = memory(product) - before, rows[0]
    theirs = cost(plain, at_once) / rows[0] * PAGE
    least = scan(product, read) / read * PAGE
    return (
        f"first sync of {read:,} rows, ms of processor for each {PAGE:,}: product {ours * 1e3:.0f}, "
        f"plain {theirs * 1e3:.0f} ({theirs / ours:.1f} times), range scan and orjson {least * 1e3:.0f} "
        f"({ours / least:.2f} of it, goal: at most 3); the server grew by {grown / 2**20:.0f} MB"
    )


def cost(peer: Peer, work: Callable[[], None]) -> float:
    """Seconds of processor."""
    peer.reconnect()
    before = cpu_seconds(peer.processes())
    work()
    return cpu_seconds(peer.processes()) - before


def memory(peer: Peer) -> int:
    """Bytes of the largest process of the server, which is its worker."""
    return max(
        psutil.Process(pid).memory_info().rss
        for pid in peer.processes()
        if f"--port {peer.port}" in " ".join(psutil.Process(pid).cmdline())
        or any(f"--port {peer.port}" in " ".join(one.cmdline()) for one in psutil.Process(pid).parents())
    )


def scan(peer: Peer, many: int) -> float:
    """Seconds of processor, here and in PostgreSQL, to read the same rows by ranges and to write them as JSON."""
    with psycopg.connect(peer.database, row_factory=dict_row, autocommit=True) as connection:
        owner = connection.execute(
            "SELECT owner_id FROM garage_vehicle GROUP BY owner_id ORDER BY count(*) DESC LIMIT 1"
        ).fetchone()
        server = {connection.info.backend_pid}
        before = cpu_seconds(server) + time.thread_time()
        last: UUID = NIL
        for _ in range(0, many, PAGE):
            rows = connection.execute(
                "SELECT * FROM garage_vehicle WHERE owner_id = %s AND id > %s ORDER BY id LIMIT %s",
                [owner and owner["owner_id"], last, PAGE],
            ).fetchall()
            orjson.dumps(rows, default=float)
            last = rows[-1]["id"]
        return cpu_seconds(server) + time.thread_time() - before


def push(product: Peer) -> str:
    """Statements that PostgreSQL counts in a push of so many fuel-ups of one vehicle, BEGIN and COMMIT included."""
    token = product.data["sync"]["few"]["token"]
    vehicle = product.demand("GET", "/api/v1/garage/vehicles/?page_size=1", None, token)["results"][0]["id"]

    def body() -> dict[str, Any]:
        rows = [
            {"id": str(uuid4()), "vehicle_id": vehicle, "filled_on": "2026-01-01", "quantity": 10 + number / 10, "unit": "l"}
            for number in range(PUSHED)
        ]  # fmt: skip
        return {
            "push_id": str(uuid4()),
            "changes": {"fuel_ups": {"created": rows, "updated": [], "deleted": []}},
        }

    def send() -> None:
        told = product.demand("POST", PUSH, body(), token)
        if len(told["accepted"].get("fuel_ups", ())) != PUSHED:
            raise RuntimeError(f"not all was accepted: {told['rejected'][:1]}")

    for _ in range(3):
        send()
    seconds = cost(product, send)
    with psycopg.connect(product.database, autocommit=True) as connection:
        told = connection.execute("SHOW data_directory").fetchone() or ("",)
        log = Path(told[0], "server.log")
        _log_statements(connection, on=True)
        start = log.stat().st_size
        send()
        _log_statements(connection, on=False)
    with log.open("rb") as file:
        file.seek(start)
        lines = file.read().decode(errors="replace").splitlines()
    count = sum(line.startswith(f"{product.name}|LOG:  ") for line in lines)
    return f"push of {PUSHED} fuel-ups: {count} statements, {seconds * 1e3:.0f} ms of processor"


def _log_statements(connection: psycopg.Connection[Any], *, on: bool) -> None:
    for name, value in (("log_statement", "all"), ("log_line_prefix", "%a|")):
        connection.execute(f"ALTER SYSTEM {f'SET {name} = {value!r}' if on else f'RESET {name}'}")
    connection.execute("SELECT pg_reload_conf()")
    time.sleep(0.5)
