"""`manage.py rerun_safety`: judge live tunes by today's rules, now instead of at the next full hour."""

from typing import Any

from django.core.management.base import BaseCommand

from core.rls import as_system
from safety.engine import RULESET_VERSION
from safety.models import FitmentReport
from safety.selectors import unchecked_versions
from safety.services import rerun

WIDTH = 30
STEP = 10  # versions between two strokes of the bar


class Command(BaseCommand):
    help = "Judge every live tune that today's rules have not judged; safe to repeat and to break off."

    def handle(self, *args: Any, **options: Any) -> None:
        with as_system("the house judges what is on sale"):
            total = unchecked_versions().count()
        live = self.stdout.isatty()
        done, last = 0, None
        while True:
            count, last = rerun(last, batch=STEP)
            done += count
            if live:
                self.bar(done, total)
            if last is None:
                break
        if live:
            self.stdout.write("")
        with as_system("staff are told"):
            changed = FitmentReport.objects.live().filter(changed_at__isnull=False).count()
        self.stdout.write(
            f"Ruleset {RULESET_VERSION}: {done} live tunes judged, {changed} verdicts changed and not yet looked at."
        )

    def bar(self, done: int, total: int) -> None:
        filled = WIDTH * min(done, total) // max(total, 1)
        self.stdout.write(f"\r[{'#' * filled}{'.' * (WIDTH - filled)}] {done} of {total}", ending="")
        self.stdout.flush()
