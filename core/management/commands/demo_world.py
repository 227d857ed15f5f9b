"""`manage.py demo_world`: example people, vehicles and shops, filled in by every app; safe to repeat."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from core.ports import demo_worlds
from core.rls import as_system


class Command(BaseCommand):
    help = "Fill the demo world, from the lowest floor up; what is there stays."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("The demo world has accounts with known passwords: only where DEBUG is on.")
        world: dict[str, Any] = {"accounts": []}  # accounts: what to log in with, as (e-mail, password, who)
        with as_system("the demo world has many owners"):
            for plug in demo_worlds.values():
                plug.fill(world)
        for email, password, who in world["accounts"]:
            self.stdout.write(f"  {email:<26}{password:<18}{who}")
