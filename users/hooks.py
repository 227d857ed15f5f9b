"""What users plugs into core."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from core import clock
from core.ports import Note, dashboard_cards, demo_worlds, notifiers, personal_data
from users.models import AppSession, Role, User
from users.personal import UsersData
from users.ports import identity_providers
from users.providers.descope import Descope
from users.providers.oidc import Oidc
from users.providers.supabase import Supabase
from users.services import post

DEMO_PASSWORD = "ride-safe-2026"  # noqa: S105 -- printed for everybody by `make run`
DEMO_PEOPLE = {
    "alice": ("Alice", "Rider", Role.RIDER, "a rider with a bike"),
    "bob": ("Bob", "Stranger", Role.RIDER, "another rider, who must see nothing of Alice"),
    "tara": ("Tara", "Tuner", Role.TUNER, "a verified tuner"),
    "sam": ("Sam", "Staff", Role.ADMIN, "staff: the admin pages"),
}


class PeopleCard:
    title = "People"

    def rows(self) -> list[tuple[str, str]]:
        since = clock.now() - timedelta(days=7)
        return [
            ("Accounts", str(User.objects.filter(deleted_at=None).count())),
            ("New this week", str(User.objects.filter(created_at__gte=since).count())),
            ("Live sessions", str(AppSession.objects.live().count())),
        ]

    def chart(self) -> Mapping[str, Any] | None:
        return None


class PushNotes:
    """Notes of all apps reach the phones of a person."""

    def send(self, user_id: UUID, note: Note) -> None:
        post.push(user_id, title=note.title, body=note.body, data={**note.data, "kind": note.kind})


class DemoPeople:
    """Alice rides, Bob is a stranger to her, Tara tunes, Sam is staff."""

    def fill(self, world: dict[str, Any]) -> None:
        for key, (first, last, role, _) in DEMO_PEOPLE.items():
            email = f"{key}@demo.revsync.dev"
            user = User.objects.filter(email=email).first() or User.objects.create_user(
                email=email,
                password=DEMO_PASSWORD,
                first_name=first,
                last_name=last,
                role=role,
                is_staff=key == "sam",
                is_superuser=key == "sam",
                email_verified_at=clock.now(),
            )
            world[key] = user
        world["accounts"] = [
            (f"{key}@demo.revsync.dev", DEMO_PASSWORD, person[3]) for key, person in DEMO_PEOPLE.items()
        ]


identity_providers.register("oidc", Oidc)
identity_providers.register("supabase", Supabase)
identity_providers.register("descope", Descope)
notifiers.register("push", PushNotes())
personal_data.register("users", UsersData())
dashboard_cards.register("people", PeopleCard())
demo_worlds.register("users", DemoPeople())
