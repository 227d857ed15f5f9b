"""What a request for tunes costs among 10,000 of them and among a million: nothing may grow with the shelf.

The shelf grows by copies of its rows, further and further back in time; a rare word stays rare. Only the product is
asked: the plain peer needs seconds a request there.
"""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING

import psycopg

from bench.measure import measure
from bench.sections import tunes

if TYPE_CHECKING:
    from bench.peers import Peer

FIRST, LAST = 10_000, 1_000_000
GOAL = 0.05  # of the slope, both axes logarithmic

_INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'marketplace_listing' AND indexname !~ '_pkey$'"
_COPIES = """
INSERT INTO marketplace_listing (tune_id, published_at, price_minor, score, sales_count, tokens, labels, document, card)
SELECT gen_random_uuid(), published_at - copy * interval '7 days', price_minor, score, sales_count, tokens, labels,
       document, card
  FROM marketplace_listing CROSS JOIN generate_series(%s::int, %s::int) AS copy
 WHERE published_at > now() - interval '7 days' AND NOT document @@ 'zephyr'
"""


def slopes(product: Peer, *, rounds: int, requests: int) -> str:
    """A table: microseconds of processor at both sizes, and the slope between them."""
    tunes.TUNES = FIRST
    tunes.fill(product)
    few = _costs(product, rounds, requests)
    many_rows = grow(product)
    many = _costs(product, rounds, requests)
    lines = [f"{'':<18}{FIRST:>12,}{many_rows:>12,}{'slope':>9}   (goal: at most {GOAL})"]
    for name, cost in few.items():
        slope = math.log(many[name] / cost) / math.log(many_rows / FIRST)
        lines.append(f"{name:<18}{cost:>9.0f} us{many[name]:>9.0f} us{slope:>9.3f}")
    return "\n".join(lines)


def grow(product: Peer) -> int:
    """Fill the shelf up to about a million rows; how many there are. Indexes are made once, at the end."""
    with psycopg.connect(product.database, autocommit=True) as connection:
        indexes = connection.execute(_INDEXES).fetchall()
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        connection.execute("SET session_replication_role = replica")
        for start in range(1, LAST // FIRST, 10):
            connection.execute(_COPIES, [start, min(start + 9, LAST // FIRST - 1)])
        connection.execute("SET maintenance_work_mem = '512MB'")
        for _, definition in indexes:
            connection.execute(definition)
        connection.execute("VACUUM ANALYZE marketplace_listing")
        connection.execute("CHECKPOINT")
        (count,) = connection.execute("SELECT count(*) FROM marketplace_listing").fetchone() or (0,)
    return int(count)


def _costs(product: Peer, rounds: int, requests: int) -> dict[str, float]:
    cases = [case for case in tunes.CASES if "product" in case.peers]
    results = measure(cases, [product], rounds=rounds, requests=requests)
    return {result.case.name: statistics.median(result.cpu["product"]) for result in results}
