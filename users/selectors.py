"""Reads of people."""

from typing import Any
from uuid import UUID

from core.errors import NotFound
from users.models import User
from users.ports import account_facts, profile_stats

# What the payload promises even where no app is plugged in to know it.
UNKNOWN_FACTS: dict[str, Any] = {
    "membership_id": None,
    "membership_tier": None,
    "referral_code": None,
    "rewards_balance": 0,
    "default_session_id": None,
}


def account_payload(user_id: UUID) -> dict[str, Any]:
    """The `user` object of the API in one statement; higher apps' facts ride along as annotations."""
    facts = {name: fact.annotation() for name, fact in account_facts.items()}
    user = User.objects.annotate(**{f"fact_{name}": fact for name, fact in facts.items()}).get(pk=user_id)
    payload = {
        "id": user.pk,
        "name": user.name,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
        "phone_number": user.phone,
        "phone": user.phone,
        "email_verified": user.email_verified_at is not None,
        "phone_verified": user.phone_verified_at is not None,
        "is_verified": user.is_verified,
        "role": user.role,
        "profile_picture": user.profile_picture or None,
        "bio": user.bio,
        "location": user.location,
        "experience": user.experience,
        "created_at": user.created_at,
    }
    return payload | UNKNOWN_FACTS | {name: getattr(user, f"fact_{name}") for name in facts}


def public_profile(user_id: UUID) -> dict[str, Any]:
    """What everybody who is logged in may know of a person: no address, no number. Raises NotFound."""
    stats = {name: stat.annotation() for name, stat in profile_stats.items()}
    user = (
        User.objects.annotate(**{f"stat_{name}": stat for name, stat in stats.items()})
        .filter(pk=user_id, is_active=True, deleted_at=None, erase_after=None)
        .first()
    )
    if user is None:
        raise NotFound
    return {
        "id": user.pk,
        "name": user.name,
        "role": user.role,
        "is_verified": user.is_verified,
        "profile_picture": user.profile_picture or None,
        "bio": user.bio,
        "location": user.location,
        "experience": user.experience,
        "created_at": user.created_at,
        "stats": {name: getattr(user, f"stat_{name}") for name in stats},
    }


def may_log_in(user: User | None) -> bool:
    """Neither banned nor erased; somebody who only asked to be forgotten may come back."""
    return user is not None and user.is_active and user.deleted_at is None


def account_behind(*, email: str | None = None, phone: str | None = None) -> User | None:
    """The account that whoever proves this address may enter by it.

    An account that has a proved address is reached by proved ones only: the other may be a slip of the pen, and
    then it is a stranger's.
    """
    user = User.objects.with_address(email=email, phone=phone)
    if user is None or not may_log_in(user):
        return None
    proved = user.email_verified_at if email else user.phone_verified_at
    return user if proved is not None or not user.is_verified else None
