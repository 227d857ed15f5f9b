"""TunerPro .xdf definitions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from safety.formats.base import Definition, Limits, clean, local, number, xml_root
from safety.formats.checksum import SumRule
from safety.formats.image import Layout
from safety.formats.rom import Field, RomDefinition, RomTable
from safety.problems import NotAnalysed, Refused

if TYPE_CHECKING:
    from lxml import etree

_SIGNED, _LITTLE, _BY_COLUMN, _FLOAT = 0x01, 0x02, 0x04, 0x10000  # bits of mmedtypeflags
_ID_WORD: Final = re.compile(r"\b(?=[A-Z0-9]*\d)(?=[A-Z0-9]*[A-Z])[A-Z0-9]{6,20}\b")
_MOST_ADDRESS: Final = 1 << 32


def parse_xdf(definition: Definition, limits: Limits) -> RomDefinition:
    """Raises Refused (damaged, hostile) or NotAnalysed (encrypted or another kind of XML)."""
    if definition.data[:1] not in {b"<", b" ", b"\n", b"\r", b"\t", b"\xef", b"\xff", b"\xfe"}:
        raise NotAnalysed("binary_definition", "The definition is encrypted or of an old binary kind.")
    root = xml_root(definition.data, limits.definition_bytes)
    if local(root) != "xdfformat":
        raise NotAnalysed("not_xdf", "The definition is no TunerPro XDF.")
    found = RomDefinition("xdf", "")
    defaults = _header(root, found)
    if len(root) > limits.definition_items:
        raise Refused("too_many", "The definition holds too many items.")
    for item in root:
        kind = local(item)
        if kind == "xdftable":
            _add(found, _table(item, defaults, found))
        elif kind == "xdfconstant":
            _add(found, _constant(item, defaults))
        elif kind == "xdfchecksum":
            rule = _checksum(item, defaults)
            if rule is not None:
                found.sums.append(rule)
    return found


def _add(found: RomDefinition, table: RomTable | None) -> None:
    if table is not None:
        found.tables.append(table)


class _Defaults:
    """Byte order, sign and offset for everything that does not state its own."""

    def __init__(self) -> None:
        self.little = False
        self.signed = False
        self.float = False
        self.offset = 0


def _header(root: etree._Element, found: RomDefinition) -> _Defaults:
    defaults = _Defaults()
    header = next((item for item in root if local(item) == "xdfheader"), None)
    if header is None:
        return defaults
    for item in header:
        kind = local(item)
        if kind == "deftitle":
            found.title = clean(item.text or "", 120)
            found.identity_words = tuple(_ID_WORD.findall(found.title.upper()))
        elif kind == "baseoffset":
            offset = whole(item.get("offset"), 0)
            defaults.offset = -offset if whole(item.get("subtract"), 0) else offset
        elif kind == "defaults":
            defaults.little = whole(item.get("lsbfirst"), 0) == 1
            defaults.signed = whole(item.get("signed"), 0) == 1
            defaults.float = whole(item.get("float"), 0) == 1
        elif kind == "region":
            size = whole(item.get("size"), 0)
            found.size = size if 0 < size <= _MOST_ADDRESS else None
    return defaults


def whole(text: str | None, default: int) -> int:
    """A decimal or 0x number of at most 12 characters; the default for anything else."""
    if text is None or len(text) > 12:
        return default
    try:
        return int(text.strip(), 16 if text.strip().lower().startswith(("0x", "-0x")) else 10)
    except ValueError:
        return default


def _child(item: etree._Element, name: str) -> etree._Element | None:
    return next((child for child in item if local(child) == name), None)


def _text(item: etree._Element, name: str) -> str:
    child = _child(item, name)
    return clean((child.text or "") if child is not None else "", 120)


def _expression(item: etree._Element) -> str:
    math = _child(item, "math")
    return (math.get("equation") or "X") if math is not None else "X"


def _layout(data: etree._Element, defaults: _Defaults) -> tuple[Layout, int]:
    """Layout and flags; a stated flags attribute decides the sign and the byte order."""
    flags = whole(data.get("mmedtypeflags"), -1)
    bits = whole(data.get("mmedelementsizebits"), 8)
    signed = bool(flags & _SIGNED) if flags >= 0 else defaults.signed
    little = defaults.little or (flags >= 0 and bool(flags & _LITTLE))
    floating = (flags >= 0 and bool(flags & _FLOAT)) or (flags < 0 and defaults.float)
    kind = "float" if floating else "int" if signed else "uint"
    return Layout(kind, bits, little), max(flags, 0)


def _table(item: etree._Element, defaults: _Defaults, found: RomDefinition) -> RomTable | None:
    title = _text(item, "title")
    axes = {(axis.get("id") or "").lower(): axis for axis in item if local(axis) == "xdfaxis"}
    z = axes.get("z")
    data = None if z is None else _child(z, "embeddeddata")
    if z is None or data is None or not title:
        return None
    x, y = _axis(axes.get("x"), defaults), _axis(axes.get("y"), defaults)
    cols = whole(data.get("mmedcolcount"), x.count if x else 1)
    rows = whole(data.get("mmedrowcount"), y.count if y else 1)
    address = whole(data.get("mmedaddress"), -1)
    if address < 0 or not 0 < rows <= 4096 or not 0 < cols <= 4096:
        return None
    if whole(data.get("mmedmajorstridebits"), 0) or whole(data.get("mmedminorstridebits"), 0):
        found.skipped.append(f"{title}: strides are not understood")
        return None
    layout, flags = _layout(data, defaults)
    low, high = _limit(z, "min"), _limit(z, "max")
    cells = Field(address + defaults.offset, layout, rows * cols, _expression(z), _text(z, "units"), title)
    return RomTable(
        title, cells, rows, cols, _sized(x, cols), _sized(y, rows), bool(flags & _BY_COLUMN), low, high
    )


def _sized(axis: Field | None, count: int) -> Field | None:
    """The axis when it has as many values as the table has places."""
    return axis if axis is not None and axis.count == count and count > 1 else None


def _limit(item: etree._Element, name: str) -> float | None:
    try:
        return number(_text(item, name))
    except ValueError:
        return None


def _axis(item: etree._Element | None, defaults: _Defaults) -> Field | None:
    if item is None:
        return None
    units = _text(item, "units")
    count = whole(_text(item, "indexcount"), 0)
    data = _child(item, "embeddeddata")
    address = -1 if data is None else whole(data.get("mmedaddress"), -1)
    if data is not None and address >= 0:
        layout, _ = _layout(data, defaults)
        count = count or max(whole(data.get("mmedcolcount"), 0), whole(data.get("mmedrowcount"), 0))
        if not 0 < count <= 4096:
            return None
        stride = (
            max(whole(data.get("mmedmajorstridebits"), 0), whole(data.get("mmedminorstridebits"), 0)) // 8
        )
        return Field(address + defaults.offset, layout, count, _expression(item), units, units, stride=stride)
    labels = []
    for label in item:
        if local(label) == "label":
            try:
                labels.append(number(label.get("value") or ""))
            except ValueError:
                return None
    if not labels or len(labels) != (count or len(labels)):
        return None
    return Field(
        None, Layout("uint", 8, little=False), len(labels), units=units, title=units, fixed=tuple(labels)
    )


def _constant(item: etree._Element, defaults: _Defaults) -> RomTable | None:
    title, data = _text(item, "title"), _child(item, "embeddeddata")
    address = -1 if data is None else whole(data.get("mmedaddress"), -1)
    if not title or data is None or address < 0:
        return None
    layout, _ = _layout(data, defaults)
    cells = Field(address + defaults.offset, layout, 1, _expression(item), _text(item, "units"), title)
    return RomTable(title, cells, 1, 1, minimum=_limit(item, "rangelow"), maximum=_limit(item, "rangehigh"))


def _checksum(item: etree._Element, defaults: _Defaults) -> SumRule | None:
    """Only method 0, the plain sum, says all that is needed."""
    region = _child(item, "region")
    if region is None or whole(_text(region, "calculationmethod"), -1) != 0:
        return None
    values = {name: whole(_text(region, name), -1) for name in ("datastart", "dataend", "storeaddress")}
    bits, store_bits = whole(_text(region, "datasizebits"), 0), whole(_text(region, "storesizebits"), 0)
    if min(values.values()) < 0 or bits not in {8, 16, 32} or store_bits not in {8, 16, 32}:
        return None
    start, end, store = (value + defaults.offset for value in values.values())
    return SumRule(start, end, bits, store, store_bits, defaults.little)
