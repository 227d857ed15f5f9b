"""What a client may ask for, by frame type."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError, connection

from chat import frames
from chat.consumer import codes
from chat.consumer import login as logins
from chat.consumer.writer import RETRY_AFTER, Item, settled
from chat.models.message import MAX_BODY, MAX_CLIENT_ID
from chat.services import changing, sending, threads
from chat.services.live import Cast
from chat.statements import READ
from core.errors import DomainError
from core.ports import Topic, topics
from core.rls import as_system

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from chat.consumer.socket import Socket

    Frame = Mapping[str, Any]

_CODES = {400: "invalid", 403: "forbidden", 404: "forbidden", 413: "too_large", 429: "rate_limited"}


async def send_message(socket: Socket, frame: Frame) -> None:
    """SEND: into the group commit; with attachments through the service, after what was sent before."""
    given, body, reply_to = frame.get("clientId"), frame.get("body"), frame.get("replyTo")
    attachments = frame.get("attachments") or []
    thread_id = _uuid(frame.get("threadId"))
    client_id = given if given is not None else uuid4().hex
    known = given if isinstance(given, str) else None
    if not isinstance(client_id, str) or not 0 < len(client_id) <= MAX_CLIENT_ID or "\0" in client_id:
        socket.refuse("invalid", f"clientId has 1 to {MAX_CLIENT_ID} characters.", clientId=known)
    elif thread_id is None:
        socket.refuse("invalid", "threadId is the id of a thread.", clientId=known)
    elif reply_to is not None and _uuid(reply_to) is None:
        socket.refuse("invalid", "replyTo is the id of a message.", clientId=known)
    elif problem := sending.body_problem(body, empty=bool(attachments)):
        code = "too_large" if isinstance(body, str) and len(body) > MAX_BODY else "invalid"
        socket.refuse(code, problem, clientId=known)
    elif attachments or (socket.login.staff and thread_id not in socket.rooms):
        message = {"thread_id": UUID(thread_id), "client_id": client_id, "body": str(body)}
        message["reply_to"] = UUID(reply_to) if reply_to else None
        await _send_slowly(socket, message, attachments)
    else:
        item = Item(socket, thread_id, socket.user, client_id, str(body), reply_to, given is not None)
        if socket.engine.writer.submit(item):
            socket.last_item = item
        else:
            socket.refuse("unavailable", "Too much is going on.", clientId=known, retryAfter=RETRY_AFTER)


async def _send_slowly(socket: Socket, message: dict[str, Any], attachments: Any) -> None:
    ids = [_uuid(each) for each in attachments] if isinstance(attachments, list) else [None]
    if not all(ids):
        socket.refuse("invalid", "attachments are ids of files.", clientId=message["client_id"])
        return
    await _before(socket)

    def work() -> sending.Sent:
        if socket.login.staff:
            threads.join_as_staff(thread_id=message["thread_id"], user_id=socket.user_id)
        files = [UUID(each) for each in ids if each]
        return sending.send(sender_id=socket.user_id, attachments=files, **message)

    sent = await _deed(socket, work, clientId=message["client_id"])
    if sent is not None:
        socket.send_frame(frames.ack(sent.said, duplicate=sent.duplicate))


async def _before(socket: Socket) -> None:
    """What this socket sent before is written first."""
    item, socket.last_item = socket.last_item, None
    await settled(item)


async def _deed(socket: Socket, work: Callable[[], Any], **named: Any) -> Any:
    """A service in a thread; its refusal becomes an ERROR frame and None."""

    def inside() -> Any:
        try:
            return work()
        finally:
            connection.close()

    try:
        return await asyncio.shield(sync_to_async(inside, thread_sensitive=False)())
    except DomainError as refusal:
        socket.refuse(_CODES.get(refusal.status, "invalid"), _said(refusal), **named)
    except DatabaseError:
        socket.refuse("unavailable", "Please try again in a moment.", retryAfter=RETRY_AFTER, **named)
    return None


def _said(refusal: DomainError) -> str:
    for messages in refusal.fields.values():
        return str(messages[0] if isinstance(messages, list) else messages)
    return refusal.text


async def edit(socket: Socket, frame: Frame) -> None:
    thread_id, message_id, body = _uuid(frame.get("threadId")), _uuid(frame.get("id")), frame.get("body")
    if thread_id is None or message_id is None or not isinstance(body, str):
        socket.refuse("invalid", "Give threadId, id and body.")
        return
    await _before(socket)
    await _deed(
        socket,
        partial(
            changing.edit,
            thread_id=UUID(thread_id),
            message_id=UUID(message_id),
            user_id=socket.user_id,
            body=body,
        ),
        id=message_id,
    )


async def delete(socket: Socket, frame: Frame) -> None:
    thread_id, message_id = _uuid(frame.get("threadId")), _uuid(frame.get("id"))
    if thread_id is None or message_id is None:
        socket.refuse("invalid", "Give threadId and id.")
        return
    await _before(socket)
    await _deed(
        socket,
        partial(
            changing.delete, thread_id=UUID(thread_id), message_id=UUID(message_id), user_id=socket.user_id
        ),
        id=message_id,
    )


async def read(socket: Socket, frame: Frame) -> None:
    thread_id, seq = _uuid(frame.get("threadId")), frame.get("seq")
    if thread_id not in socket.rooms or type(seq) is not int or not 0 <= seq < 2**53:
        socket.refuse("invalid" if thread_id in socket.rooms else "forbidden", "Give threadId and seq.")
        return
    rows = await socket.engine.database.fetch(READ, {"thread": thread_id, "user": socket.user, "seq": seq})
    if rows:
        text = frames.text(frames.read(thread_id, socket.user, rows[0][0]))
        socket.engine.publish([Cast(thread_id, 0, 0, text, staff=_staffed(socket, thread_id))])


async def typing(socket: Socket, frame: Frame) -> None:
    """At most one in CHAT_TYPING_EVERY seconds a thread; more are dropped without a word."""
    thread_id, on = _uuid(frame.get("threadId")), frame.get("typing")
    if thread_id not in socket.rooms or not isinstance(on, bool):
        socket.refuse("invalid" if thread_id in socket.rooms else "forbidden", "Give threadId and typing.")
        return
    now = time.monotonic()
    if socket.typed is None:
        socket.typed = {}
    if on and now - socket.typed.get(thread_id, float("-inf")) < settings.CHAT_TYPING_EVERY:
        return
    if on:
        socket.typed[thread_id] = now
    else:
        socket.typed.pop(thread_id, None)
    text = frames.text({"type": "TYPING", "threadId": thread_id, "user": socket.user, "typing": on, "ttl": 6})
    staff = _staffed(socket, thread_id)
    socket.engine.publish([Cast(thread_id, 0, 0, text, staff=staff, but=socket.user)])


def _staffed(socket: Socket, thread_id: str) -> bool:
    """Do staff who watch the inbox hear of it? Of what two people do among themselves they do not."""
    return socket.rooms[thread_id].staffed is not None


async def resume(socket: Socket, frame: Frame) -> None:
    """Messages after the given seq of each thread, then RESUMED; other frames are read meanwhile."""
    wanted = frame.get("threads")
    if not isinstance(wanted, dict) or len(wanted) > settings.CHAT_RESUME_MAX_THREADS:
        socket.refuse("invalid", f"threads names at most {settings.CHAT_RESUME_MAX_THREADS} threads.")
        return
    asked: dict[str, int] = {}
    for key, seq in wanted.items():
        thread_id = _uuid(key)
        if thread_id is None or type(seq) is not int or not 0 <= seq < 2**53:
            socket.refuse("invalid", "threads gives a seq for the id of each thread.")
            return
        if thread_id in socket.rooms:
            asked[thread_id] = seq
    for thread_id in asked:  # nothing live before what was missed
        socket.rooms[thread_id].members[socket] = []
    socket.spawn(_resume(socket, asked), name="chat-resume")


async def _resume(socket: Socket, asked: dict[str, int]) -> None:
    reached: dict[str, int] = {}
    for thread_id, seq in asked.items():
        room = socket.rooms.get(thread_id)
        if room is not None:
            reached[thread_id] = await socket.catch_up(room, seq)
    socket.send_frame({"type": "RESUMED", "threads": reached, "hasMore": False})


async def ping(socket: Socket, frame: Frame) -> None:
    """Whoever asks whether we are there is asked the same: see Engine._rule."""
    socket.beats = True
    socket.send_frame({"type": "PONG", "t": frame.get("t")})


async def auth(socket: Socket, frame: Frame) -> None:
    """A fresh token of the same person."""
    token = frame.get("token")
    found = await logins.by_token(token, socket.engine.database) if isinstance(token, str) else None
    if found is None or found.user != socket.user:
        socket.cut(codes.TOKEN, "token_invalid")
    else:
        socket.renew(found)


async def subscribe(socket: Socket, frame: Frame) -> None:
    """Live frames of another app, if its plug lets this person."""
    topic = frame.get("topic")
    kind, _, key = topic.partition(":") if isinstance(topic, str) else ("", "", "")
    target, plug = _uuid(key), topics.get(kind)
    allowed = False
    if target is not None and plug is not None:
        allowed = bool(await _deed(socket, partial(_allows, plug, socket.user_id, UUID(target)), topic=topic))
    if not allowed or target is None:
        socket.refuse("forbidden", "There is no such topic.", topic=topic if isinstance(topic, str) else None)
        return
    name = f"{kind}:{target}"
    if len(socket.topics or ()) >= 100:
        socket.refuse("rate_limited", "At most 100 topics.", topic=name)
        return
    socket.add_topic(name)
    await socket.engine.listen_to(name)
    socket.send_frame({"type": "SUBSCRIBED", "topic": name})


def _allows(plug: Topic, user_id: UUID, target: UUID) -> bool:
    with as_system("the plug names the person"):
        return plug.allows(user_id, target)


async def unsubscribe(socket: Socket, frame: Frame) -> None:
    topic = frame.get("topic")
    if isinstance(topic, str):
        socket.drop_topic(topic)
        socket.send_frame({"type": "UNSUBSCRIBED", "topic": topic})


def _uuid(value: Any) -> str | None:
    """The canonical text of a UUID, or None."""
    if not isinstance(value, str):
        return None
    try:
        return str(UUID(value))
    except ValueError:
        return None


HANDLERS: dict[str, Callable[[Socket, Frame], Awaitable[None]]] = {
    "EDIT": edit,
    "DELETE": delete,
    "READ": read,
    "TYPING": typing,
    "RESUME": resume,
    "PING": ping,
    "AUTH": auth,
    "SUBSCRIBE": subscribe,
    "UNSUBSCRIBE": unsubscribe,
}
