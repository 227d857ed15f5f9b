"""What granian serves as the limit: the vehicle list, and the delta of sync."""

import json
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
COLUMNS = LIST[LIST.index("id,") : LIST.index("FROM plain_vehicle")]
DELTA = f"""
SELECT coalesce(json_agg(row), '[]')::text FROM (SELECT {COLUMNS} FROM plain_vehicle
 WHERE owner_id = %s AND updated_at > %s::timestamptz ORDER BY updated_at) row
"""
PAGE = f"""
SELECT coalesce(json_agg(row), '[]')::text FROM (SELECT {COLUMNS} FROM plain_vehicle
 WHERE owner_id = %s ORDER BY id LIMIT %s) row
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
    statement, values, around = await asked(scope["path"], user, receive)
    async with pool.connection() as connection:
        cursor = await connection.execute(statement, values, prepare=True)
        (rows,) = await cursor.fetchone() or ("[]",)
    body = around % rows.encode()
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": body})


async def asked(path: str, user: int, receive: Any) -> tuple[str, list[Any], bytes]:
    """The statement of a request, its values, and what goes around the rows."""
    if not path.endswith("/sync/pull/"):
        return LIST, [user], b'{"results": %s, "next": null, "previous": null}'
    body = json.loads((await receive())["body"])
    around = b'{"changes": {"vehicles": {"created": [], "updated": %s, "deleted": []}}}'
    if body.get("cursor"):
        return DELTA, [user, body["cursor"]], around
    return PAGE, [user, body["limit"]], around
