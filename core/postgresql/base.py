"""What settings.DATABASES names as ENGINE; Django finds `DatabaseWrapper` here."""

from __future__ import annotations

import select
import time
from datetime import UTC
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from django.db.backends.utils import debug_transaction
from psycopg.pq import Format, TransactionStatus

from core.postgresql.direct import command

_Reader: Any = psycopg.adapters.get_loader(psycopg.adapters.types["timestamptz"].oid, Format.TEXT)
TRUSTED_FOR = 30.0  # seconds that a connection may rest before the server itself is asked


class Instants:
    """A loader of `timestamptz`: psycopg's own, in C, which gives UTC on a connection in UTC. Django's is in Python."""

    format, timezone = Format.TEXT, UTC  # Django replaces a loader of another time zone

    def __new__(cls, oid: int, context: Any = None) -> Any:
        return _Reader(oid, context)


class DatabaseWrapper(base.DatabaseWrapper):
    """CONN_HEALTH_CHECKS asks the kernel first: a server that ended the connection has closed its socket.

    A busy connection is so checked without a statement. What a kernel can't know of (a firewall that forgot us)
    takes a while, so a connection that rested longer is asked by Django's `SELECT 1`.
    """

    _used_at = 0.0  # of time.monotonic

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        connection.adapters.register_loader("timestamptz", Instants)
        return connection

    def _commit(self) -> None:
        """COMMIT without a turn through psycopg's loop. Deferred constraints speak up here."""
        if self.connection is None or self.connection.pgconn.transaction_status == TransactionStatus.IDLE:
            return
        with debug_transaction(self, "COMMIT"), self.wrap_database_errors:
            command(self.connection, b"COMMIT")

    def is_usable(self) -> bool:
        rested = time.monotonic() - self._used_at
        fine = (rested < TRUSTED_FOR and self._silent()) or super().is_usable()
        self._used_at = time.monotonic()
        return fine

    def _silent(self) -> bool:
        """Nothing to read: neither an end nor a last word of the server's; and no statement failed before."""
        try:
            if self.connection.info.transaction_status == TransactionStatus.INERROR:
                return False
            watched = select.poll()
            watched.register(self.connection.fileno(), select.POLLIN)
            return not watched.poll(0)
        except (AttributeError, OSError, psycopg.Error):
            return False
