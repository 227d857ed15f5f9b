"""What a PDF of ours says, without a library for reading PDFs."""

import re
import zlib


def words_of(document: bytes) -> str:
    """All text that is written in one of the typefaces of every reader, in the order of its writing."""
    starts = [found.end() for found in re.finditer(rb"\bstream\r?\n(?=x)", document)]
    text = b"".join(zlib.decompressobj().decompress(document[start:]) for start in starts)
    pieces = re.findall(rb"\(((?:\\.|[^\\)])*)\) Tj", text, flags=re.DOTALL)
    return b" ".join(re.sub(rb"\\(.)", rb"\1", piece) for piece in pieces).decode("latin-1")
