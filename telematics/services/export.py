"""Samples as files, a piece at a time: memory does not grow with the range.

The answer is sent after the request's transaction has ended, so each piece is read in one of its own, as its owner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from xml.sax.saxutils import escape

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from core.rls import as_user
from telematics.instants import DAY_MS, moment
from telematics.selectors.pages import signals_in
from telematics.selectors.read import days_with_samples, read

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
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
        yield (",".join(["t", "time", *self.names]) + "\r\n").encode()
        for piece in self.pieces():
            yield "".join(self._csv_lines(piece)).encode()

    def _csv_lines(self, piece: Samples) -> Iterator[str]:
        columns = [[_text(value) for value in piece.column(name).tolist()] for name in self.names]
        for t, *values in zip(piece.t.tolist(), *columns, strict=True):
            yield f"{t},{_iso(t)},{','.join(values)}\r\n"

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
        """A row group a day: t as a timestamp in ms, UTC; signals as doubles, null where absent."""
        kinds = [pa.field("t", pa.timestamp("ms", tz="UTC"), nullable=False)]
        schema = pa.schema(kinds + [pa.field(name, pa.float64()) for name in self.names])
        out = _Chunks()
        with pq.ParquetWriter(pa.PythonFile(out, mode="w"), schema, compression="zstd") as writer:
            for piece in self.pieces():
                columns = [pa.array(piece.t, pa.timestamp("ms", tz="UTC"))]
                columns += [pa.array(piece.column(name), from_pandas=True) for name in self.names]
                writer.write_table(pa.Table.from_arrays(columns, schema=schema))
                yield out.take()
        yield out.take()


class _Chunks:
    """A file that is only written, and whose bytes are taken away between."""

    closed = False

    def __init__(self) -> None:
        self._held: list[bytes] = []
        self._size = 0

    def write(self, data: Any) -> int:
        self._held.append(bytes(data))
        self._size += len(self._held[-1])
        return len(self._held[-1])

    def tell(self) -> int:
        return self._size

    def flush(self) -> None:
        """Nothing is kept back."""

    def close(self) -> None:
        self.closed = True

    def take(self) -> bytes:
        held, self._held = b"".join(self._held), []
        return held


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
