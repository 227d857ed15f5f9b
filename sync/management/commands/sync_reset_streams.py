"""`manage.py sync_reset_streams`: once, after a restore from a backup, before clients are let in again."""

from typing import Any

from django.core.management.base import BaseCommand

from sync.services.retention import reset_streams


class Command(BaseCommand):
    help = "Make every device start over (410): for a database that was restored from a backup."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{reset_streams()} streams start over.")
