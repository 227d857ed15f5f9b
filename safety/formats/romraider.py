"""RomRaider and ECUFlash XML: roms, base and include inheritance, tables with scalings."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from safety.formats.base import Definition, Limits, clean, local, number, xml_root
from safety.formats.image import Image, Layout
from safety.formats.rom import Field, RomDefinition, RomTable
from safety.problems import NotAnalysed, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml import etree

_STORAGE: Final = re.compile(r"^(u?)int(8|16|32)$|^(float)(?:32)?$", re.IGNORECASE)
_SIZE: Final = re.compile(r"^(\d{1,6})\s*(kb|mb|b)?$", re.IGNORECASE)
_AXIS: Final = re.compile(r"^(static )?[xy] axis$", re.IGNORECASE)


@dataclass
class _Rom:
    """One <rom>: its id, its tables by name, and what it builds on."""

    xmlid: str
    identity: dict[str, str]
    parents: list[str]
    tables: dict[str, etree._Element] = field(default_factory=dict)
    scalings: dict[str, etree._Element] = field(default_factory=dict)


def parse_romraider(definition: Definition, image: Image, limits: Limits) -> RomDefinition:
    """The definition of the rom whose id the image carries; of the only rom in the file otherwise.

    Raises Refused (damaged, hostile, cyclic) or NotAnalysed (no rom for this image).
    """
    root = xml_root(definition.data, limits.definition_bytes)
    if local(root) not in {"roms", "rom"}:
        raise NotAnalysed("not_romraider", "The definition is neither RomRaider nor ECUFlash XML.")
    roms = {rom.xmlid: rom for rom in _roms(root, limits)}
    chosen = _choose(roms, image)
    chain = _chain(chosen, roms, limits)
    ident: dict[str, str] = {}
    for rom in reversed(chain):
        ident |= {key: value for key, value in rom.identity.items() if value}
    found = RomDefinition("romraider", ident.get("ecuid") or chosen.xmlid)
    address, text = _hex(ident.get("internalidaddress")), ident.get("internalidstring", "")
    if address is not None and text and len(text) <= 64:
        found.identity = (address, text)
    found.size = _size(ident.get("filesize", ""))
    scalings = {name: item for rom in reversed(chain) for name, item in rom.scalings.items()}
    names = {name for rom in chain for name in rom.tables}
    for name in sorted(names):
        layers = [rom.tables[name] for rom in chain if name in rom.tables]
        _add(found, name, layers, scalings)
    return found


def _roms(root: etree._Element, limits: Limits) -> Iterator[_Rom]:
    count = 0
    for item in [root] if local(root) == "rom" else root:
        if local(item) != "rom":
            continue
        romid = next((child for child in item if local(child) == "romid"), None)
        ident = {} if romid is None else {local(child): clean(child.text or "", 100) for child in romid}
        parents = [item.get("base") or ""]
        rom = _Rom(ident.get("xmlid", ""), ident, parents)
        for child in item:
            count += 1
            if count > limits.definition_items:
                raise Refused("too_many", "The definition holds too many items.")
            if local(child) == "table":
                rom.tables.setdefault(clean(child.get("name") or "", 120), child)
            elif local(child) == "scaling" and child.get("name"):
                rom.scalings[child.get("name") or ""] = child
            elif local(child) == "include":
                parents.append(clean(child.text or "", 100))
        rom.parents = [parent for parent in parents if parent]
        yield rom


def _choose(roms: dict[str, _Rom], image: Image) -> _Rom:
    """By the id at its address; a file with a single rom is taken at its word (the id is a rule's business)."""
    concrete = [rom for rom in roms.values() if rom.identity.get("internalidstring")]
    for rom in concrete:
        address, text = _hex(rom.identity.get("internalidaddress")), rom.identity["internalidstring"].encode()
        if (
            address is not None
            and image.data[address - image.base : address - image.base + len(text)] == text
        ):
            return rom
    if len(concrete) == 1:
        return concrete[0]
    if len(roms) == 1:
        return next(iter(roms.values()))
    raise NotAnalysed("no_definition", "The definition knows no rom with this image's calibration id.")


def _chain(rom: _Rom, roms: dict[str, _Rom], limits: Limits) -> list[_Rom]:
    """The rom and all that it builds on, the nearest first. Cycles and deep chains are refused.

    Only roms of the same document count: an include never opens another file.
    """
    chain: list[_Rom] = []
    todo: list[tuple[_Rom, tuple[str, ...]]] = [(rom, (rom.xmlid,))]
    while todo:
        current, path = todo.pop(0)
        chain.append(current)
        if len(path) > limits.inherit_depth or len(chain) > 4 * limits.inherit_depth:
            raise Refused("include_depth", "The definition's includes are nested too deeply.")
        for parent in current.parents:
            if parent in path:
                raise Refused("include_cycle", "The definition includes itself.")
            if parent in roms:
                todo.append((roms[parent], (*path, parent)))
    return chain


def _hex(text: str | None) -> int | None:
    """Addresses are hexadecimal, with or without 0x."""
    if text is None or len(text) > 12:
        return None
    try:
        value = int(text.strip(), 16)
    except ValueError:
        return None
    return value if value >= 0 else None


def _size(text: str) -> int | None:
    match = _SIZE.match(text.strip())
    if match is None:
        return None
    return int(match[1]) * {"kb": 1024, "mb": 1024 * 1024}.get((match[2] or "b").lower(), 1)


def _merged(layers: list[etree._Element]) -> dict[str, str]:
    """Attributes of a table and the tables that it inherits from, the nearest winning."""
    found: dict[str, str] = {}
    for layer in reversed(layers):
        found |= {str(key): str(value) for key, value in layer.attrib.items()}
    return found


def _scaling(
    layers: list[etree._Element], attributes: dict[str, str], scalings: dict[str, etree._Element]
) -> dict[str, str]:
    """The scaling: an element inside, or a named one that the table refers to."""
    for layer in layers:
        for child in layer:
            if local(child) == "scaling" and (child.get("expression") or child.get("toexpr")):
                return {str(key): str(value) for key, value in child.attrib.items()}
    named = scalings.get(attributes.get("scaling", ""))
    return {} if named is None else {str(key): str(value) for key, value in named.attrib.items()}


def _layout(attributes: dict[str, str], scaling: dict[str, str]) -> Layout | None:
    match = _STORAGE.match((attributes.get("storagetype") or scaling.get("storagetype") or "").strip())
    if match is None:
        return None
    little = (attributes.get("endian") or scaling.get("endian") or "big").lower() == "little"
    if match[3]:
        return Layout("float", 32, little)
    return Layout("uint" if match[1] else "int", int(match[2]), little)


def _count(attributes: dict[str, str], *names: str) -> int:
    for name in names:
        text = attributes.get(name, "")
        if text.isdigit() and len(text) <= 6:
            return int(text)
    return 0


def _field(
    layers: list[etree._Element], scalings: dict[str, etree._Element], count: int, title: str
) -> Field | None:
    attributes = _merged(layers)
    scaling = _scaling(layers, attributes, scalings)
    layout = _layout(attributes, scaling)
    address = _hex(attributes.get("storageaddress") or attributes.get("address"))
    if layout is None or address is None or not 0 < count <= 4096:
        return None
    expression = scaling.get("expression") or scaling.get("toexpr") or "x"
    return Field(address, layout, count, expression, clean(scaling.get("units", ""), 40), title)


def _axes(layers: list[etree._Element]) -> dict[str, list[etree._Element]]:
    """The nested axis tables by x and y, the nearest layer first."""
    found: dict[str, list[etree._Element]] = {"x": [], "y": []}
    for layer in layers:
        for child in layer:
            kind = child.get("type") or ""
            if local(child) == "table" and _AXIS.match(kind):
                found["x" if "x axis" in kind.lower() else "y"].append(child)
    return found


def _axis(layers: list[etree._Element], scalings: dict[str, etree._Element], count: int) -> Field | None:
    if not layers or count < 1:
        return None
    attributes = _merged(layers)
    title = clean(attributes.get("name", ""), 80)
    if "static" in attributes.get("type", "").lower():
        labels = [child.text or "" for layer in layers for child in layer if local(child) == "data"]
        try:
            values = tuple(number(label) for label in labels)
        except ValueError:
            return None
        return (
            Field(None, Layout("uint", 8, little=False), len(values), units=title, title=title, fixed=values)
            if len(values) == count
            else None
        )
    return _field(layers, scalings, count, title)


def _add(
    found: RomDefinition, name: str, layers: list[etree._Element], scalings: dict[str, etree._Element]
) -> None:
    attributes = _merged(layers)
    kind = attributes.get("type", "").upper()
    axes = _axes(layers)
    cols = _count(attributes, "sizex") or _count(_merged(axes["x"]), "sizex", "elements")
    rows = _count(attributes, "sizey") or _count(_merged(axes["y"]), "sizey", "elements")
    if kind == "2D" and not axes["x"] and axes["y"]:
        axes, cols, rows = {"x": axes["y"], "y": []}, cols or rows or _count(attributes, "elements"), 1
        cols = max(cols, _count(attributes, "sizey"))
    if kind in {"1D", "2D"}:
        rows = 1
        cols = cols or _count(attributes, "elements", "sizey") or 1
    if name.lower() == "checksum fix":
        address = _hex(attributes.get("storageaddress"))
        if address is not None:
            found.subaru = (address, max(cols, rows, _count(attributes, "sizey")))
        return
    if attributes.get("layout", "") == "interleaved":
        found.skipped.append(f"{name}: interleaved tables are not understood")
        return
    cells = _field(layers, scalings, rows * cols, name)
    if cells is None:
        return
    scaling = _scaling(layers, attributes, scalings)
    found.tables.append(
        RomTable(
            title=name,
            cells=cells,
            rows=rows,
            cols=cols,
            x=_axis(axes["x"], scalings, cols),
            y=_axis(axes["y"], scalings, rows) if rows > 1 else None,
            by_column=attributes.get("swapxy", "").lower() == "true",
            minimum=_optional(scaling.get("min")),
            maximum=_optional(scaling.get("max")),
        )
    )


def _optional(text: str | None) -> float | None:
    try:
        return None if text is None else number(text)
    except ValueError:
        return None
