"""The main job over real HTTP, as `make demo` drives it; then again by a phone that sends everything twice."""

import httpx
import pytest

from core.management.commands.demo_world import Command as DemoWorld
from core.rls import as_system
from demo.client import Client
from demo.journey import DANGEROUS, Journey
from garage.models import EcuBackup, FlashEvent, FlashJob, Vehicle
from marketplace.models import Entitlement, Purchase
from payments.models import Payment
from safety.models import SafetyReport

pytestmark = pytest.mark.django_db(transaction=True)


class Stutterer(Client):
    """A phone on a bad line: every POST is sent twice, as when the first answer was lost."""

    def post(self, path, **body):
        headers = {"Idempotency-Key": f"stutter-{self.count}"}
        self.count += 1
        first = self.http.post(path, json=body, headers=headers)
        second = self.http.post(path, json=body, headers=headers)
        if first.is_success and not path.startswith(("auth/", "files/presign", "payments/sandbox")):
            assert second.is_success, (path, second.text)
        return self._read(first)

    count = 0


@pytest.fixture
def demo_world(settings):
    settings.PRODUCTION = False
    DemoWorld().handle()


def effects():
    with as_system("test"):
        return {
            model.__name__: model.objects.count()
            for model in (
                Vehicle,
                EcuBackup,
                Purchase,
                Entitlement,
                Payment,
                SafetyReport,
                FlashJob,
                FlashEvent,
            )
        }


def test_the_journey_flashes_the_good_tune_and_refuses_every_dangerous_one(live_server, demo_world, capsys):
    before = effects()
    with Journey(live_server.url) as journey:
        journey.walk()
    told = capsys.readouterr().out
    assert told.count("no flash job: 423 flash_blocked") + told.count("not published") == len(DANGEROUS)
    for table in ("ignition", "target_lambda", "rev_limit"):
        assert f" in {table} [" in told
    made = {name: count - before[name] for name, count in effects().items()}
    assert (made["Vehicle"], made["EcuBackup"], made["FlashJob"]) == (2, 2, 1)
    with as_system("test"):
        job = FlashJob.objects.get(vehicle_id__in=journey.bikes.values())
    assert job.state == "completed"


def test_a_phone_that_sends_everything_twice_has_every_effect_once(live_server, demo_world):
    before = effects()
    with Journey(live_server.url) as journey:
        journey.walk()
    once = {name: count - before[name] for name, count in effects().items()}
    before = effects()
    with Journey(live_server.url, Stutterer) as again:
        again.walk()
    assert {name: count - before[name] for name, count in effects().items()} == once


def test_the_server_says_no_in_one_shape_to_a_stranger(live_server):
    answer = httpx.get(f"{live_server.url}/api/v1/garage/vehicles/")
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
