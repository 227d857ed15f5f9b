"""The websocket: `application` serves one socket, `chat_inside` starts and ends what all sockets share."""

from chat.consumer.door import application
from chat.consumer.engine import chat_inside

__all__ = ["application", "chat_inside"]
