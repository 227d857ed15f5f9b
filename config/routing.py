"""Websocket routes. No app brings one yet: whoever knocks is refused in order, not with a crash."""

from typing import Any

NOT_FOUND = 4404  # of the private range of close codes, after HTTP's


async def sockets(scope: Any, receive: Any, send: Any) -> None:
    """Close before accepting: the client's handshake fails with 403, which it reads as "no such socket"."""
    await receive()  # websocket.connect
    await send({"type": "websocket.close", "code": NOT_FOUND})
