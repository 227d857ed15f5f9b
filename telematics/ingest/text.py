"""The usual batch, rows of plain numbers that all look alike, is read off its text: no sample becomes an object.

That every row looks like the first is seen from what is left without the characters of numbers; that these stand
nowhere but behind a colon, from where they begin. Whatever else comes goes the long way (`body.parse`), also what
is no JSON at all: nothing is read here that would be read otherwise there.
"""

from __future__ import annotations

import secrets
from typing import Any, Final

import numpy as np
import orjson

from telematics.ingest.columns import Table, from_flat

_NUMBER: Final = b"0123456789.-+"  # without an exponent: its letter would look like one of a key
_OTHERS: Final = bytes(set(range(256)) - set(_NUMBER + b","))
_ROWS: Final = b'"samples":[{'
_COLON: Final = ord(":")
_MARK: Final = secrets.token_hex(16)  # nobody outside can say it, so it stands where we put it
_MARKED: Final = f'"samples":"{_MARK}"'.encode()


def unrolled(raw: bytes) -> dict[str, Any] | None:
    """The object of a batch, with a `Table` for its samples; None for a batch that is to be read as any JSON."""
    at = raw.find(_ROWS)
    end = raw.find(b"]", at)
    if at < 0 or end < 0:
        return None
    table = _table(raw[at + len(_ROWS) - 1 : end])
    if table is None:
        return None
    try:
        rest = orjson.loads(raw[:at] + _MARKED + raw[end + 1 :])
    except orjson.JSONDecodeError:
        return None
    if not isinstance(rest, dict) or rest.get("samples") != _MARK:
        return None
    rest["samples"] = table
    return rest


def _table(text: bytes) -> Table | None:
    """Of `{...},{...}`."""
    first = text[: text.find(b"}") + 1]
    try:
        keys = tuple(orjson.loads(first))
    except orjson.JSONDecodeError:
        return None
    rows = _rows_alike(text, first, len(keys))
    if not rows:
        return None
    try:
        numbers = orjson.loads(b"[" + text.translate(None, _OTHERS) + b"]")
    except orjson.JSONDecodeError:
        return None
    return from_flat(keys, numbers, rows)


def _rows_alike(text: bytes, first: bytes, many: int) -> int:
    """How many rows there are, if each is the first again but for the digits of its `many` numbers; else 0."""
    shape = first.translate(None, _NUMBER) + b","
    left = text.translate(None, _NUMBER) + b","
    rows, rest = divmod(len(left), len(shape))
    if rest or shape.count(b":") != many or left != shape * rows:
        return 0
    letters = np.frombuffer(text, np.uint8)
    digits = ((letters - ord("+")) < 15) & (letters != ord(","))  # "+" to "9"; no key of ours has a "/"
    begins = digits[1:] > digits[:-1]
    after_colon = begins & (letters[:-1] == _COLON)
    return rows if np.count_nonzero(begins) == np.count_nonzero(after_colon) == rows * many else 0
