"""Changing constants of an .msq without touching the rest, as an editor or a tuning program would."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from lxml import etree

from safety.formats.base import local
from safety.formats.registry import parse

if TYPE_CHECKING:
    from safety.calibration import Array, CalibrationMap


class Editor:
    """A tune that can be changed by the names of its constants."""

    def __init__(self, data: bytes, name: str) -> None:
        self.root = etree.fromstring(data)
        self.name = name
        self.map: CalibrationMap = parse(data, name)
        self._items = {
            item.get("name"): item
            for item in self.root.iter()
            if isinstance(item.tag, str) and local(item) in {"constant", "pcvariable"}
        }

    def has(self, name: str) -> bool:
        return name in self._items

    def array(self, name: str) -> Array:
        """The numbers in the shape of the file."""
        item = self._items[name]
        rows, cols = (int(float(item.get(key) or 1)) for key in ("rows", "cols"))
        return np.array([float(cell) for cell in (item.text or "").split()]).reshape(rows, cols)

    def set_array(self, name: str, values: Array) -> None:
        """Written with the file's own number of digits, so that rounding is part of the test."""
        digits = self.digits(name)
        lines = [" ".join(repr(round(float(cell), digits)) for cell in row) for row in np.atleast_2d(values)]
        self._items[name].text = "\n         " + "\n         ".join(lines) + "\n      "

    def digits(self, name: str) -> int:
        """Decimal places; files with lambda hold more than their `digits` says."""
        text = self._items[name].get("digits") or "0"
        stated = int(float(text)) if text.replace(".", "").isdigit() else 3
        cells = (self._items[name].text or "").split()
        used = max((len(cell.partition(".")[2].rstrip("0")) for cell in cells), default=0)
        return max(stated, min(used, 6))

    def number(self, name: str) -> float:
        return float((self._items[name].text or "0").strip().strip('"'))

    def set_number(self, name: str, value: float) -> None:
        quoted = (self._items[name].text or "").lstrip().startswith('"')
        text = f"{value:g}"
        self._items[name].text = f'"{text}"' if quoted else text

    def word(self, name: str) -> str:
        return (self._items[name].text or "").strip().strip('"')

    def set_word(self, name: str, value: str) -> None:
        self._items[name].text = f'"{value}"'

    def set_signature(self, signature: str) -> None:
        for item in self.root:
            if isinstance(item.tag, str) and local(item) == "versioninfo":
                item.set("signature", signature)

    def data(self) -> bytes:
        return bytes(etree.tostring(self.root, xml_declaration=True, encoding="UTF-8"))
