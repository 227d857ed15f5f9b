"""Many deeds at once, from several processes: what several web servers do to one calendar.

`Crowd` starts processes of this module; each gets its share of the deeds as a line of JSON and does them in threads
that start at one instant. An answer is what the deed gave, or the code of the refusal. Whoever is told to come again
(Busy, 503 with Retry-After) does so, as a client would.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

PROCESSES = 3
SLOWEST = 10.0  # seconds of one request


class Crowd:
    """Processes that wait for work; `at_once` gives them some."""

    def __init__(self, database):
        root = Path(__file__).resolve().parents[2]
        self.processes = [
            subprocess.Popen(
                [sys.executable, "-m", "appointments.tests.storm", database],
                cwd=root, env=os.environ | {"REVSYNC_DB_ROLE": "revsync_app"}, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            )
            for _ in range(PROCESSES)
        ]  # fmt: skip
        for process in self.processes:
            assert process.stdout.readline() == "ready\n"

    def at_once(self, deeds):
        """The outcomes of (name, arguments) in order; none may take longer than SLOWEST."""
        begin = time.time() + 0.3
        for number, process in enumerate(self.processes):
            process.stdin.write(json.dumps([begin, deeds[number::PROCESSES]]) + "\n")
            process.stdin.flush()
        outcomes = [None] * len(deeds)
        for number, process in enumerate(self.processes):
            outcomes[number::PROCESSES] = json.loads(process.stdout.readline())
        assert max(took for _, took in outcomes) < SLOWEST
        return [outcome for outcome, _ in outcomes]

    def close(self):
        for process in self.processes:
            process.stdin.close()
            process.wait(timeout=20)
            process.stdout.close()


def serve(database):
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings_test"
    import django

    django.setup()
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connection

    connection.settings_dict["NAME"] = database
    say("ready")
    for line in sys.stdin:
        begin, deeds = json.loads(line)
        with ThreadPoolExecutor(max(1, len(deeds))) as pool:
            done = [pool.submit(one, begin, *deed) for deed in deeds]
        say(json.dumps([each.result() for each in done]))


def say(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def one(begin, name, arguments):
    """(outcome, seconds of the slowest try)"""
    from django.db import connections

    from appointments.tests.making import NOW
    from core import clock
    from core.errors import Busy, DomainError

    time.sleep(max(0.0, begin - time.time()))
    slowest = 0.0
    try:
        while True:
            begun = time.monotonic()
            try:
                with clock.held_at(NOW):
                    return DEEDS[name](**arguments), max(slowest, time.monotonic() - begun)
            except Busy as busy:
                slowest = max(slowest, time.monotonic() - begun)
                time.sleep(busy.retry_after or 1)
            except DomainError as refusal:
                return refusal.code, max(slowest, time.monotonic() - begun)
    finally:
        connections.close_all()


def instant(text):
    from datetime import datetime

    return datetime.fromisoformat(text)


def book(shop, start, who="alice", offer=None):
    """What was taken off, as a sign that it was booked."""
    from appointments.models import Location, Service
    from appointments.services.booking import Customer, Wish, book
    from core.rls import as_system
    from garage.models import Vehicle
    from users.models import User

    with as_system("test"):
        user = User.objects.get(email=f"{who}@example.com")
        service, bike = Service.objects.get(code="oil-change"), Vehicle.objects.filter(owner=user).first()
        wish = Wish([service], instant(start), Location.objects.get(pk=shop), vehicle=bike, offer_id=offer)
    return book(wish, Customer(user=user)).appointment.discount_minor


def move(appointment, start):
    from appointments.services import moving

    moving.reschedule(appointment, instant(start), by=None)
    return "moved"


def cancel(appointment):
    from appointments.services import moving

    return moving.cancel(appointment, by=None).status


def offer(shop):
    from appointments.services import waitlist

    return waitlist.offer_freed(shop)


DEEDS = {"book": book, "move": move, "cancel": cancel, "offer": offer}

if __name__ == "__main__":
    serve(sys.argv[1])
