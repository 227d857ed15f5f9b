"""A pull: what a device has to know since its cursor, in pages or all at once.

An answer is a plan fixed by its first page: ranges of whole collections (a first sync, a changed filter, a table
that the app got with an update), then the entries of the feed between the cursor and the heads of that moment.
Rows that change meanwhile have higher numbers and come with the next delta.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import orjson

from core.ids import NIL
from sync.cursors import Position, sign, unsign
from sync.errors import BadCursor, ResyncRequired
from sync.ports import collections
from sync.selectors import documents
from sync.selectors.heads import Feed, read_feed, read_heads
from sync.services.filters import changed_filters, remember_filters

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sync.requests import PullRequest

Scan = tuple[str, tuple[str, ...]]  # a collection, and the new columns of which a row must fill one
START = Position(0, 0)


class Answer(NamedTuple):
    """JSON bytes, and the entity tag of an answer that ends at the heads (else empty)."""

    body: bytes
    etag: str


@dataclass(slots=True)
class Plan:
    """What one answer covers, and how far its pages have come. Travels in the page token."""

    bound: Position
    start: Position | None  # where the feed goes on; None: a first sync, which has no feed
    scans: list[Scan]
    replace: list[str]
    done: int = 0  # ranges read to their end
    after: UUID = NIL  # last id of the range under way

    def content(self) -> list[Any]:
        return [self.bound, self.start, self.scans, self.replace, self.done, self.after.hex]

    @classmethod
    def of(cls, content: Any) -> Plan:
        bound, start, scans, replace, done, after = content
        ranges: list[Scan] = [(name, tuple(columns)) for name, columns in scans]
        return cls(Position(*bound), start and Position(*start), ranges, replace, done, UUID(after))


@dataclass(slots=True)
class Basket:
    """JSON parts of a page by collection, and the room that is left."""

    room: int
    updated: dict[str, list[bytes]] = field(default_factory=dict)
    deleted: dict[str, list[bytes]] = field(default_factory=dict)

    def add(self, name: str, updated: bytes, deleted: bytes = b"") -> None:
        for part, parts in ((updated, self.updated), (deleted, self.deleted)):
            if updated or deleted:
                parts.setdefault(name, []).extend([part] if part else [])


def pull(request: PullRequest, user_id: UUID) -> Answer:
    """The answer to a pull, or its next page. Raises BadCursor (400), ResyncRequired (410)."""
    feed: Feed | None = None
    if request.token:
        plan = _continued(request, user_id)
    else:
        plan, feed = _begun(request, user_id)
    basket = Basket(room=request.limit)
    more = _read_ranges(request, user_id, plan, basket)
    if not more and plan.start is not None:
        more = _read_feed(request, user_id, plan, basket, feed)
    return _answer(request, user_id, plan, basket, more=more)


def nothing_new(request: PullRequest, user_id: UUID, tag: str) -> bool:
    """The client's entity tag stands for the present heads, and it asks for nothing beside the changes."""
    if request.token or request.filters or request.new_tables or request.new_columns:
        return False
    heads = read_heads(user_id)
    if request.cursor is not None:
        heads.admit(request.cursor)
    return tag.removeprefix("W/") == _tag(heads.seq)


def _tag(position: Position) -> str:
    return f'"{position.packed()}"'


# -- The plan


def _begun(request: PullRequest, user_id: UUID) -> tuple[Plan, Feed | None]:
    first = request.cursor is None  # then only the heads are wanted, no entry
    feed = read_feed(
        user_id,
        after=request.cursor or START,
        bound=START if first else None,
        codes=_codes(() if first else request.names),
        limit=request.limit,
        client=request.client,
    )
    heads, known = feed.heads, feed.known
    if request.cursor is not None:
        heads.admit(request.cursor)
    if changed := changed_filters(request, known):
        remember_filters(request, user_id, known, changed)
        heads = read_heads(user_id)
    if request.cursor is None:
        ranges: list[Scan] = [
            (name, ()) for name in request.names if heads.seq.user or collections[name].public
        ]
        return Plan(heads.seq, None, ranges, []), None
    ranges = _news_of_the_app(request, changed)
    plan = Plan(heads.seq, request.cursor, ranges, changed)
    return plan, None if ranges else feed


def _news_of_the_app(request: PullRequest, changed: Sequence[str]) -> list[Scan]:
    """Ranges of a delta: collections whose filter changed, tables and columns that the app has only now."""
    whole = {*changed, *request.new_tables}
    columns = request.new_columns
    return [
        (name, () if name in whole else columns[name])
        for name in request.names
        if name in whole or name in columns
    ]


def _continued(request: PullRequest, user_id: UUID) -> Plan:
    content = unsign("pull", user_id, request.token)
    if not isinstance(content, list) or len(content) != 7 or content[0] != _digest(request):
        raise BadCursor
    plan = Plan.of(content[1:])
    heads = read_heads(user_id)
    if plan.bound.user > heads.seq.user or plan.bound.public > heads.seq.public:
        raise ResyncRequired("future")
    # A range needs no tombstones: what counts is where its answer ends, or a long first sync would start over
    # with every purge. The feed does need those that are still to come: purged, they'd leave zombies behind.
    heads.admit(plan.bound if plan.start is None else plan.start)
    return plan


def _digest(request: PullRequest) -> str:
    """A page belongs to the question that it was made for."""
    asked = [request.names, request.filters, request.documents]
    return hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


# -- Reading


def _read_ranges(request: PullRequest, user_id: UUID, plan: Plan, basket: Basket) -> bool:
    """Fill the page from the ranges that are left; True when it is full before their end."""
    while plan.done < len(plan.scans):
        if not basket.room:
            return True
        name, columns = plan.scans[plan.done]
        condition, values = _condition(name, columns, user_id, plan)
        page = documents.scan(
            name,
            user_id,
            request.filters.get(name, {}),
            after=plan.after,
            limit=basket.room,
            condition=condition,
            values=values,
            documents=request.documents,
        )
        basket.add(name, page.told)
        basket.room -= page.many
        if page.last is not None and not basket.room:
            plan.after = page.last
            return True
        plan.done, plan.after = plan.done + 1, NIL
    return False


def _condition(name: str, columns: tuple[str, ...], user_id: UUID, plan: Plan) -> tuple[str, dict[str, Any]]:
    """Of a range for new columns: the field says something, and the feed doesn't tell the record anyway."""
    if not columns or plan.start is None:
        return "", {}
    plug = collections[name]
    chosen = [each for each in plug.fields if each.name in columns]
    position, bound = (
        (plan.start.public, plan.bound.public) if plug.public else (plan.start.user, plan.bound.user)
    )
    values = {"stream": NIL if plug.public else user_id, "code": plug.code, "from": position, "to": bound}
    return (
        f"AND {documents.not_empty(chosen)} AND NOT EXISTS (SELECT 1 FROM sync_entry e WHERE e.stream = %(stream)s "
        "AND e.collection = %(code)s AND e.record_id = r.id AND e.seq > %(from)s AND e.seq <= %(to)s)",
        values,
    )


def _read_feed(request: PullRequest, user_id: UUID, plan: Plan, basket: Basket, feed: Feed | None) -> bool:
    """Fill the page from the feed; True when it goes on."""
    start = plan.start or START
    if feed is None:
        whole = {name for name, columns in plan.scans if not columns}
        codes = _codes(tuple(name for name in request.names if name not in whole))
        feed = read_feed(
            user_id, after=start, bound=plan.bound, codes=codes, limit=basket.room, client=request.client
        )
    told = documents.by_ids(
        {name: feed.ids[code] for name, code in _coded(request.names) if code in feed.ids},
        user_id,
        request.filters,
        documents=request.documents,
    )
    for name, parts in told.items():
        basket.add(name, *parts)
    if feed.rest is None:
        return False
    plan.start = Position(
        feed.last.user or start.user if feed.rest else plan.bound.user, feed.last.public or start.public
    )
    return True


@lru_cache(maxsize=64)
def _coded(names: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(name, str(collections[name].code)) for name in names]


@lru_cache(maxsize=64)
def _codes(names: tuple[str, ...]) -> str:
    return f"{{{','.join(code for _, code in _coded(names))}}}"


# -- The answer


def _answer(request: PullRequest, user_id: UUID, plan: Plan, basket: Basket, *, more: bool) -> Answer:
    if more:
        token = sign("pull", user_id, [_digest(request), *plan.content()])
        end = f'"cursor":"{token}","has_more":true}}'
    else:
        cursor = plan.bound.packed()
        end = f'"cursor":{cursor},"timestamp":{cursor},"has_more":false}}'
    replace = f'"replace":{orjson.dumps(plan.replace).decode()},' if plan.replace else ""
    parts = _documents(basket) if request.documents else _changes(basket)
    body = b"".join([b"{", *parts, b",", replace.encode(), end.encode()])
    return Answer(body, "" if more else _tag(plan.bound))


def _documents(basket: Basket) -> Iterator[bytes]:
    found = [part for parts in basket.updated.values() for part in parts]
    yield b'"documents":['
    yield b",".join(found)
    yield b"]"


def _changes(basket: Basket) -> Iterator[bytes]:
    """Pieces, not a text: each piece is copied once, into the body."""
    yield b'"changes":{'
    for number, name in enumerate(basket.updated):
        yield b'%b"%b":{"created":[],"updated":[' % (b"," if number else b"", name.encode())
        yield b",".join(basket.updated[name])
        yield b'],"deleted":['
        yield b",".join(basket.deleted[name])
        yield b"]}"
    yield b"}"
