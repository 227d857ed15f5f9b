"""A cursor for bytes: values travel beside the statement, never as hexadecimal text inside it.

Django's cursor binds on the client unless settings say otherwise (they do not under ASGI); this one always binds on
the server, in Django's transaction, and is seen by its query log.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
from django.db import connection
from psycopg.pq import Format

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def bound_cursor(*, binary: bool = False) -> Iterator[Any]:
    """`binary`: rows come back in binary too; for statements whose columns psycopg can load so (bytea, numbers)."""
    connection.ensure_connection()
    raw: psycopg.Cursor[Any] = psycopg.Cursor(connection.connection)
    if binary:
        raw.format = Format.BINARY
    with connection._prepare_cursor(raw) as cursor:  # type: ignore[attr-defined]
        yield cursor
