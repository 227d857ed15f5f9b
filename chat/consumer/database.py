"""The sockets' own connections: asynchronous, as the system, one statement a transaction.

The web role would need a round trip more for each statement, and the writer acts for many people at once. So each
statement here names the people whose rows it may touch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from django.conf import settings
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from core.rls import SYSTEM_ROLE
from core.worker import system_parameters

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Arguments = "Sequence[Any] | Mapping[str, Any]"
# What a lost, restarting or overloaded server looks like: try again later.
AWAY = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout)
_WAIT = 3.0  # seconds for a connection
# Prepared plans are made while the tables are small and must still be good when they are not; planning SEND anew for
# each commit, or compiling it, costs many times what running it does.
_OPTIONS = (
    "-c lock_timeout=2000 -c statement_timeout=10000 -c jit=off -c enable_seqscan=off"
    " -c plan_cache_mode=force_generic_plan"
)


class Database:
    def __init__(self) -> None:
        parameters = system_parameters()
        self._pooler = "options" not in parameters
        if not self._pooler:
            parameters["options"] = f"{parameters['options']} {_OPTIONS}"
        self._pool = AsyncConnectionPool(
            kwargs={**parameters, "autocommit": True, "prepare_threshold": None if self._pooler else 2},
            min_size=1,
            max_size=settings.CHAT_DB_POOL,
            timeout=_WAIT,
            open=False,
            check=None,
            name="chat",
        )

    async def open(self) -> None:
        await self._pool.open()

    async def close(self) -> None:
        await self._pool.close()

    async def fetch(
        self, statement: str, arguments: Sequence[Any] | Mapping[str, Any]
    ) -> list[tuple[Any, ...]]:
        """All rows. Raises psycopg's errors, and one of AWAY without a server."""
        async with self._pool.connection() as connection:
            if not self._pooler:
                return await (await connection.execute(statement, arguments)).fetchall()
            async with (
                connection.transaction()
            ):  # behind a transaction pooler the role holds for this one only
                await connection.execute(f"SET LOCAL ROLE {SYSTEM_ROLE}")
                return await (await connection.execute(statement, arguments)).fetchall()
