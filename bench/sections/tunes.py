"""The marketplace: browsing, and words that are rare, common, or nobody's. BENCH_TUNES says how many tunes."""

import os
from typing import Any

import psycopg

from bench.measure import Case, Request
from bench.peers import Peer

PATH = "/api/v1/marketplace/tunes/"
TUNES = int(os.environ.get("BENCH_TUNES", "20000"))
CHUNK = 20_000
READERS = 20
PASSWORD = "a-long-way-home-77"  # noqa: S105 -- of people who live for a minute
ALL = frozenset({"product", "plain", "limit"})

# Row n of both shelves: the same words, prices and vehicles. `street` stands in every second title, `zephyr` in
# three of all rows, `qwertz` in none.
FACTS = """
    CASE n %% 2 WHEN 0 THEN 'street' ELSE 'touring' END || ' map ' || n AS title,
    'Smooth from idle, number ' || n AS summary,
    repeat('Made on our own dyno, one bike at a time. ', 8)
        || CASE WHEN n IN (7, %(third)s, %(half)s) THEN 'zephyr' ELSE '' END AS description,
    (ARRAY['stage1', 'stage2', 'eco', 'race'])[1 + n %% 4] AS stage, 100 * (15 + n %% 400) AS price,
    now() - n * interval '1 minute' AS published,
    (ARRAY['Yamaha', 'KTM', 'Honda', 'BMW', 'Kawasaki', 'Triumph', 'Ducati', 'Suzuki'])[1 + n %% 8] AS make,
    'Model ' || n %% 97 AS model, 2005 + n %% 15 AS year
"""

PRODUCT = [
    "SET session_replication_role = replica",
    """
    INSERT INTO tuners_tunerprofile (id, user_id, business, bio, location, specialities, role, status, verified_at,
                                     suspended_reason)
    SELECT gen_random_uuid(), id, 'Tuner ' || email, '', 'Pune', '{}', 'TUNER', 'verified', now(), ''
      FROM users_user WHERE email LIKE 'reader%%'
    """,
    """
    CREATE TEMP TABLE fresh AS SELECT gen_random_uuid() AS id, n, f.*, p.id AS tuner
      FROM generate_series(1, %(tunes)s) AS series (n) CROSS JOIN LATERAL (SELECT """
    + FACTS
    + """) f
      JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM tuners_tunerprofile) p
        ON p.place = n %% %(readers)s
    """,
    """
    INSERT INTO marketplace_tune (id, tuner_id, title, summary, description, stage, fuel_type, requirements,
           gain_power_kw, price_minor, currency, vin_bound, pictures, status, published_at, moderation_reason)
    SELECT id, tuner, title, summary, description, stage, 'petrol', '', 4.5, price, 'INR', false, '[]', 'published',
           published, '' FROM fresh
    """,
    """
    INSERT INTO marketplace_compatibility (id, tune_id, make, model, year_from, year_to, ecu_family, ecu_hardware,
           ecu_software, calibration_ids, verified)
    SELECT gen_random_uuid(), id, make, model, year, year + 5, '', '', '', '{}', false FROM fresh
    """,
    """
    INSERT INTO marketplace_tuneversion (id, tune_id, number, file_id, filename, size, sha256, changelog, state,
           format, family, signature, calibration_id, detail, published_at)
    SELECT gen_random_uuid(), id, 1, id, 'map.bin', 1, repeat('0', 64), '', 'readable', 'bin', '', '', '', '',
           published FROM fresh
    """,
]
PLAIN = [
    "INSERT INTO plain_seller (id, business) SELECT gen_random_uuid(), 'Tuner ' || n FROM generate_series(1, %(readers)s) n",
    """
    CREATE TEMP TABLE fresh AS SELECT gen_random_uuid() AS id, n, f.*, s.id AS seller
      FROM generate_series(1, %(tunes)s) AS series (n) CROSS JOIN LATERAL (SELECT """
    + FACTS
    + """) f
      JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM plain_seller) s
        ON s.place = n %% %(readers)s
    """,
    """
    INSERT INTO plain_tune (id, seller_id, title, summary, description, stage, fuel_type, price_minor, currency,
           vin_bound, gain_power_kw, rating_count, score, sales_count, version_number, published_at)
    SELECT id, seller, title, summary, description, stage, 'petrol', price, 'INR', false, 4.5, 0, 3.5, 0, 1, published
      FROM fresh
    """,
    """
    INSERT INTO plain_fit (tune_id, make, model, year_from, year_to)
    SELECT id, make, model, year, year + 5 FROM fresh
    """,
]


def fill(peer: Peer) -> None:
    """Readers over the API; the shelf in bulk, with the function that keeps it in production."""
    peer.tokens = []
    for number in range(READERS):
        person = {"email": f"reader{number}@bench.example", "password": PASSWORD}
        peer.demand("POST", "/api/v1/auth/register/", person | {"name": f"Reader {number}"})
        peer.tokens.append(peer.demand("POST", "/api/v1/auth/login/", person)["access_token"])
    words: dict[str, Any] = {"tunes": TUNES, "readers": READERS, "third": TUNES // 3, "half": TUNES // 2}
    with psycopg.connect(peer.database, autocommit=True) as connection:
        cursor = psycopg.ClientCursor(connection)
        for statement in PRODUCT if peer.name == "product" else PLAIN:
            cursor.execute(statement, words)
        if peer.name == "product":
            for start in range(0, TUNES, CHUNK):
                cursor.execute(
                    "SELECT marketplace_shelve(array_agg(id)) FROM fresh WHERE n > %s AND n <= %s",
                    [start, start + CHUNK],
                )
        cursor.execute("VACUUM ANALYZE")


def asking(query: str) -> Any:
    return lambda peer, number: Request("GET", f"{PATH}{query}", None, peer.tokens[number % READERS])


def anonymous(peer: Peer, number: int) -> Request:
    """The product keeps these pages; the plain peer has no pages for people without an account."""
    return Request("GET", PATH, None, "" if peer.name == "product" else peer.tokens[number % READERS])


def faceted(query: str) -> Any:
    def ask(peer: Peer, number: int) -> Request:
        path = f"{PATH}?facets=true&" if peer.name == "product" else "/api/v1/marketplace/faceted/?"
        return Request("GET", f"{path}{query}", None, peer.tokens[number % READERS])

    return ask


CASES = [
    Case("browse 50", asking(""), 200, goal=4.5, peers=ALL),
    Case("browse, no login", anonymous, 200, goal=4.5),
    Case("common word", asking("?search=street"), 200, goal=4.5, peers=ALL),
    Case("rare word", asking("?search=zephyr"), 200, goal=15, peers=ALL),
    Case("absent word", asking("?search=qwertz"), 200, goal=15, peers=ALL),
    Case("make", asking("?make=KTM"), 200, goal=4.5),
    Case("facets", faceted(""), 200, goal=4.5),
    Case("facets, a word", faceted("search=street"), 200, goal=4.5),
]
