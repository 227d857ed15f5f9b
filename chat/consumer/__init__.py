"""The websocket: `application` serves one socket, `chat_inside` starts and ends what all sockets share."""

from chat.consumer.engine import chat_inside
from chat.consumer.socket import application

__all__ = ["application", "chat_inside"]
