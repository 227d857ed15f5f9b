"""In what people use more than a plan would give them; whoever measures plugs in `users.ports.usages`."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from memberships.benefits import KINDS, given_by
from users.models import User
from users.ports import Shortfall, usages


def shortfalls(user: User, plan_code: str, benefits: Mapping[str, Any], at: datetime) -> dict[str, Shortfall]:
    """By benefit code, what is beyond these benefits of a plan from `at` on; each sentence names its benefit."""
    found = {}
    for code, meter in usages.items():
        short = meter.shortfall(user, given_by(code, plan_code, benefits), at)
        if short is not None:
            label = KINDS[code].label if code in KINDS else code
            found[code] = replace(short, text=f"{label}: {short.text}")
    return found
