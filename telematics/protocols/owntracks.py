"""OwnTracks in HTTP mode: JSON by POST with HTTP Basic. Any 2xx means delivered, else the app repeats."""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final

from telematics.protocols import Heard, ProtocolError, number, one_sample

KPA: Final = "p"


def read(body: Any, *, now: int) -> Heard:
    """One message; `now` in ms. Kinds other than `location` have no sample. `tst` is the fix, epoch seconds;
    `vel` in km/h; `acc`, `alt`, `cog`, `vel` are absent when zero. Raises ProtocolError.
    """
    if not isinstance(body, dict):
        raise ProtocolError("A JSON object is expected.")
    if body.get("_type") != "location":
        return Heard()
    when = number(body.get("tst"))
    if when is None:
        raise ProtocolError("tst is missing: epoch seconds.")
    values = {
        "lat": number(body.get("lat")),
        "lon": number(body.get("lon")),
        "gps_accuracy": number(body.get("acc")),
        "altitude": number(body.get("alt")),
        "gps_speed": number(body.get("vel")),
        "bearing": number(body.get("cog")),
        "device_battery": number(body.get("batt")),
        "baro": number(body.get(KPA)),
    }
    return Heard(one_sample(int(when * 1000), values, now=now))


def password_of(header: str) -> str:
    """The password of an Authorization header, "" where there is none."""
    kind, _, coded = header.partition(" ")
    if kind.lower() != "basic":
        return ""
    try:
        text = base64.b64decode(coded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return text.partition(":")[2]
