"""What granian serves as the limit: the vehicle list."""

import os
from typing import Any

import jwt
from psycopg_pool import AsyncConnectionPool

from bench.plain.settings import SECRET_KEY

LIST = """
SELECT coalesce(json_agg(row), '[]')::text FROM (
    SELECT id, owner_id AS user, nickname, make, model, trim, year, vin, license_plate, odometer_km, fuel_type,
           notes, created_at, updated_at
      FROM plain_vehicle WHERE owner_id = %s ORDER BY created_at DESC LIMIT 50) row
"""
HEADERS = [(b"content-type", b"application/json")]
pool = AsyncConnectionPool(os.environ["DATABASE_URL"], min_size=1, max_size=4, open=False)


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await receive()
        await pool.open(wait=True)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await pool.close()
        await send({"type": "lifespan.shutdown.complete"})
        return
    token = dict(scope["headers"])[b"authorization"].removeprefix(b"Bearer ")
    user = int(jwt.decode(token, SECRET_KEY, algorithms=["HS256"])["sub"])
    async with pool.connection() as connection:
        cursor = await connection.execute(LIST, [user], prepare=True)
        (rows,) = await cursor.fetchone() or ("[]",)
    body = b'{"results": ' + rows.encode() + b', "next": null, "previous": null}'
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": body})
