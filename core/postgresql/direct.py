"""Statements that go straight to libpq: for the few that nearly every request asks.

A cursor of psycopg takes several turns through its own loop for a statement, libpq's blocking call takes one. Each is
prepared once a connection.
"""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, TransactionStatus

if TYPE_CHECKING:
    from collections import OrderedDict

    from psycopg import abc
    from psycopg.pq.abc import PGconn, PGresult

FINE = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)
_PLACEHOLDER = re.compile(r"%(?:\((\w+)\)s|(s)|%)")
_numbers = itertools.count()
_STALE = frozenset({"0A000", "26000"})  # its tables have changed since; the server knows no such name

Values = Mapping[str, Any] | Sequence[Any]


class Statement:
    """SQL with %(name)s for its values, or %s in turn; each has a cast where its place doesn't tell the type."""

    def __init__(self, sql: str) -> None:
        self.sql = sql

    def rows(self, values: Values) -> list[tuple[Any, ...]]:
        """All rows. Raises what Django's cursor would."""
        result, reader = self._run(values)
        rows: list[tuple[Any, ...]] = reader.load_rows(0, result.ntuples, tuple)
        return rows

    def row(self, values: Values) -> tuple[Any, ...] | None:
        """The first row; None when there is none."""
        rows = self.rows(values)
        return rows[0] if rows else None

    def texts(self, values: Values) -> list[list[bytes]]:
        """All rows as PostgreSQL sent them; no value may be null."""
        result, _ = self._run(values)
        columns = range(result.nfields)
        return [[result.get_value(row, column) or b"" for column in columns] for row in range(result.ntuples)]

    def _run(self, values: Values) -> tuple[PGresult, abc.Transformer]:
        wrapper = connections[DEFAULT_DB_ALIAS]  # once: the look-up costs a tenth of a statement
        wrapper.close_if_health_check_failed()  # as a cursor does
        wrapper.ensure_connection()
        wrapper.validate_no_broken_transaction()
        link: Any = wrapper.connection
        reader: abc.Transformer = Transformer.from_context(link)
        if link.prepare_threshold is None:  # a pooler: the next statement may meet another server process
            with wrapper.cursor() as cursor:
                cursor.execute(self.sql, values)
                result: Any = cursor.pgresult
        else:
            sql, names = self._numbered
            start = time.monotonic()
            with wrapper.wrap_database_errors:
                given: Any = reader.dump_sequence(_in_order(names, values), [PyFormat.TEXT] * len(names))
                result = _execute(link, sql, given)
            if wrapper.queries_logged:
                took = f"{time.monotonic() - start:.3f}"
                wrapper.queries_log.append({"sql": self.sql, "time": took})
        reader.set_pgresult(result)
        return result, reader

    @cached_property
    def _numbered(self) -> tuple[bytes, tuple[str, ...]]:
        """The SQL as PostgreSQL wants it, with $1 and so on, and the names of these in their order, if they have some."""
        numbers: dict[str, int] = {}

        def numbered(found: re.Match[str]) -> str:
            if found[0] == "%%":
                return "%"
            return f"${numbers.setdefault(found[1] or f'{len(numbers)}', len(numbers) + 1)}"

        return _PLACEHOLDER.sub(numbered, self.sql).encode(), tuple(numbers)


@lru_cache(maxsize=512)
def statement(sql: str) -> Statement:
    """The same object for the same SQL, of what is put together anew for each request."""
    return Statement(sql)


def command(link: Any, sql: bytes) -> None:
    """A statement without values or rows, like COMMIT. Raises psycopg.Error."""
    _fine(link.pgconn.exec_(sql))


def _execute(link: Any, sql: bytes, given: Any) -> PGresult:
    pgconn: PGconn = link.pgconn
    # Psycopg's own register, which forgets all names when it tells the server to: after a ROLLBACK, an ALTER or a DROP.
    names: OrderedDict[tuple[bytes, tuple[int, ...]], bytes] = link._prepared._names
    name = names.get(key := (sql, ()))
    if name is None:
        name = b"direct_%d" % next(_numbers)
        _fine(pgconn.prepare(name, sql))
        names[key] = name
    else:
        names.move_to_end(key)
    if not link.autocommit and pgconn.transaction_status == TransactionStatus.IDLE:
        command(link, b"BEGIN")  # as psycopg would
    try:
        return _fine(pgconn.exec_prepared(name, given))
    except psycopg.Error as problem:
        if problem.sqlstate in _STALE:
            names.pop(key, None)  # the next time it gets a new name
        raise


def _in_order(names: Sequence[str], values: Values) -> Sequence[Any]:
    return [values[name] for name in names] if isinstance(values, Mapping) else values


def _fine(result: PGresult) -> PGresult:
    if result.status not in FINE:
        raise error_from_result(result)
    return result
