"""The assistant over the websocket: AI, answered by AI_DELTA ... AI_DONE, and AI_CANCEL. The same services as REST.

C {"type": "AI", "sessionId": "…", "clientId": "…", "body": "…", "background": false}
S {"type": "AI_DELTA", "sessionId", "messageId", "clientId", "n", "delta"}   n: length of the answer after it
S {"type": "AI_DONE", "sessionId", "messageId", "clientId", "status", "usage", "sources", "cautions", ...}
C {"type": "AI_CANCEL", "sessionId": "…", "messageId": "…"}
"""

import re
from collections.abc import Callable, Mapping
from contextlib import aclosing
from functools import partial
from typing import Any, Final, TypeVar
from uuid import UUID

from django.db import DatabaseError

from chat.assistant.events import Done, Event, Piece
from chat.assistant.loop import in_thread
from chat.assistant.models import SESSION_ID
from chat.assistant.serializers import LONGEST
from chat.assistant.services import conversing
from chat.assistant.services.answering import heard, start_answer, tell_cancelled
from chat.assistant.services.conversing import Ask, Turn
from chat.assistant.wire import failed, sentence
from chat.ports import Socket
from core.errors import DomainError, NotFound
from core.ids import uuid7
from core.rls import as_user
from core.throttling import demand
from users.models import User

CODES: Final = {400: "invalid", 404: "forbidden", 413: "too_large", 429: "rate_limited", 503: "unavailable"}
_SESSION: Final = re.compile(SESSION_ID)
T = TypeVar("T")


async def ask(socket: Socket, frame: Mapping[str, Any]) -> None:
    """AI: answered beside the reading, broken off with the socket unless `background` is true."""
    client_id, body = frame.get("clientId", ""), frame.get("body")
    session_id = frame.get("sessionId") or str(uuid7())
    known = client_id if isinstance(client_id, str) else None
    if known is None or len(known) > 64 or "\0" in known:
        socket.refuse("invalid", "clientId has at most 64 characters.")
    elif not (isinstance(session_id, str) and _SESSION.fullmatch(session_id)):
        socket.refuse("invalid", "sessionId has 1 to 64 letters, digits, or _ . : - signs.", clientId=known)
    elif not isinstance(body, str) or "\0" in body or not body.strip():
        socket.refuse("invalid", "body is the question.", clientId=known)
    elif len(body) > LONGEST:
        socket.refuse("too_large", f"A question has at most {LONGEST} characters.", clientId=known)
    else:
        said = Ask(message=body, session_id=session_id, client_id=known)
        background = frame.get("background") is True
        socket.spawn(_answer(socket, said, background=background), name="assistant")


async def cancel(socket: Socket, frame: Mapping[str, Any]) -> None:
    """AI_CANCEL: an answer that had ended already stays as it is."""
    session_id = frame.get("sessionId")
    try:
        message_id = UUID(str(frame.get("messageId")))
    except ValueError:
        message_id = None
    if message_id is None or not isinstance(session_id, str):
        socket.refuse("invalid", "Give sessionId and messageId.")
        return
    socket.spawn(_cancel(socket, session_id, message_id), name="assistant-cancel")


async def _answer(socket: Socket, said: Ask, *, background: bool) -> None:
    turn = await _deed(socket, partial(_asked, socket.user_id, said), clientId=said.client_id)
    if turn is None:
        return
    answer = start_answer(turn)
    async with aclosing(heard(answer, turn, background=background)) as events:
        async for event in events:
            if event is not None and (shown := _frame(turn, said.client_id, event)):
                socket.send_frame(shown)


async def _cancel(socket: Socket, session_id: str, message_id: UUID) -> None:
    def work() -> bool:
        user = _user(socket.user_id)
        cancelled = conversing.cancel(user, session_id, message_id)
        if cancelled:
            tell_cancelled(message_id)
        return cancelled

    await _deed(socket, work, messageId=str(message_id))


def _asked(user_id: UUID, said: Ask) -> Turn:
    demand("assistant", str(user_id))
    return conversing.ask(_user(user_id), said)


def _user(user_id: UUID) -> User:
    """Raises NotFound."""
    with as_user(user_id):
        found: User | None = User.objects.filter(pk=user_id, is_active=True, deleted_at=None).first()
    if found is None:
        raise NotFound
    return found


async def _deed(socket: Socket, work: Callable[[], T], **named: Any) -> T | None:
    """A service in a thread; its refusal becomes an ERROR frame and None."""
    try:
        return await in_thread(work)
    except DomainError as refusal:
        more = {"retryAfter": refusal.retry_after} if refusal.retry_after is not None else {}
        socket.refuse(CODES.get(refusal.status, "invalid"), _said(refusal), **named, **more)
    except DatabaseError:
        socket.refuse("unavailable", "Please try again in a moment.", retryAfter=1, **named)
    return None


def _said(refusal: DomainError) -> str:
    for messages in refusal.fields.values():
        return str(messages[0] if isinstance(messages, list) else messages)
    return refusal.text


def _frame(turn: Turn, client_id: str, event: Event) -> dict[str, Any] | None:
    head = {
        "sessionId": turn.begun.session_id,
        "messageId": str(turn.begun.message_id),
        "clientId": client_id,
    }
    match event:
        case Piece():
            return {"type": "AI_DELTA", **head, "n": event.n, "delta": event.text}
        case Done():
            return {"type": "AI_DONE", **head, **_told(event)}
    return None


def _told(done: Done) -> dict[str, Any]:
    broken = {"code": done.error_code, "error": sentence(done.error_code)} if failed(done) else {}
    return {
        "status": done.status,
        "provider": done.provider,
        "degraded": done.degraded,
        "sources": done.sources,
        "cautions": done.cautions,
        "usage": {"promptTokens": done.prompt_tokens, "completionTokens": done.completion_tokens},
        **broken,
    }
