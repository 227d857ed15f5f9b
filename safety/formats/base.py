"""What every reader shares: limits, the registry, safe XML, numbers."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from lxml import etree

from safety.calibration import CalibrationMap
from safety.problems import Refused


@dataclass(frozen=True)
class Limits:
    """Most that a file may ask for; the largest real tune seen has 208 kB, 1,823 constants, 105 tables."""

    msq_bytes: int = 4 * 1024 * 1024
    definition_bytes: int = 16 * 1024 * 1024
    image_bytes: int = 16 * 1024 * 1024
    record_bytes: int = 24 * 1024 * 1024  # the text of an 8 MB image as Intel HEX or S-records
    record_gaps: int = 4096  # jumps between records; real files have dozens, and each costs a search
    constants: int = 20_000
    side: int = 64  # rows or columns of a table
    array: int = 4096  # cells of one constant
    definition_items: int = 60_000
    inherit_depth: int = 16


LIMITS: Final = Limits()
MOST_NUMBER: Final = 1e12  # no setting of any ECU comes near; sums and squares of such numbers stay finite


@dataclass(frozen=True)
class Definition:
    """A file that explains another: .xdf, RomRaider or ECUFlash .xml, TunerStudio .ini."""

    data: bytes
    name: str = ""


Sniff = Callable[[bytes, str], float]
Parse = Callable[[bytes, str, Definition | None, Limits], CalibrationMap]


@dataclass(frozen=True)
class Reader:
    """`sniff(head, name)` scores 0-1 from the first bytes and the file's name; `parse` does the work."""

    key: str
    sniff: Sniff
    parse: Parse


_DOCTYPE: Final = re.compile(rb"<!\s*(doctype|entity)", re.IGNORECASE)


def xml_root(data: bytes, limit: int) -> etree._Element:
    """The root of a well-formed document without any DOCTYPE; Refused otherwise.

    lxml reads an XXE file silently with entities off, so a DOCTYPE is refused before parsing
    (zero bytes are dropped first: UTF-16 must not hide one) and once more on the parsed document.
    """
    if len(data) > limit:
        raise Refused("too_large", f"The file has {len(data)} bytes; at most {limit} are read.")
    if _DOCTYPE.search(data.replace(b"\0", b"")):
        raise Refused("doctype", "The file declares a document type or entities; such files are never read.")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        place = f" (line {line})" if line else ""
        raise Refused("not_well_formed", f"The file is cut off or damaged{place}.") from None
    if getattr(root.getroottree().docinfo, "doctype", ""):
        raise Refused("doctype", "The file declares a document type; such files are never read.")
    return root


def local(element: etree._Element) -> str:
    """The tag without its namespace, in lower case."""
    tag = element.tag
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""


def clean(text: str, most: int = 200) -> str:
    """Text of a file made fit to show: printable, one line, bounded. Escaping is the renderer's duty."""
    if len(text) <= most and text.isprintable() and "  " not in text:
        return text.strip()  # nearly every text of every file
    shown = "".join(char if char.isprintable() else " " for char in text[: most * 4])
    return " ".join(shown.split())[:most]


def number(text: str) -> float:
    """A float of at most 40 characters and below MOST_NUMBER; ValueError otherwise (giant digits, nan, inf, hex)."""
    text = text.strip()
    if len(text) > 40 or "_" in text:
        raise ValueError("not a plain number")
    value = float(text)
    if not abs(value) < MOST_NUMBER:  # also true for nan
        raise ValueError("not a possible number")
    return value


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
