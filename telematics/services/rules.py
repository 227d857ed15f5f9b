"""A rule that changes judges anew from now on; what it found before stays as it was found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from core import clock
from telematics.models import AlertRule

if TYPE_CHECKING:
    from telematics.models import Geofence

JUDGING: Final = ("kind", "params", "geofence", "on_enter", "on_exit", "active", "vehicle")


def began_anew(rule: AlertRule, changes: dict[str, Any]) -> dict[str, Any]:
    """The changes, with a new `since` where the rule will judge differently."""
    if any(name in changes and changes[name] != getattr(rule, name) for name in JUDGING):
        return changes | {"since": clock.now()}
    return changes


def fence_moved(fence: Geofence) -> None:
    """Rules of this place begin anew."""
    AlertRule.objects.live().filter(geofence=fence).update(since=clock.now())


def fence_gone(fence: Geofence) -> None:
    """Its rules go with it."""
    AlertRule.objects.filter(geofence=fence).tombstone()
