"""What a plan may give: the codes by which other apps ask (`users.ports.benefits[code].value_for(user)`).

A plan's benefits are data (`Plan.benefits`, code -> value). A code that a plan leaves out, and every code for a
person without a plan, answers None: whoever asks knows what that means.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TIER = "membership_tier"  # the code of the plan itself; no plan can say another
PERIOD = "membership_period_start"  # since when the present period runs: numbers "a period" count from there


@dataclass(frozen=True, slots=True)
class Kind:
    """One benefit: what a value looks like, and how a person reads it. `unit` "codes" is a list of codes."""

    label: str
    unit: str
    most: int = 0  # of a number

    def problem(self, value: Any) -> str:
        """What is wrong with a value; "" when nothing is."""
        if self.unit == "codes":
            good = isinstance(value, list) and all(isinstance(one, str) and one for one in value)
            return "" if good else "Give a list of codes."
        good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= self.most
        return "" if good else f"Give a whole number from 0 to {self.most}."

    def show(self, value: Any) -> str:
        """A value as people read it."""
        return f"{value / 100:g} %" if self.unit == "bps" and value else spoken(value)


KINDS: Mapping[str, Kind] = {
    "offer_tiers": Kind("Offers of", "codes"),
    "included_services": Kind("Services included", "codes"),
    "service_discount_bps": Kind("Off every service", "bps", 10_000),
    "telemetry_retention_days": Kind("Days of telemetry kept", "days", 36_500),
    "assistant_quota": Kind("Messages to the assistant a day", "messages", 1_000_000),
    "assistant_tokens_per_day": Kind("Tokens of the assistant's model a day", "tokens", 1_000_000_000),
    "commission_free_bookings": Kind("Bookings without commission a period", "bookings", 10_000),
}


def problems(benefits: Any) -> list[str]:
    """What is wrong with the benefits of a plan, in sentences."""
    if not isinstance(benefits, dict):
        return ["Give an object of benefit codes and values."]
    unknown = [f"{code} is no benefit." for code in benefits if code not in KINDS]
    wrong = [
        f"{code}: {text}"
        for code, value in benefits.items()
        if code in KINDS and (text := KINDS[code].problem(value))
    ]
    return unknown + wrong


def given_by(code: str, plan_code: str, benefits: Mapping[str, Any]) -> Any:
    """What a plan gives of one benefit; a member may always use the offers of their own plan."""
    value = benefits.get(code)
    return sorted({plan_code, *(value or [])}) if code == "offer_tiers" else value


def spoken(value: Any) -> str:
    """A benefit's value in a sentence."""
    if isinstance(value, (list, set, frozenset, tuple)):
        return ", ".join(sorted(value)) or "none"
    return str(value or "none")
