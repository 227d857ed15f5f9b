"""The CC0 tunes that the demo flashes or is refused, and one mild, honest change."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "safety" / "tests" / "data" / "synthetic_msq"
_IGNITION = re.compile(r'(<constant [^>]*name="advTable1"[^>]*>)(.*?)(</constant>)', re.DOTALL)


def tune(name: str) -> bytes:
    return (FOLDER / f"{name}.msq").read_bytes()


def mild(stock: bytes) -> bytes:
    """The stock tune with one degree more ignition advance in its cruise rows: what a careful tuner does."""

    def one_more(table: re.Match[str]) -> str:
        rows = table[2].strip().splitlines()
        for index in range(2, 6):
            rows[index] = " ".join(f"{float(cell) + 1:.1f}" for cell in rows[index].split())
        return table[1] + "\n" + "\n".join(rows) + "\n" + table[3]

    return _IGNITION.sub(one_more, stock.decode("iso-8859-1")).encode("iso-8859-1")
