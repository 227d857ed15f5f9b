"""Samples as files, a piece at a time: memory does not grow with the range.

The answer is sent after the request's transaction has ended, so each piece is read in one of its own, as its owner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

import orjson

from core.rls import as_user
from telematics.instants import DAY_MS, moment
from telematics.selectors.pages import signals_in
from telematics.selectors.read import days_with_samples, read
from telematics.services.parquet import parquet

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from uuid import UUID

    from telematics.samples import Samples

NEW_TRACK_MS: Final = 300_000  # silence after which a GPX begins another segment of the track


class Export:
    """One range of one vehicle. `signals`: these alone, None for all."""

    def __init__(
        self, owner_id: UUID, vehicle_id: UUID, t0: int, t1: int, signals: Collection[str] | None
    ) -> None:
        self.owner_id, self.vehicle_id, self.t0, self.t1 = owner_id, vehicle_id, t0, t1
        with as_user(owner_id):
            found = signals_in(vehicle_id, t0, t1)
            self.days = days_with_samples(vehicle_id, t0, t1)
        self.names = [name for name in found if signals is None or name in signals]
        self.wanted = None if signals is None else self.names

    def pieces(self) -> Iterator[Samples]:
        """A day at a time, in order."""
        for day in self.days:
            with as_user(self.owner_id):
                found = read(self.vehicle_id, max(self.t0, day), min(self.t1, day + DAY_MS - 1), self.wanted)
            if len(found):
                yield found

    def csv(self) -> Iterator[bytes]:
        """T (ms), time (ISO 8601 UTC) and a column for each signal, empty where absent."""
        yield csv_head(self.names)
        for piece in self.pieces():
            yield csv_lines(self.names, piece)

    def jsonl(self) -> Iterator[bytes]:
        """One object a line."""
        for piece in self.pieces():
            yield b"".join(orjson.dumps({"t": t} | row) + b"\n" for t, row in piece.rows())

    def gpx(self) -> Iterator[bytes]:
        """GPX 1.1: a track of the samples that have a position."""
        yield (
            b'<?xml version="1.0" encoding="UTF-8"?>\n'
            b'<gpx version="1.1" creator="RevSync" xmlns="http://www.topografix.com/GPX/1/1">\n'
            b"<trk><name>" + escape(f"{_iso(self.t0)} to {_iso(self.t1)}").encode() + b"</name>\n<trkseg>\n"
        )
        before: int | None = None
        for piece in self.pieces():
            lines = []
            for t, row in piece.rows():
                if "lat" not in row or "lon" not in row:
                    continue
                if before is not None and t - before > NEW_TRACK_MS:
                    lines.append("</trkseg>\n<trkseg>\n")
                before = t
                height = f"<ele>{row['altitude']:g}</ele>" if "altitude" in row else ""
                lines.append(
                    f'<trkpt lat="{row["lat"]!r}" lon="{row["lon"]!r}">{height}<time>{_iso(t)}</time></trkpt>\n'
                )
            yield "".join(lines).encode()
        yield b"</trkseg>\n</trk>\n</gpx>\n"

    def parquet(self) -> Iterator[bytes]:
        """A row group a day."""
        yield from parquet(self.names, self.pieces())


def csv_of(pieces: Iterable[Samples]) -> Iterator[bytes]:
    """CSV of pieces that have the same signals."""
    names: list[str] | None = None
    for piece in pieces:
        if names is None:
            names = list(piece.signals)
            yield csv_head(names)
        yield csv_lines(names, piece)


def csv_head(names: Sequence[str]) -> bytes:
    return (",".join(["t", "time", *names]) + "\r\n").encode()


def csv_lines(names: Sequence[str], piece: Samples) -> bytes:
    columns = [[_text(value) for value in piece.column(name).tolist()] for name in names]
    rows = zip(piece.t.tolist(), *columns, strict=True)
    return "".join(f"{t},{_iso(t)},{','.join(values)}\r\n" for t, *values in rows).encode()


FORMATS: Final[dict[str, tuple[str, Callable[[Export], Iterator[bytes]]]]] = {
    "csv": ("text/csv; charset=utf-8", Export.csv),
    "gpx": ("application/gpx+xml", Export.gpx),
    "parquet": ("application/vnd.apache.parquet", Export.parquet),
    "jsonl": ("application/x-ndjson", Export.jsonl),
}


def _iso(t: int) -> str:
    return moment(t).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _text(value: float) -> str:
    if value != value:  # noqa: PLR0124 -- NaN: absent
        return ""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
