"""What goes through the pipes between the service and its limited workers: JSON and bytes, never pickles.

A message is a 4-byte length, a JSON object of that length, and the byte strings whose lengths the
object lists under `blobs`.
"""

from __future__ import annotations

import json
import os
import select
import struct
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_HEADER: Final = 64 * 1024 * 1024
MOST_BLOB: Final = 64 * 1024 * 1024
_CHUNK: Final = 1 << 16


class WireError(Exception):
    """The other side is gone, too slow, or talks nonsense."""


def encode(header: Mapping[str, Any], blobs: Sequence[bytes] = ()) -> bytes:
    text = json.dumps({**header, "blobs": [len(blob) for blob in blobs]}, allow_nan=False).encode()
    return b"".join((struct.pack(">I", len(text)), text, *blobs))


def receive(fd: int, deadline: float | None) -> tuple[dict[str, Any], list[bytes]]:
    """One whole message. Raises WireError on the end of the stream, nonsense, or `deadline` (monotonic)."""
    length = struct.unpack(">I", _exactly(fd, 4, deadline))[0]
    if length > MOST_HEADER:
        raise WireError("message too long")
    try:
        header = json.loads(_exactly(fd, length, deadline))
    except ValueError:
        raise WireError("not JSON") from None
    sizes = header.get("blobs") if isinstance(header, dict) else None
    if not isinstance(sizes, list) or not all(
        isinstance(size, int) and 0 <= size <= MOST_BLOB for size in sizes
    ):
        raise WireError("not a message")
    return header, [_exactly(fd, size, deadline) for size in sizes]


def _exactly(fd: int, count: int, deadline: float | None) -> bytes:
    parts = []
    while count:
        _wait(fd, deadline, write=False)
        part = os.read(fd, min(count, _CHUNK))
        if not part:
            raise WireError("closed")
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def send(fd: int, message: bytes, deadline: float | None) -> None:
    """All of it; the descriptor must not block for ever when `deadline` is given."""
    view = memoryview(message)
    while view:
        _wait(fd, deadline, write=True)
        try:
            written = os.write(fd, view[:_CHUNK])
        except BlockingIOError:
            continue
        except OSError:
            raise WireError("closed") from None
        view = view[written:]


def _wait(fd: int, deadline: float | None, *, write: bool) -> None:
    if deadline is None:
        return
    left = deadline - time.monotonic()
    if left <= 0:
        raise WireError("too slow")
    poller = select.poll()
    poller.register(fd, select.POLLOUT if write else select.POLLIN)
    if not poller.poll(1000 * left):
        raise WireError("too slow")
