"""Several real processes send one vehicle's samples at once, through the whole of the product: each instant once."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connections

from core.rls import as_system
from telematics.models import AlertRule, Dirty, Segment, Source
from telematics.selectors.read import read
from telematics.services import facts
from telematics.services.devices import make_key
from telematics.services.store import append
from telematics.tests.making import NOON, drive, make_vehicle, same
from telematics.tests.test_facts import LONG_AGO, known
from tests.cast import login, make_user

pytestmark = pytest.mark.django_db(transaction=True)
PROCESSES = 4
SECONDS = 900
PIECE, STEP = 120, 60  # each batch overlaps the next by half
SINGLES = range(40, SECONDS, 90)  # samples that also come singly, by Torque

SENDER = """
import json, os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings_test"
import django
django.setup()
from django.db import connection
connection.settings_dict["NAME"] = sys.argv[1]
from rest_framework.test import APIClient
client = APIClient(HTTP_AUTHORIZATION=sys.argv[2])
print("ready", flush=True)
for kind, path, body in json.loads(sys.stdin.readline()):
    if kind == "batch":
        answer = client.post(path, body, format="json")
        assert answer.status_code == 202, answer.content
        told = answer.json()
        assert (told["conflicts"], told["rejected"]) == (0, []), told
        assert told["accepted"] + told["duplicates"] == len(body["samples"]), told
        print(told["accepted"])
    elif kind == "single":
        answer = client.get(path, body)
        assert answer.content == b"OK!", answer.content
    else:
        assert client.get(path).status_code == 200
"""


def rows(samples):
    return [{"t": t} | values for t, values in samples.rows()]


def torque(whole, place):
    """The very same sample in Torque's words."""
    return {"time": int(whole.t[place]), "kd": float(whole.signals["speed"][place])}


def test_several_processes_send_shuffled_overlapping_and_repeated_batches():
    with as_system("test"):
        alice = make_user("alice")
        bike, alike = make_vehicle(alice), make_vehicle(alice)
        AlertRule.objects.create(owner=alice, kind="overspeed", params={"limit": 60}, since=LONG_AGO)
        _, secret = make_key(bike, protocol="torque")
        whole = drive(SECONDS).only(["speed"])
        append(alike.pk, alice.pk, whole, source=Source.BATCH)
    facts.settle(alike.pk)
    token = login(alice)._credentials["HTTP_AUTHORIZATION"]
    path = f"/api/v1/telematics/{bike.pk}/"
    pieces = [whole.take(slice(at, at + PIECE)) for at in range(0, SECONDS, STEP)]
    deeds = [["batch", path, {"vehicleId": str(bike.pk), "samples": rows(piece)}] for piece in pieces]
    deeds += [["single", f"/api/v1/ingest/torque/{secret}/", torque(whole, place)] for place in SINGLES]
    deeds += [["read", f"{path}trips/", None]] * 3
    environment = os.environ | {
        "REVSYNC_DB_ROLE": "revsync_app",
        "THROTTLE_TELEMETRY": "off",
        "THROTTLE_DEVICE": "off",
    }
    children = [
        subprocess.Popen(
            [sys.executable, "-c", SENDER, connections["default"].settings_dict["NAME"], token],
            cwd=Path(__file__).resolve().parents[2], env=environment, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for _ in range(PROCESSES)
    ]  # fmt: skip
    for child in children:
        assert child.stdout.readline() == "ready\n", child.stderr.read()
    for seed, child in enumerate(children):  # everybody sends everything
        child.stdin.write(json.dumps(random.Random(seed).sample(deeds, len(deeds))) + "\n")
        child.stdin.flush()
    accepted = 0
    for child in children:
        out, err = child.communicate(timeout=120)
        assert child.returncode == 0, err
        accepted += sum(map(int, out.split()))
    facts.settle(bike.pk)
    with as_system("test"):
        assert same(read(bike.pk, 0, NOON * 2), whole)
        assert SECONDS - len(SINGLES) <= accepted <= SECONDS  # the others came singly first
        assert not Dirty.objects.exists()
        found, expected = known(bike), known(alike)
        assert [part[:-1] for part in map(tuple, found[0])] == [part[:-1] for part in map(tuple, expected[0])]
        assert found[1] == expected[1]
        assert [row[2:] for row in found[2]] == [row[2:] for row in expected[2]]  # ids are of the vehicle
        assert len(found[2]) > 0
        assert Segment.objects.filter(vehicle_id=bike.pk).count() > 1
