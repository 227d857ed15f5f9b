"""The one question that others ask: is this person a verified tuner now?"""

from typing import Any

from tuners.errors import TunerNotVerified
from tuners.models import TunerProfile


def is_verified(user: Any) -> bool:
    """Verified by staff, not suspended, and no certification has expired. `user` is a user or an id."""
    profile = TunerProfile.objects.filter(user_id=getattr(user, "pk", user)).first()
    return profile is not None and profile.verified


def demand_verified(user: Any) -> TunerProfile:
    """The profile of a verified tuner. Raises TunerNotVerified (403)."""
    profile: TunerProfile | None = TunerProfile.objects.filter(user_id=getattr(user, "pk", user)).first()
    if profile is None or not profile.verified:
        raise TunerNotVerified
    return profile
