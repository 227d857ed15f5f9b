"""`manage.py prepare`: what a development database needs before the server starts; `manage.py up` calls it."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Migrate and fill the demo world, in one process; prints the demo accounts."
    requires_system_checks = []  # the server's own start reads every view; once is enough of a wait

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        call_command("demo_world", stdout=self.stdout)
