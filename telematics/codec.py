"""How samples are packed into the bytes of a segment, and back: exact to the last bit of every value (but the sign of
zero, and NaN is "absent").

A payload is one zstd frame (with a checksum) around:

    u8 version (1), u8 reserved, u32 n, u16 k
    k times: i16 signal id, u8 decimals, u8 flags (1 some are absent, 2 some escaped, 4 constant), u8 width
    u8 width of t, i64 first t; then the planes of the other n-1 instants: delta of delta, zigzag
    k times: [bitmap of the present ones] [u32 number of escapes, their u32 places, their f64] [planes of the values]

A column's values are scaled by 10^decimals to whole numbers; their deltas, zigzagged, are laid out in byte planes of
the least width (1, 2, 4 or 8; 0 when all deltas are 0). What no whole number says exactly is escaped as float64.
"""

from __future__ import annotations

import struct
import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import zstandard

from telematics.samples import Samples
from telematics.signals import BY_ID

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from numpy.typing import NDArray

    from telematics.samples import Instants, Values

CODEC: Final = 1
LEVEL, BEST_LEVEL = 3, 9
MAX_PACKED: Final = 64 * 1024 * 1024  # bytes that one segment may unpack to
_HEAD = struct.Struct("<BBIH")
_COLUMN = struct.Struct("<hBBB")
_TIME = struct.Struct("<Bq")
_COUNT = struct.Struct("<I")
_ABSENT, _ESCAPED = 1, 2
_MOST_DECIMALS: Final = 9
_LARGEST: Final = float(2**52)  # above, neighbours of whole numbers are no longer exact
_own = threading.local()  # zstd objects must not be shared between threads


class BadSegment(ValueError):
    """The bytes are not what `encode` wrote."""


def encode(t: Instants, ids: list[int], matrix: NDArray[np.float64], *, level: int = LEVEL) -> bytes:
    """Pack `matrix` (k signals x n samples, NaN where absent; ids in its order) at the instants t (ms, ascending)."""
    steps = t[1:] - t[:-1]
    second = steps.copy()
    second[1:] -= steps[:-1]
    width, planes = _planes(second)
    heads, bodies = [_HEAD.pack(CODEC, 0, len(t), len(ids))], [_TIME.pack(width, int(t[0])), planes]
    with np.errstate(over="ignore", invalid="ignore"):  # what does not fit goes the long way
        for head, body in _pack_columns(ids, matrix):
            heads.append(head)
            bodies += body
    return _compressor(level).compress(b"".join(heads + bodies))


def decode(
    data: bytes | memoryview, names: Mapping[int, str] | None = None, only: Collection[str] | None = None
) -> Samples:
    """Unpack, all signals or those of `only`. `names`: those of signals that we don't know, by id. Raises BadSegment."""
    try:
        raw = _decompressor().decompress(data, max_output_size=MAX_PACKED)
        return _Reader(raw).samples(names or {}, only)
    except (zstandard.ZstdError, struct.error, ValueError, IndexError) as problem:
        raise BadSegment(str(problem)) from problem


# -- Columns


def _pack_columns(ids: list[int], matrix: NDArray[np.float64]) -> Iterator[tuple[bytes, list[bytes]]]:
    """Columns that the registry's decimals say exactly, all at once; the others one by one."""
    decimals, factors = _factors(tuple(ids))
    scaled = np.rint(matrix * factors)
    exact = (scaled / factors == matrix).all(axis=1) & (np.abs(scaled) < _LARGEST).all(axis=1)
    whole = scaled if exact.all() else np.where(exact.reshape(-1, 1), scaled, 0.0)
    deltas = whole.astype(np.int64)
    deltas[:, 1:] -= deltas[:, :-1].copy()
    zigzag = _zigzag(deltas)
    tops = zigzag.max(axis=1).tolist() if zigzag.size else []
    planes = zigzag.astype("<u8", copy=False).view(np.uint8).reshape(*zigzag.shape, 8).transpose(0, 2, 1)
    for row, (signal, places, good) in enumerate(zip(ids, decimals, exact.tolist(), strict=True)):
        if good:
            width = _width(tops[row])
            yield _COLUMN.pack(signal, places, 0, width), [planes[row, :width].tobytes()]
        else:
            yield _pack_column(signal, matrix[row])


def _pack_column(signal: int, values: Values) -> tuple[bytes, list[bytes]]:
    """One with absent values, or with some that take more decimals, or none of them."""
    body: list[bytes] = []
    flags = 0
    present = ~np.isnan(values)
    if not present.all():
        flags |= _ABSENT
        body.append(np.packbits(present).tobytes())
        values = values[present]
    decimals, scaled, exact = _scale(signal, values)
    if not exact.all():
        flags |= _ESCAPED
        places = np.flatnonzero(~exact).astype("<u4")
        body += [_COUNT.pack(len(places)), places.tobytes(), values[places].astype("<f8").tobytes()]
        scaled = scaled[exact]
    scaled[1:] -= scaled[:-1].copy()
    width, planes = _planes(scaled)
    body.append(planes)
    return _COLUMN.pack(signal, decimals, flags, width), body


@lru_cache(maxsize=256)
def _factors(ids: tuple[int, ...]) -> tuple[list[int], NDArray[np.float64]]:
    """The registry's decimals of each, and what they multiply by, as a column."""
    decimals = [_decimals(signal) for signal in ids]
    return decimals, np.array([10.0**places for places in decimals]).reshape(-1, 1)


def _decimals(signal: int) -> int:
    known = BY_ID.get(signal)
    return known.decimals if known else 0


def _scale(signal: int, values: Values) -> tuple[int, Instants, NDArray[np.bool_]]:
    """The fewest decimals that say most; the whole numbers; which of them are exact."""
    best: tuple[int, Instants, NDArray[np.bool_]] | None = None
    for decimals in range(_decimals(signal), _MOST_DECIMALS + 1):
        scaled, exact = _scaled(values, 10.0**decimals)
        if exact.all():
            return decimals, scaled, exact
        if best is None or exact.sum() > best[2].sum():
            best = decimals, scaled, exact
    assert best is not None  # noqa: S101 -- the loop has run
    return best


def _scaled(values: Values, factor: float) -> tuple[Instants, NDArray[np.bool_]]:
    product = np.rint(values * factor)
    exact = (product / factor == values) & (np.abs(product) < _LARGEST)
    if not exact.all():
        product[~exact] = 0.0  # infinite ones would not convert
    return product.astype(np.int64), exact


def _zigzag(numbers: Instants) -> NDArray[np.uint64]:
    return ((numbers << 1) ^ (numbers >> 63)).view(np.uint64)


def _planes(numbers: Instants) -> tuple[int, bytes]:
    """Zigzag, then byte planes: (width, bytes)."""
    zigzag = _zigzag(numbers)
    width = _width(int(zigzag.max()) if len(zigzag) else 0)
    if not width:
        return 0, b""
    return width, zigzag.astype(f"<u{width}").view(np.uint8).reshape(-1, width).T.tobytes()


def _width(top: int) -> int:
    """Bytes of a number up to `top`."""
    return 0 if not top else 1 if top < 1 << 8 else 2 if top < 1 << 16 else 4 if top < 1 << 32 else 8


class _Reader:
    """Walks through an unpacked payload."""

    def __init__(self, raw: bytes) -> None:
        self.raw, self.at = raw, 0

    def samples(self, names: Mapping[int, str], only: Collection[str] | None) -> Samples:
        version, _, n, k = self._unpack(_HEAD)
        if version != CODEC or n < 1:
            raise BadSegment(f"codec {version}, {n} samples")
        columns = [self._unpack(_COLUMN) for _ in range(k)]
        width, first = self._unpack(_TIME)
        second = self._numbers(n - 1, width)
        t = np.empty(n, np.int64)
        t[0] = first
        t[1:] = first + np.cumsum(np.cumsum(second))
        signals = {}
        for signal, decimals, flags, wide in columns:
            known = BY_ID.get(signal)
            name = known.name if known else names.get(signal) or f"signal_{signal}"
            if only is None or name in only:
                signals[name] = self._column(n, decimals, flags, wide)
            else:
                self._skip(n, flags, wide)
        return Samples(t, signals)

    def _skip(self, n: int, flags: int, width: int) -> None:
        count = n
        if flags & _ABSENT:
            count = int(np.unpackbits(self._array(np.dtype(np.uint8), (n + 7) // 8), count=n).sum())
        if flags & _ESCAPED:
            (many,) = self._unpack(_COUNT)
            self.at += many * 12
            count -= many
        self.at += count * width

    def _column(self, n: int, decimals: int, flags: int, width: int) -> Values:
        present = None
        count = n
        if flags & _ABSENT:
            present = np.unpackbits(self._array(np.dtype(np.uint8), (n + 7) // 8), count=n).astype(bool)
            count = int(present.sum())
        places, escapes = None, None
        if flags & _ESCAPED:
            (many,) = self._unpack(_COUNT)
            places, escapes = self._array(np.dtype("<u4"), many), self._array(np.dtype("<f8"), many)
        whole = np.cumsum(self._numbers(count - (0 if places is None else len(places)), width))
        values = whole / 10.0**decimals
        if places is not None:
            values, exact = np.empty(count), values
            plain = np.ones(count, bool)
            plain[places] = False
            values[plain], values[places] = exact, escapes
        if present is not None:
            full = np.full(n, np.nan)
            full[present] = values
            return full
        return values

    def _numbers(self, count: int, width: int) -> Instants:
        if not width or not count:
            return np.zeros(count, np.int64)
        planes = self._array(np.dtype(np.uint8), count * width).reshape(width, count)
        zigzag = np.ascontiguousarray(planes.T).view(f"<u{width}").reshape(-1).astype(np.uint64)
        return (zigzag >> np.uint64(1)).view(np.int64) ^ -(zigzag & np.uint64(1)).view(np.int64)

    def _array(self, kind: np.dtype[Any], count: int) -> NDArray[Any]:
        found = np.frombuffer(self.raw, kind, count, self.at)
        self.at += found.nbytes
        return found

    def _unpack(self, shape: struct.Struct) -> tuple[Any, ...]:
        found = shape.unpack_from(self.raw, self.at)
        self.at += shape.size
        return found


# -- zstd, one object a thread


def _compressor(level: int) -> zstandard.ZstdCompressor:
    made: dict[int, zstandard.ZstdCompressor] | None = getattr(_own, "compressors", None)
    if made is None:
        made = _own.compressors = {}
    if level not in made:
        made[level] = zstandard.ZstdCompressor(level=level, write_checksum=True)
    return made[level]


def _decompressor() -> zstandard.ZstdDecompressor:
    made: zstandard.ZstdDecompressor | None = getattr(_own, "decompressor", None)
    if made is None:
        made = _own.decompressor = zstandard.ZstdDecompressor()
    return made
