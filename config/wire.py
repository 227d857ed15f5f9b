"""uvicorn's websocket, which says 4408 to a client that does not answer its pings: `--ws config.wire:Wire`.

uvicorn itself says 1011, which tells a client to look for the fault on our side.
"""

from typing import Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

SILENT: Final = 4408  # chat/consumer/codes.py says the same


class Wire(WebSocketsSansIOProtocol):
    def keepalive_timeout(self) -> None:
        """No pong within --ws-ping-timeout: the close goes out, whoever may hear it, and the connection ends."""
        if not (self.close_sent or self.transport.is_closing()):
            self.conn.fail(SILENT, "heartbeat")
        super().keepalive_timeout()
