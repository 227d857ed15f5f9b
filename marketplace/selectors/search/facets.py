"""How many of the matches have what, counted over a capped number of them; and words that begin like this."""

from collections import defaultdict
from typing import Any

from core.postgresql.direct import statement
from marketplace.selectors.search.conditions import Wanted

CAP = 1000  # matches that are looked at
NEWEST = 5000  # rows among which so many are expected of something common
MOST = 20  # values a facet
NAMES = {
    "make": "make",
    "model": "model",
    "ecu": "ecu",
    "stage": "stage",
    "fuel": "fuel_type",
    "type": "vehicle_type",
}


def facets(wanted: Wanted, *, common: bool = False) -> dict[str, Any]:
    """{"make": [{"value", "count"}], ..., "matches": 12 or "1000+"}; counts beyond the cap are of the sample.

    common: many rows meet this, so the newest are looked at alone. A scan of a large table by PostgreSQL reads past its
    own cache, which costs more than the counting.
    """
    rows = (
        _counted(wanted, f"(SELECT * FROM marketplace_listing ORDER BY published_at DESC LIMIT {NEWEST})")
        if common
        else []
    )
    if not rows or rows[0][3] <= CAP:
        rows = _counted(wanted, "marketplace_listing")
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for kind, value, number, _ in rows:
        if len(found[kind]) < MOST:
            found[kind].append({"value": value, "count": number})
    total = rows[0][3] if rows else 0
    counts: dict[str, Any] = {name: found.get(kind, []) for kind, name in NAMES.items()}
    return counts | {"matches": total if total <= CAP else f"{CAP}+"}


def _counted(wanted: Wanted, listings: str) -> list[tuple[Any, ...]]:
    """(kind, value, how many, matches up to one more than CAP), most first."""
    conditions = wanted.conditions()
    where = " AND ".join(sql for sql, _ in conditions) or "true"
    sql = f"""
        WITH m AS MATERIALIZED (SELECT l.labels FROM {listings} l WHERE {where} LIMIT {CAP + 1})
        SELECT split_part(label, ':', 1), substr(label, strpos(label, ':') + 1), count(*), (SELECT count(*) FROM m)
          FROM (SELECT labels FROM m LIMIT {CAP}) sample, unnest(sample.labels) label
         GROUP BY 1, 2 ORDER BY 3 DESC, 2"""
    return statement(sql).rows([value for _, given in conditions for value in given])


def suggestions(beginning: str, limit: int = 10) -> list[dict[str, str]]:
    """Makes, models, ECUs and titles with a word that begins like this, shortest first."""
    words = "".join(c if c.isalnum() else " " for c in beginning.lower()).split()[:5]
    if not words:
        return []
    query = " & ".join([*words[:-1], f"{words[-1]}:*"])
    sql = """
        WITH m AS MATERIALIZED (
            SELECT l.labels, l.card FROM marketplace_listing l WHERE l.document @@ to_tsquery('simple', %s) LIMIT 200)
        SELECT split_part(label, ':', 1), substr(label, strpos(label, ':') + 1), count(*)
          FROM m, unnest(m.labels || ('tune:' || (m.card ->> 'title'))) label
         WHERE to_tsvector('simple', substr(label, strpos(label, ':') + 1)) @@ to_tsquery('simple', %s)
           AND split_part(label, ':', 1) IN ('make', 'model', 'ecu', 'tune')
         GROUP BY 1, 2 ORDER BY array_position('{make,model,ecu,tune}'::text[], split_part(label, ':', 1)), 3 DESC, 2 LIMIT %s"""
    rows = statement(sql).rows([query, query, limit])
    return [{"kind": kind, "text": text} for kind, text, _ in rows]
