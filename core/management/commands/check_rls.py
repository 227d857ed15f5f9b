"""`manage.py check_rls`: which tables row-level security keeps, by which roles, and what is wrong."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.tenancy import Line, inspect


class Command(BaseCommand):
    help = (
        "Show roles, tables and policies as the database has them; ends with an error if something is wrong."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        report = inspect()
        self.show("Roles", report.roles)
        self.show("Tables", report.tables)
        if report.problems:
            raise CommandError(f"{len(report.problems)} of them need attention (marked !!).")
        self.stdout.write("\nAll private tables are kept.")

    def show(self, title: str, lines: list[Line]) -> None:
        width = max((len(line.name) for line in lines), default=0)
        self.stdout.write(f"\n{title}")
        for line in lines:
            mark, why = ("!!", f"  <- {line.problem}") if line.problem else ("  ", "")
            self.stdout.write(f" {mark} {line.name:<{width}}  {line.state}{why}")
