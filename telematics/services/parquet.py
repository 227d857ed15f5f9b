"""Samples as Parquet, a piece at a time."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from telematics.samples import Samples

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


def parquet(names: Sequence[str], pieces: Iterable[Samples]) -> Iterator[bytes]:
    """A row group for each piece: t as a timestamp in ms, UTC; signals as doubles, null where absent."""
    kinds = [pa.field("t", pa.timestamp("ms", tz="UTC"), nullable=False)]
    schema = pa.schema(kinds + [pa.field(name, pa.float64()) for name in names])
    out = _Chunks()
    with pq.ParquetWriter(pa.PythonFile(out, mode="w"), schema, compression="zstd") as writer:
        for piece in pieces:
            columns = [pa.array(piece.t, pa.timestamp("ms", tz="UTC"))]
            columns += [pa.array(piece.column(name), from_pandas=True) for name in names]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))
            yield out.take()
    yield out.take()


def rows_in(file: IO[bytes]) -> int:
    """How many rows such a file really has: all of its columns are read."""
    return sum(len(piece) for piece in pieces_of(file))


def pieces_of(file: IO[bytes]) -> Iterator[Samples]:
    """The samples back, a row group at a time. Raises pyarrow.ArrowException for another file."""
    whole = pq.ParquetFile(pa.BufferReader(file.read()))
    for group in range(whole.num_row_groups):
        table = whole.read_row_group(group)
        columns = {
            name: cast("Any", table.column(name)).to_numpy().astype(np.float64)
            for name in table.column_names
            if name != "t"
        }
        yield Samples(table.column("t").cast(pa.int64()).to_numpy(), columns)


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
