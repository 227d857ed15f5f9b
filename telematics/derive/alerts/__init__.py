"""Alerts: rules over samples. Pure: the same set and the same rule give the same events, whatever came first."""

from telematics.derive.alerts.fences import Circle, Fence, Polygon, inside
from telematics.derive.alerts.rules import KINDS, Event, Events, Kind, Rule, evaluate

__all__ = ["KINDS", "Circle", "Event", "Events", "Fence", "Kind", "Polygon", "Rule", "evaluate", "inside"]
