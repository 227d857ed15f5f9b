"""`manage.py load_catalogue`: vehicle types, brands and models from the project's data files."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.rls import as_system
from garage.catalogue_data import CatalogueError
from garage.services.catalogue import DATA, load

WIDTH = 30


class Command(BaseCommand):
    help = "Load the vehicle catalogue; safe to repeat, rows that staff changed stay as they are."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--folder", type=Path, default=DATA, help="another folder of data files")

    def handle(self, *args: Any, **options: Any) -> None:
        live = self.stdout.isatty()
        try:
            with as_system("the catalogue belongs to nobody"):
                result = load(options["folder"], progress=self.bar if live else None)
        except CatalogueError as problem:
            raise CommandError(f"The data files have mistakes; nothing was loaded.\n{problem}") from None
        if live:
            self.stdout.write("")
        self.stdout.write(
            f"{result.made} new, {result.changed} changed, {result.same} as before, "
            f"{result.kept} left because staff changed them"
        )

    def bar(self, done: int, total: int) -> None:
        filled = WIDTH * done // max(total, 1)
        self.stdout.write(f"\r[{'#' * filled}{'.' * (WIDTH - filled)}] {done} of {total}", ending="")
        self.stdout.flush()
