"""Which reader takes a file: the best score of the first bytes and the name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from safety.formats.base import LIMITS, Definition, Limits, Reader
from safety.formats.image import is_archive, load_image, sniff_image
from safety.formats.msq import sniff_msq
from safety.formats.msq_family import parse_msq
from safety.formats.msq_megasquirt import MEGASQUIRT
from safety.formats.msq_rusefi import RUSEFI
from safety.formats.msq_speeduino import SPEEDUINO, SPEEDUINO_OLD
from safety.formats.msq_tuareg import TUAREG
from safety.formats.rom import read_rom
from safety.formats.romraider import parse_romraider
from safety.formats.xdf import parse_xdf
from safety.problems import NotAnalysed, Refused

if TYPE_CHECKING:
    from safety.calibration import CalibrationMap

MSQ_FAMILIES: Final = (SPEEDUINO, RUSEFI, TUAREG, SPEEDUINO_OLD, MEGASQUIRT)


def _msq(data: bytes, name: str, definition: Definition | None, limits: Limits) -> CalibrationMap:
    del name
    return parse_msq(data, definition, limits, MSQ_FAMILIES)


def _image(data: bytes, name: str, definition: Definition | None, limits: Limits) -> CalibrationMap:
    image = load_image(data, name, limits)
    if definition is None:
        raise NotAnalysed("no_definition", "A binary image needs its definition (.xdf or RomRaider .xml).")
    xdf = b"XDFFORMAT" in definition.data[:4096].upper() or definition.name.lower().endswith(".xdf")
    found = parse_xdf(definition, limits) if xdf else parse_romraider(definition, image, limits)
    return read_rom(data, image, found, limits)


READERS: Final = (Reader("msq", sniff_msq, _msq), Reader("image", sniff_image, _image))


def parse(
    data: bytes, name: str, definition: Definition | None = None, limits: Limits = LIMITS
) -> CalibrationMap:
    """Read `data`. Raises Refused for empty, damaged or hostile files, NotAnalysed for unknown ones."""
    if not data:
        raise Refused("empty", "The file is empty.")
    head = data[:4096]
    if is_archive(head):
        raise NotAnalysed("archive", "The file is an archive; upload the tune itself.")
    best = max(READERS, key=lambda reader: reader.sniff(head, name))
    if best.sniff(head, name) <= 0.0:
        raise NotAnalysed("unknown_format", "This kind of file is not known here.")
    return best.parse(data, name, definition, limits)
