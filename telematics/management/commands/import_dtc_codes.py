"""Load a manufacturer's trouble codes: `manage.py import_dtc_codes codes.csv [--make BMW] [--replace]`."""

import csv
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from telematics import dtc
from telematics.services.definitions import store_definitions

BITE = 1000


class Command(BaseCommand):
    help = "CSV with a head: code, description (or text), and manufacturer (or make) unless --make is given."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--make", default="", help="The manufacturer of all lines.")
        parser.add_argument(
            "--replace", action="store_true", help="Forget what is known of these makes first."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with options["file"].open(newline="", encoding="utf-8-sig") as lines:
                rows = list(csv.DictReader(lines))
        except (OSError, UnicodeDecodeError, csv.Error) as problem:
            raise CommandError(f"{options['file']} can't be read: {problem}") from None
        known: dict[tuple[str, str], str] = {}
        skipped = 0
        for row in rows:
            told = {name.strip().lower(): (value or "").strip() for name, value in row.items() if name}
            make = (options["make"] or told.get("manufacturer") or told.get("make") or "").strip().lower()
            text = told.get("description") or told.get("text") or ""
            try:
                code = dtc.clean(told.get("code", ""))
            except ValueError:
                code = ""
            if code and make and text:
                known[make[:80], code] = text[:400]
            else:
                skipped += 1
        if not known:
            raise CommandError("No line has a code, a text and a manufacturer.")
        done = 0
        items = list(known.items())
        for first in range(0, len(items), BITE):
            bite = dict(items[first : first + BITE])
            done += store_definitions(
                bite, forget={make for make, _ in known} if options["replace"] and not first else set()
            )
            self.stdout.write(f"{done * 100 // len(items)} %, {done} of {len(items)} codes")
        self.stdout.write(f"{done} codes stored, {skipped} lines skipped.")
