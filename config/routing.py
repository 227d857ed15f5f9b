"""Websocket routes: the one socket for all live frames. Whoever knocks elsewhere is refused in order."""

from typing import Any

from chat.consumer import application

NOT_FOUND = 4404  # of the private range of close codes, after HTTP's
ROUTES = {"/chat/ws": application, "/chat/ws/": application}


async def sockets(scope: Any, receive: Any, send: Any) -> None:
    """Close before accepting: the client's handshake fails with 403, which it reads as "no such socket"."""
    if (found := ROUTES.get(scope["path"])) is not None:
        await found(scope, receive, send)
        return
    await receive()  # websocket.connect
    await send({"type": "websocket.close", "code": NOT_FOUND})
