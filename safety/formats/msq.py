"""TunerStudio .msq documents: XML with pages of named constants. The families give the names meaning."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from safety.calibration import Array, Defect
from safety.formats.base import Limits, clean, local, number, xml_root
from safety.problems import NotAnalysed, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml import etree

NAMESPACE: Final = "http://www.msefi.com/:msq"
_WHOLE: Final = re.compile(r"^\d{1,6}(\.0+)?$")


@dataclass(frozen=True)
class Constant:
    """One constant as written: text, and rows and columns where the file gives them."""

    name: str
    text: str
    rows: int | None
    cols: int | None
    units: str

    @property
    def word(self) -> str:
        """The chosen option or text, without its quotes."""
        return clean(self.text.strip().strip('"'))

    @property
    def is_array(self) -> bool:
        return self.rows is not None


@dataclass
class MsqDocument:
    """All constants by name; `doubled` are names that occur again with another value."""

    signature: str
    firmware: str
    encoding: str
    constants: dict[str, Constant] = field(default_factory=dict)
    doubled: set[str] = field(default_factory=set)
    defects: list[Defect] = field(default_factory=list)

    def has(self, *names: str) -> bool:
        return all(name in self.constants for name in names)

    def first(self, *names: str) -> Constant | None:
        return next((self.constants[name] for name in names if name in self.constants), None)

    def value(self, name: str) -> float | None:
        """A scalar's number; None when absent. A value that is no finite number is a defect."""
        constant = self.constants.get(name)
        if constant is None or constant.is_array:
            return None
        try:
            return number(constant.word)
        except ValueError:
            self._corrupt(name, f"{clean(name, 60)} is not a possible number.")
            return None

    def word(self, name: str) -> str | None:
        constant = self.constants.get(name)
        return None if constant is None or constant.is_array else constant.word

    def array(self, name: str) -> Array | None:
        """The numbers in the shape that the file declares; a defect and None when they do not fit."""
        constant = self.constants.get(name)
        if constant is None:
            return None
        cells = constant.text.split()
        try:
            values = np.array([number(cell) for cell in cells], dtype=np.float64)
        except ValueError:
            self._corrupt(name, f"{clean(name, 60)} holds cells that are not possible numbers.")
            return None
        rows, cols = constant.rows or 1, constant.cols or 1
        if values.size != rows * cols:
            self.defects.append(
                Defect(
                    "SHAPE",
                    f"{clean(name, 60)} says {rows} x {cols} but holds {values.size} cells.",
                    table=name,
                )
            )
            return None
        return values.reshape(rows, cols)

    def _corrupt(self, name: str, message: str) -> None:
        if all(defect.table != name or defect.code != "FILE_CORRUPT" for defect in self.defects):
            self.defects.append(Defect("FILE_CORRUPT", message, table=name))

    def switches(self) -> Mapping[str, str]:
        """Every choice (quoted word) by name."""
        return {
            name: constant.word
            for name, constant in self.constants.items()
            if constant.rows is None and constant.text.lstrip()[:1] == '"'
        }


def sniff_msq(head: bytes, name: str) -> float:
    """Sure with the namespace, likely with the root's name, weak with the file's name alone."""
    text = head.replace(b"\0", b"")[:4096].lower()
    if b"msefi.com" in text:
        return 1.0
    if b"<msq" in text:
        return 0.9
    return 0.3 if name.lower().endswith(".msq") else 0.0


def read_document(data: bytes, limits: Limits) -> MsqDocument:
    """Read all constants within the limits. Raises Refused or NotAnalysed."""
    root = xml_root(data, limits.msq_bytes)
    if local(root) != "msq":
        raise NotAnalysed("not_msq", "This XML file is not a TunerStudio tune.")
    document = MsqDocument("", "", root.getroottree().docinfo.encoding or "")
    for element in root:
        kind = local(element)
        if kind == "versioninfo":
            document.signature = clean(element.get("signature") or "", 120)
            document.firmware = clean(element.get("firmwareInfo") or "", 120)
        elif kind == "page":
            _read_page(element, document, limits)
    if not document.constants:
        raise Refused("empty", "The tune holds no constants.")
    return document


def _read_page(page: etree._Element, document: MsqDocument, limits: Limits) -> None:
    for element in page:
        if local(element) not in {"constant", "pcvariable"}:
            continue
        constant = _constant(element, limits)
        known = document.constants.get(constant.name)
        if known is not None and known.text.split() != constant.text.split():
            document.doubled.add(constant.name)
        document.constants[constant.name] = constant
        if len(document.constants) > limits.constants:
            raise Refused("too_many", f"The tune holds more than {limits.constants} constants.")


def _constant(element: etree._Element, limits: Limits) -> Constant:
    name = element.get("name") or ""
    if not name or len(name) > 200:
        raise Refused("bad_name", "A constant has no name, or one of more than 200 characters.")
    rows, cols = _count(element.get("rows"), name, limits), _count(element.get("cols"), name, limits)
    if rows is not None or cols is not None:
        _check_shape(name, rows or 1, cols or 1, limits)
    if len(element):
        raise Refused("nested", f"{clean(name, 60)} contains further elements.")
    if rows is None and cols is not None:
        rows = 1
    return Constant(name, element.text or "", rows, cols, clean(element.get("units") or "", 60))


def _check_shape(name: str, rows: int, cols: int, limits: Limits) -> None:
    if rows * cols > limits.array:
        raise Refused("too_large", f"{clean(name, 60)} has more than {limits.array} cells.")
    if min(rows, cols) > 1 and max(rows, cols) > limits.side:
        raise Refused("too_large", f"{clean(name, 60)} is larger than {limits.side} x {limits.side}.")


def _count(text: str | None, name: str, limits: Limits) -> int | None:
    """`rows` and `cols` can be missing, and can be written as floats; anything else is refused."""
    if text is None:
        return None
    if not _WHOLE.match(text.strip()):
        raise Refused(
            "bad_shape", f"{clean(name, 60)} has rows or columns that are not a small whole number."
        )
    count = int(float(text))
    if not 1 <= count <= limits.array:
        raise Refused("bad_shape", f"{clean(name, 60)} has {count} rows or columns.")
    return count
