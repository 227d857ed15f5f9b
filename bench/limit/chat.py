"""What uvicorn serves as the limit of chat: a raw ASGI websocket on asyncpg with the same batching, and nothing else.

Whoever says `?user=<id>` is believed; a message is one row with a number and no index of words. No second process, no
presence, no read marks, no blocks, no sync.
"""

import asyncio
import json
import os
from collections import deque
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import asyncpg

TABLES = """
CREATE TABLE raw_thread (id uuid PRIMARY KEY, last_seq bigint NOT NULL DEFAULT 0);
CREATE TABLE raw_member (thread_id uuid, user_id uuid, PRIMARY KEY (user_id, thread_id));
CREATE TABLE raw_message (
    id uuid PRIMARY KEY, thread_id uuid NOT NULL, seq bigint NOT NULL, sender_id uuid NOT NULL,
    client_id varchar(64) NOT NULL, body text NOT NULL, created_at timestamptz NOT NULL,
    UNIQUE (thread_id, seq), UNIQUE (thread_id, sender_id, client_id));
"""
SEND = """
WITH input AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[])
             WITH ORDINALITY AS i (id, thread_id, sender_id, client_id, body, n)
), locked AS MATERIALIZED (
    SELECT id, last_seq FROM raw_thread WHERE id = ANY($2::uuid[]) ORDER BY id FOR UPDATE
), fresh AS MATERIALIZED (
    SELECT i.*, l.last_seq + row_number() OVER (PARTITION BY l.id ORDER BY n) AS seq, clock_timestamp() AS at
      FROM input i JOIN locked l ON l.id = i.thread_id
      JOIN raw_member m ON m.thread_id = l.id AND m.user_id = i.sender_id
     WHERE NOT EXISTS (SELECT 1 FROM raw_message o WHERE o.thread_id = l.id AND o.sender_id = i.sender_id
                          AND o.client_id = i.client_id)
), inserted AS (
    INSERT INTO raw_message SELECT id, thread_id, seq, sender_id, client_id, body, at FROM fresh
), moved AS (
    UPDATE raw_thread t SET last_seq = f.seq
      FROM (SELECT thread_id, max(seq) AS seq FROM fresh GROUP BY thread_id) f WHERE t.id = f.thread_id
)
SELECT n, seq, at FROM fresh ORDER BY n
"""
BATCH = 64

pool: Any = None
rooms: dict[str, set["Socket"]] = {}
waiting: deque[tuple["Socket", dict[str, Any]]] = deque()
writing: asyncio.Task[None] | None = None


class Socket:
    def __init__(self, user: str, send: Any) -> None:
        self.user, self.send = user, send
        self.out: deque[str] = deque()
        self.task: asyncio.Task[None] | None = None

    def push(self, text: str) -> None:
        self.out.append(text)
        if self.task is None:
            self.task = asyncio.create_task(self.flush())

    async def flush(self) -> None:
        try:
            while self.out:
                await self.send({"type": "websocket.send", "text": self.out.popleft()})
        except Exception:
            self.out.clear()  # the client is gone
        finally:
            self.task = None


async def write() -> None:
    global writing  # noqa: PLW0603 -- one a process
    try:
        while waiting:
            batch = [waiting.popleft() for _ in range(min(BATCH, len(waiting)))]
            columns = zip(
                *((uuid4(), f["threadId"], s.user, f["clientId"], f["body"]) for s, f in batch), strict=True
            )
            ids, *others = (list(column) for column in columns)
            for n, seq, at in await pool.fetch(SEND, ids, *others):
                answer(*batch[n - 1], str(ids[n - 1]), seq, at.isoformat())
    finally:
        writing = None


def answer(socket: Socket, frame: dict[str, Any], key: str, seq: int, at: str) -> None:
    known = {
        "clientId": frame["clientId"],
        "threadId": frame["threadId"],
        "id": key,
        "seq": seq,
        "timestamp": at,
    }
    socket.push(json.dumps({"type": "ACK", **known}))
    text = json.dumps({"type": "MESSAGE", **known, "body": frame["body"], "senderId": socket.user})
    for member in rooms.get(frame["threadId"], ()):
        member.push(text)


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    global pool, writing  # noqa: PLW0603 -- one a process
    if scope["type"] == "lifespan":
        await receive()
        where = urlsplit(os.environ["DATABASE_URL"])
        pool = await asyncpg.create_pool(
            user=where.username,
            host=parse_qs(where.query)["host"][0],
            database=where.path[1:],
            server_settings={  # its plans are kept too
                "application_name": os.environ.get("PGAPPNAME", ""),
                "plan_cache_mode": "force_generic_plan",
            },
            min_size=1,
            max_size=8,
        )
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await pool.close()
        await send({"type": "lifespan.shutdown.complete"})
        return
    await receive()
    await send({"type": "websocket.accept"})
    user = parse_qs(scope["query_string"].decode())["user"][0]
    socket = Socket(user, send)
    mine = [
        str(row[0]) for row in await pool.fetch("SELECT thread_id FROM raw_member WHERE user_id = $1", user)
    ]
    for thread in mine:
        rooms.setdefault(thread, set()).add(socket)
    socket.push(json.dumps({"type": "READY", "threads": mine}))
    while (event := await receive())["type"] == "websocket.receive":
        frame = json.loads(event["text"])
        if frame["type"] == "SEND":
            waiting.append((socket, frame))
            if writing is None:
                writing = asyncio.create_task(write())
    for thread in mine:
        rooms[thread].discard(socket)
