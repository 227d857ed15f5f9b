"""Sync: nothing new, a few changes, many, and a page of a first sync; for people who own little and 100,000 rows.

Plain asks for `updated_at > cursor`, which is cheaper than it should be: it loses what commits late. `nothing` is the
least that an endpoint behind a login can do: an empty delta should cost hardly more (1.25 times).
"""

from typing import Any

import psycopg

from bench.measure import Case, Request
from bench.peers import Peer
from bench.sections.vehicles import PASSWORD, vehicle
from bench.whole import first_sync, push

PULL, NOTHING = "/api/v1/sync/pull/", "/api/v1/sync/schema/"
TABLES = {"product": "garage_vehicle", "plain": "plain_vehicle"}
OWNED = {"few": 50, "many": 1_000, "rich": 100_000}  # vehicles of three persons
CHANGED = {"few": 10, "many": 500, "rich": 10}  # since the cursor that they ask with
ALL = frozenset({"product", "plain", "limit"})


def fill(peer: Peer) -> None:
    """Each person makes one vehicle over the API, the others are copies of it; then some of them change."""
    peer.data["sync"] = {}
    for name, many in OWNED.items():
        person = {"email": f"sync-{name}@bench.example", "password": PASSWORD}
        peer.demand("POST", "/api/v1/auth/register/", person | {"name": name.title()})
        token = peer.demand("POST", "/api/v1/auth/login/", person)["access_token"]
        first = peer.demand("POST", "/api/v1/garage/vehicles/", vehicle(1), token)["id"]
        copy(peer, first, many - 1)
        peer.reconnect()
        since = cursor_of(peer, token)
        change(peer, first, CHANGED[name])
        delta = peer.demand("POST", PULL, {"cursor": since}, token)
        if len(delta["changes"]["vehicles"]["updated"]) != CHANGED[name]:
            raise RuntimeError(f"{peer.name}: the delta of {name} is not what was changed")
        peer.data["sync"][name] = {"token": token, "since": since, "now": delta["cursor"]}


def copy(peer: Peer, first: str, many: int) -> None:
    table = TABLES[peer.name]
    with psycopg.connect(peer.database, autocommit=True) as connection:
        connection.execute(
            f"INSERT INTO {table} SELECT (jsonb_populate_record(one, jsonb_build_object("
            f"'id', gen_random_uuid(), 'nickname', 'Copy ' || n))).* FROM {table} one, generate_series(1, %s) n "
            "WHERE one.id = %s",
            [many, first],
        )
        connection.execute(f"ANALYZE {table}")


def change(peer: Peer, first: str, many: int) -> None:
    table = TABLES[peer.name]
    with psycopg.connect(peer.database, autocommit=True) as connection:
        connection.execute(
            f"UPDATE {table} SET notes = 'changed', updated_at = clock_timestamp() WHERE id IN (SELECT id FROM {table} "
            f"WHERE owner_id = (SELECT owner_id FROM {table} WHERE id = %s) ORDER BY id LIMIT %s)",
            [first, many],
        )


def cursor_of(peer: Peer, token: str) -> Any:
    """Where this person's changes stand now."""
    if peer.name == "product":
        return peer.demand("GET", "/api/v1/sync/status/", None, token)["cursor"]
    return peer.demand("POST", PULL, {"limit": 1}, token)["cursor"]


def delta_of(name: str, at: str) -> Any:
    def ask(peer: Peer, number: int) -> Request:
        person = peer.data["sync"][name]
        return Request("POST", PULL, {"cursor": person[at]}, person["token"])

    return ask


def nothing(peer: Peer, number: int) -> Request:
    return Request("GET", NOTHING, None, peer.data["sync"]["few"]["token"])


def first_page(peer: Peer, number: int) -> Request:
    body = {"limit": 1_000, "collections": ["vehicles"]}
    return Request("POST", PULL, body, peer.data["sync"]["rich"]["token"])


CASES = [
    Case("nothing", nothing, 200, goal=1.0),
    Case("empty delta", delta_of("few", "now"), 200, goal=3.5),
    Case("empty, owns 100k", delta_of("rich", "now"), 200, goal=3.5),
    Case("delta of 10", delta_of("few", "since"), 200, goal=3.5, peers=ALL),
    Case("10, owns 100k", delta_of("rich", "since"), 200, goal=3.5, peers=ALL),
    Case("delta of 500", delta_of("many", "since"), 200, goal=8.0, peers=ALL),
    Case("page of 1,000", first_page, 200, goal=8.0, peers=ALL),
]


def also(product: Peer, plain: Peer) -> str:
    return f"{first_sync(product, plain)}\n{push(product)}"
