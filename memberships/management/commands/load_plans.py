"""`manage.py load_plans`: the plans that a fresh house begins with."""

from typing import Any

from django.core.management.base import BaseCommand

from memberships.services.plans import load_plans


class Command(BaseCommand):
    help = "Make the plans basic and plus where there never were any; safe to repeat, staff's changes stay."

    def handle(self, *args: Any, **options: Any) -> None:
        made = load_plans()
        self.stdout.write(
            f"{len(made)} new: {', '.join(made)}" if made else "0 new, the plans stay as they are"
        )
