"""Trouble codes in words, manufacturers' own texts first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telematics import dtc
from telematics.models import DtcDefinition

if TYPE_CHECKING:
    from collections.abc import Iterable

    from telematics.dtc import Meaning


def describe(code: str, make: str | None = None) -> Meaning:
    """What a code means at this make. Raises ValueError for what is no trouble code."""
    return describe_all([code], make)[0]


def describe_all(codes: Iterable[str], make: str | None = None) -> list[Meaning]:
    """The same for several, in one statement."""
    wanted = [dtc.clean(code) for code in codes]
    own: dict[str, str] = {}
    if make and make.strip() and wanted:
        rows = DtcDefinition.objects.filter(make=make.strip().lower(), code__in=wanted)
        own = dict(rows.values_list("code", "text"))
    return [dtc.describe(code, make, own_text=own.get(code)) for code in wanted]
