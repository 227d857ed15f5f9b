"""Which filters a client pulls with: after a change its copy of the collection has to be replaced.

A replacement may be lost on its way. So the head of the person's stream moves on by one with every change of
filters: only a cursor from that number on proves that the client has had the new selection.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import orjson
from django.db import connection

from core import clock
from sync.models import SyncFilter
from sync.ports import collections

if TYPE_CHECKING:
    from uuid import UUID

    from sync.requests import PullRequest

Known = dict[str, list[Any]]  # collection -> [digest or None, number]


def changed_filters(request: PullRequest, known: str | None) -> list[str]:
    """Collections that this client had with another selection, or is not known to have got with this one."""
    told: Known = orjson.loads(known) if known else {}
    if not told and not request.filters:
        return []
    had_till = request.cursor.user if request.cursor else 0
    changed = []
    for name in request.names:
        digest, number = told.get(name, [None, 0])
        other = digest != _digest(request, name)
        if collections[name].filters and (other or (request.cursor is not None and had_till < number)):
            changed.append(name)
    return changed


def remember_filters(request: PullRequest, user_id: UUID, known: str | None, changed: list[str]) -> None:
    """Keep what the client asks for from now on; later cursors of this stream differ from all before."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sync_move_on()")
        (number,) = cursor.fetchone() or (0,)
    told: Known = orjson.loads(known) if known else {}
    told |= {name: [_digest(request, name), number] for name in changed}
    SyncFilter.objects.update_or_create(
        stream=user_id, client=request.client, defaults={"known": told, "used_at": clock.now()}
    )


def _digest(request: PullRequest, name: str) -> str | None:
    chosen = request.filters.get(name)
    return (
        hashlib.sha256(orjson.dumps(chosen, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16] if chosen else None
    )
