"""GPX 1.0 and 1.1 tracks: position, height, time, and speed where it is told."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from lxml import etree

from telematics.imports import Parsed, Unreadable, gathered
from telematics.instants import millis
from telematics.protocols import ProtocolError, number
from telematics.protocols.osmand import instant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

_DOCTYPE: Final = re.compile(rb"<!\s*(doctype|entity)", re.IGNORECASE)
_KMH: Final = 3.6
_POINT: Final = "trkpt"


def read(data: bytes, *, now: int, start_at: datetime | None = None) -> Parsed:
    """All track points. Without times in the file they are a second apart from `start_at` on. Raises Unreadable."""
    if _DOCTYPE.search(data.replace(b"\0", b"")):  # zero bytes first: UTF-16 must not hide one
        raise Unreadable("A GPX file has no DOCTYPE.")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
    try:
        root = etree.fromstring(data.removeprefix(b"\xef\xbb\xbf"), parser)
    except (etree.XMLSyntaxError, ValueError) as problem:
        raise Unreadable(f"This is no XML: {str(problem)[:120]}") from None
    points = [node for node in root.iter() if isinstance(node.tag, str) and _name(node) == _POINT]
    if not points:
        raise Unreadable("The file has no track.")
    timed = any(_name(child) == "time" for point in points for child in point)
    if not timed and start_at is None:
        raise Unreadable("This track has no times. Give start_at, then its points are a second apart.")
    first = None if start_at is None or timed else millis(start_at)
    return gathered(_rows(points, first, now), now=now)


def _rows(
    points: list[Any], first: int | None, now: int
) -> Iterator[tuple[int | None, dict[str, float | None]]]:
    for place, point in enumerate(points):
        texts = {
            _name(child): (child.text or "").strip() for child in point.iter() if isinstance(child.tag, str)
        }
        at = first + place * 1000 if first is not None else _instant(texts.get("time"), now)
        speed = number(texts.get("speed"))
        yield (
            at,
            {
                "lat": number(point.get("lat")),
                "lon": number(point.get("lon")),
                "altitude": number(texts.get("ele")),
                "gps_speed": None if speed is None else speed * _KMH,
                "bearing": number(texts.get("course")),
                "hdop": number(texts.get("hdop")),
                "satellites": number(texts.get("sat")),
            },
        )


def _instant(text: str | None, now: int) -> int | None:
    try:
        return instant(text, now=now) if text and "T" in text else None
    except ProtocolError:
        return None


def _name(node: Any) -> str:
    return str(etree.QName(node).localname)
