"""The door: who may come in with a socket, and with which word the others are sent away."""

from __future__ import annotations

from typing import Any

from chat.consumer import codes
from chat.consumer import login as logins
from chat.consumer.database import AWAY
from chat.consumer.engine import Engine, engine
from chat.consumer.socket import Socket


async def application(scope: Any, receive: Any, send: Any) -> None:
    """ASGI: one websocket. A bad token is accepted and then closed with 4401, as browsers hide a refused handshake."""
    await receive()  # websocket.connect
    token, ticket, subprotocol = logins.offered(scope)
    scope["query_string"] = b""  # the server logs it when it accepts, and a token is nobody's business
    if not logins.origin_allowed(scope):
        await send({"type": "websocket.close", "code": codes.ORIGIN})
        return
    await send({"type": "websocket.accept", "subprotocol": subprotocol})
    try:
        code, reason = await _received(await engine(), token, ticket, receive, send)
    except AWAY:
        code, reason = codes.TRY_LATER, "unavailable"
    if code:
        await send({"type": "websocket.close", "code": code, "reason": reason})


async def _received(shared: Engine, token: str, ticket: str, receive: Any, send: Any) -> tuple[int, str]:
    """Serve the socket to its end, (0, ""), or say why not."""
    if shared.leaving:
        return codes.RESTART, "restart"
    login = await (
        logins.by_ticket(ticket, shared.database) if ticket else logins.by_token(token, shared.database)
    )
    if login is None:
        return codes.TOKEN, "token_invalid"
    place = await shared.crowd.enter(login.user)
    if place is None:
        return codes.CROWD, "too_many_connections"
    try:
        await Socket(shared, login, send).run(receive)
    finally:
        shared.crowd.leave(login.user, place)
    return 0, ""
