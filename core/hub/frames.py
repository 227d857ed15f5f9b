"""A live frame: what travels from a commit to the sockets that listen."""

import re
from typing import Any

import orjson

from core.renderers import dumps

_TOPIC = re.compile(r"[a-z_]{1,20}:[A-Za-z0-9_.-]{1,80}")


class Frame(dict[str, Any]):
    """One frame, shared by all listeners of this process: read it, never change it.

    `topic` says where it was published, `json` is it as text, ready for the wire.
    """

    __slots__ = ("json", "topic")

    def __init__(self, topic: str, json: bytes) -> None:
        super().__init__(orjson.loads(json))
        self.topic = topic
        self.json = json


def gap() -> Frame:
    """Frames may have been lost (Redis was away): the listener reads the database now."""
    return Frame("", b'{"type":"GAP"}')


def encode(topic: str, frame: dict[str, Any]) -> bytes:
    """The frame as JSON, at the moment of publishing. Raises ValueError for what is no topic, TypeError for no JSON."""
    check(topic)
    return dumps(frame)


def check(topic: str) -> str:
    if not _TOPIC.fullmatch(topic):
        raise ValueError(f"{topic!r} is no topic; write for example user:<id>.")
    return topic
