"""`manage.py work`: the job worker of a production machine; start as many as there is work for."""

import asyncio
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from core.worker import work


class Command(BaseCommand):
    help = "Do background jobs until SIGTERM or Ctrl-C; running jobs may end first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--concurrency", type=int, default=4, help="jobs at one time (default: 4)")
        parser.add_argument(
            "--grace", type=float, default=25, help="seconds for running jobs at the end (default: 25)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        asyncio.run(work(stop_on_signals=True, concurrency=options["concurrency"], grace=options["grace"]))
