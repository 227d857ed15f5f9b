"""The cast: Alice owns, Bob is a stranger, Tara tunes, Sam is staff."""

from typing import Any

from core.testing.client import RiderClient
from users.models import AuthMethod, Role, User
from users.sessions import open_session

PASSWORD = "open-road-99"
ROLES = {"tara": Role.TUNER, "sam": Role.ADMIN}


def make_user(name: str, **fields: Any) -> User:
    """The person of that name, made when first called for."""
    found = User.objects.filter(email=f"{name}@example.com").first()
    if found:
        return found
    fields.setdefault("role", ROLES.get(name, Role.RIDER))
    fields.setdefault("is_staff", name == "sam")
    fields.setdefault("is_superuser", name == "sam")
    return User.objects.create_user(
        email=f"{name}@example.com", password=PASSWORD, first_name=name.title(), last_name="Test", **fields
    )


def login(user: User) -> RiderClient:
    """A client that is logged in as this person, its session already seen in use."""
    session, pair = open_session(user=user, method=AuthMethod.PASSWORD)
    type(session).objects.filter(pk=session.pk).update(acked_gen=1)
    client = RiderClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {pair.access_token}")
    return client
