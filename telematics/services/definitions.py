"""Manufacturers' words for trouble codes, written by staff alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.rls import as_system
from telematics.models import DtcDefinition

if TYPE_CHECKING:
    from collections.abc import Mapping


def store_definitions(texts: Mapping[tuple[str, str], str], *, forget: set[str]) -> int:
    """(make in lower case, code) -> text, new ones in the place of old ones; how many. `forget`: makes to empty first."""
    with as_system("words of manufacturers belong to nobody"):
        if forget:
            DtcDefinition.objects.filter(make__in=forget).delete()
        DtcDefinition.objects.bulk_create(
            [DtcDefinition(make=make, code=code, text=text) for (make, code), text in texts.items()],
            update_conflicts=True,
            unique_fields=["code", "make"],
            update_fields=["text"],
        )
    return len(texts)
