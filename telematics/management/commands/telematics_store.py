"""`manage.py telematics_store partitions|retain|compact|fold`: the nightly jobs by hand, with their progress."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from telematics.services import compaction, partitions, retention, tail

WIDTH = 30


class Command(BaseCommand):
    help = "Do a nightly job of the telemetry store now: partitions, retain, compact or fold. Safe to repeat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("job", choices=["partitions", "retain", "compact", "fold"])

    def handle(self, *args: Any, **options: Any) -> None:
        self.live = self.stdout.isatty()
        said = getattr(self, f"do_{options['job']}")()
        if self.live:
            self.stdout.write("")
        self.stdout.write(said)

    def do_partitions(self) -> str:
        made = partitions.make_months()
        return "made " + ", ".join(f"{month:%Y-%m}" for month in made) if made else "all months are there"

    def do_retain(self) -> str:
        return f"{retention.retain(self.bar)} segments had their time"

    def do_compact(self) -> str:
        before, after = compaction.compact(self.bar)
        return f"{before} segments became {after}"

    def do_fold(self) -> str:
        return f"packed {tail.fold_tail(everything=True)} single samples"

    def bar(self, done: int, total: int) -> None:
        if self.live:
            filled = WIDTH * done // max(total, 1)
            self.stdout.write(f"\r[{'#' * filled}{'.' * (WIDTH - filled)}] {done} of {total}", ending="")
            self.stdout.flush()
