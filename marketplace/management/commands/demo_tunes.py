"""`manage.py demo_tunes --count 320`: a shelf full of believable tunes over real vehicle models."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from core.rls import as_system
from marketplace.demo import fill_shelf

WIDTH = 30


class Command(BaseCommand):
    help = "Fill the demo shelf up to a number of tunes; safe to repeat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--count", type=int, default=320, help="how many tunes there shall be (default: 320)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("Demo tunes have no place in production.")
        live = self.stdout.isatty()
        with as_system("the demo world has many owners"):
            made = fill_shelf(options["count"], progress=self.bar if live else None)
        if live and made:
            self.stdout.write("")
        self.stdout.write(f"{made} tunes made.")

    def bar(self, done: int, total: int) -> None:
        filled = WIDTH * done // max(total, 1)
        self.stdout.write(f"\r[{'#' * filled}{'.' * (WIDTH - filled)}] {done} of {total}", ending="")
        self.stdout.flush()
