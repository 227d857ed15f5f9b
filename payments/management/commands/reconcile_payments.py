"""`manage.py reconcile_payments`: ask the gateways about payments that are not finished, and say what was found."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from payments.models import Payment
from payments.services import reconcile_due


class Command(BaseCommand):
    help = "Ask the gateways about payments whose next look is due, and settle what verify and webhooks lost."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--all", action="store_true", help="all that are not finished, due or not")

    def handle(self, *args: Any, **options: Any) -> None:
        tally = reconcile_due(progress=self.say, everything=options["all"])
        if not tally:
            self.stdout.write("Nothing to ask about.")
        for outcome, count in sorted(tally.items()):
            self.stdout.write(f"{count:>6}  {outcome}")

    def say(self, number: int, total: int, payment: Payment, outcome: str) -> None:
        self.stdout.write(f"[{number}/{total}] {payment.gateway} {payment.receipt}: {outcome}")
        self.stdout.flush()
