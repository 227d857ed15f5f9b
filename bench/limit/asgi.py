"""What granian serves as the limit: the vehicle list, the list of tunes, and the delta of sync."""

import json
import os
from typing import Any
from urllib.parse import parse_qs

import jwt
from psycopg_pool import AsyncConnectionPool

from bench.plain.settings import SECRET_KEY

COLUMNS = """id, owner_id AS user, nickname, vin, vin_notes, make, model, trim, year, license_plate, odometer_km,
    fuel_type, dongle_id, dongle_connection_type, vehicle_model_id, ecu_family, ecu_hardware, ecu_software,
    ecu_calibration_id, engine_displacement_cc, engine_cylinders, engine_stroke, engine_aspiration, engine_redline_rpm,
    engine_compression, engine_injector_cc_min, mods, notes, photo, created_at, updated_at"""
LIST = f"""
SELECT coalesce(json_agg(row), '[]')::text FROM (
    SELECT {COLUMNS} FROM plain_vehicle WHERE owner_id = %s ORDER BY created_at DESC LIMIT 50) row
"""
TUNES = """
SELECT coalesce(json_agg(row), '[]')::text FROM (
    SELECT t.id, t.title, t.summary, t.stage, t.fuel_type, t.price_minor, t.currency, t.vin_bound, t.picture,
           t.gain_power_kw, t.gain_torque_nm, t.rating, t.rating_count, t.score, t.sales_count,
           json_build_object('id', s.id, 'business', s.business) AS tuner,
           ARRAY(SELECT concat(f.make, ' ', f.model, ' ', f.year_from, '-', f.year_to)
                   FROM plain_fit f WHERE f.tune_id = t.id) AS fits, t.version_number, t.published_at
      FROM plain_tune t JOIN plain_seller s ON s.id = t.seller_id
     WHERE (%s::text = '' OR t.title ILIKE %s OR t.summary ILIKE %s OR t.description ILIKE %s)
     ORDER BY t.published_at DESC LIMIT 50) row
"""
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
    statement, values, around = await asked(scope, user, receive)
    async with pool.connection() as connection:
        cursor = await connection.execute(statement, values, prepare=True)
        (rows,) = await cursor.fetchone() or ("[]",)
    body = around % rows.encode()
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": body})


async def asked(scope: dict[str, Any], user: int, receive: Any) -> tuple[str, list[Any], bytes]:
    """The statement of a request, its values, and what goes around the rows."""
    page = b'{"results": %s, "next": null, "previous": null}'
    if scope["path"].endswith("/tunes/"):
        words = parse_qs(scope["query_string"].decode()).get("search", [""])[0]
        return TUNES, [words, *[f"%{words}%"] * 3], page
    if not scope["path"].endswith("/sync/pull/"):
        return LIST, [user], page
    body = json.loads((await receive())["body"])
    around = b'{"changes": {"vehicles": {"created": [], "updated": %s, "deleted": []}}}'
    if body.get("cursor"):
        return DELTA, [user, body["cursor"]], around
    return PAGE, [user, body["limit"]], around
