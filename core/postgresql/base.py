"""What settings.DATABASES names as ENGINE; Django finds `DatabaseWrapper` here."""

from __future__ import annotations

import select
import time

from django.db.backends.postgresql import base

TRUSTED_FOR = 30.0  # seconds that a connection may rest before the server itself is asked


class DatabaseWrapper(base.DatabaseWrapper):
    """CONN_HEALTH_CHECKS asks the kernel first: a server that ended the connection has closed its socket.

    A busy connection is so checked without a statement. What a kernel can't know of (a firewall that forgot us)
    takes a while, so a connection that rested longer is asked by Django's `SELECT 1`.
    """

    _used_at = 0.0  # of time.monotonic

    def is_usable(self) -> bool:
        rested = time.monotonic() - self._used_at
        fine = (rested < TRUSTED_FOR and self._silent()) or super().is_usable()
        self._used_at = time.monotonic()
        return fine

    def _silent(self) -> bool:
        """Nothing to read: neither an end nor a last word of the server's."""
        try:
            watched = select.poll()
            watched.register(self.connection.fileno(), select.POLLIN)
            return not watched.poll(0)
        except (AttributeError, OSError, base.Database.Error):
            return False
