"""Binary images: .bin as they are, Intel HEX and S-records through bincopy, and how cells are read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import bincopy
import numpy as np

from safety.problems import Refused

if TYPE_CHECKING:
    from safety.calibration import Array
    from safety.formats.base import Limits

_HEX: Final = re.compile(rb"^\s*:[0-9A-Fa-f]{10,}")
_SREC: Final = re.compile(rb"^\s*S[0-9][0-9A-Fa-f]{6,}")
_ADDRESS_BYTES: Final = {"S1": 2, "S2": 3, "S3": 4}
_CHECK_WORDS: Final = re.compile(r"crc|checksum|expected .* in record", re.IGNORECASE)
_ARCHIVES: Final = (
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ",
    b"7z\xbc\xaf",
    b"Rar!",
    b"\x28\xb5\x2f\xfd",
)


@dataclass(frozen=True)
class Image:
    """The bytes from `base` on; `kind` is bin, hex or s19."""

    data: bytes
    base: int
    kind: str


def is_archive(head: bytes) -> bool:
    """Archives are never unpacked here: bombs and path tricks end before they begin."""
    return head.startswith(_ARCHIVES)


def sniff_image(head: bytes, name: str) -> float:
    """Records are sure; anything that is no text may be an image."""
    if _HEX.match(head) or _SREC.match(head):
        return 0.95
    if name.lower().endswith((".hex", ".s19", ".srec", ".mot", ".ihex", ".s28", ".s37")):
        return 0.6
    if name.lower().endswith((".bin", ".rom", ".ori", ".mod")):
        return 0.5
    return 0.2 if b"\0" in head and not head.lstrip().startswith(b"<") else 0.0


def load_image(data: bytes, name: str, limits: Limits) -> Image:
    """Raises Refused for damaged records, sparse giants and oversized files."""
    head = data[:4096]
    hexed, srec = bool(_HEX.match(head)), bool(_SREC.match(head))
    if not hexed and not srec:
        if name.lower().endswith((".hex", ".s19", ".srec", ".mot", ".ihex", ".s28", ".s37")):
            raise Refused("bad_record", "The file is named like a record file but holds no records.")
        if len(data) > limits.image_bytes:
            raise Refused(
                "too_large", f"The image has {len(data)} bytes; at most {limits.image_bytes} are read."
            )
        return Image(data, 0, "bin")
    if len(data) > limits.record_bytes:
        raise Refused("too_large", "The record file is too large.")
    return _records(data, "hex" if hexed else "s19", limits)


def _records(data: bytes, kind: str, limits: Limits) -> Image:
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError:
        raise Refused("bad_record", "The record file holds bytes that are no text.") from None
    if _jumps(text, kind) > limits.record_gaps:
        raise Refused("too_many", "The record file is scattered over thousands of places.")
    file = bincopy.BinFile()
    try:
        if kind == "hex":
            file.add_ihex(text)
        else:
            file.add_srec(text)
    except bincopy.AddDataError:
        raise Refused("bad_record", "Two records of the file claim the same addresses.") from None
    except (bincopy.Error, ValueError, IndexError, TypeError) as error:
        if _CHECK_WORDS.search(str(error)):
            raise Refused("checksum_record", "A line of the file does not match its own checksum.") from None
        raise Refused("bad_record", "The file holds a line that is no valid record.") from None
    low, high = file.minimum_address, file.maximum_address
    if low is None or high is None or high <= low:
        raise Refused("empty", "The record file holds no data.")
    # the extent first: two bytes at the ends of the address space would become 4 GiB
    if high - low > limits.image_bytes:
        raise Refused(
            "too_large", f"The records span {high - low} bytes; at most {limits.image_bytes} are read."
        )
    return Image(bytes(file.as_binary(padding=b"\xff")), int(low), kind)


def _jumps(text: str, kind: str) -> int:
    """How often a data record does not go on where the one before ended.

    The addresses of extension records are left out: they only make a jump look like none.
    """
    count, end = 0, -1
    for line in text.splitlines():
        head = line.strip()
        try:
            if kind == "hex":
                if head[7:9] != "00":
                    continue
                length, start = int(head[1:3], 16), int(head[3:7], 16)
                size = 0x10000
            else:
                width = _ADDRESS_BYTES.get(head[:2], 0)
                if not width:
                    continue
                length, start = int(head[2:4], 16) - width - 1, int(head[4 : 4 + 2 * width], 16)
                size = 1 << (8 * width)
        except ValueError:
            continue  # not a record: the reader itself says so
        count += start != end
        end = (start + length) % size
    return count


_TYPES: Final = {
    ("int", 8): "i1",
    ("uint", 8): "u1",
    ("int", 16): "i2",
    ("uint", 16): "u2",
    ("int", 32): "i4",
    ("uint", 32): "u4",
    ("float", 32): "f4",
}


@dataclass(frozen=True)
class Layout:
    """How numbers lie in an image: int | uint | float, bits, byte order."""

    kind: str
    bits: int
    little: bool

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Raises KeyError for a size that nobody uses."""
        code = _TYPES[self.kind, self.bits]
        return np.dtype(("<" if self.little else ">") + code)

    @property
    def size(self) -> int:
        return self.bits // 8


def read_cells(image: Image, address: int, layout: Layout, count: int, stride: int = 0) -> Array | None:
    """`count` raw numbers from an absolute address, `stride` bytes apart (0: side by side).

    None when they do not lie inside the image, or the layout is not known.
    """
    start, step = address - image.base, stride or layout.size
    if (
        count < 1
        or start < 0
        or step < layout.size
        or start + (count - 1) * step + layout.size > len(image.data)
    ):
        return None
    try:
        dtype = layout.dtype
    except KeyError:
        return None
    if step == layout.size:
        return np.frombuffer(image.data, dtype, count, start).astype(np.float64)
    raw = np.frombuffer(image.data, np.uint8)
    at = start + step * np.arange(count)[:, None] + np.arange(layout.size)[None, :]
    return np.ascontiguousarray(raw[at]).view(dtype).reshape(-1).astype(np.float64)
