"""Reads of people."""

from typing import Any
from uuid import UUID

from users.models import User
from users.ports import account_facts

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
