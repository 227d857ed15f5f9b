"""What the assistant may know, and of whom."""

import pytest

from core.rls import as_user
from telematics.knowing import VehicleHealth, codes_of, trips_of
from telematics.models import DtcReport, Latest, Segment, Source
from telematics.ports import TroubleCode
from telematics.services import dtcs, facts
from telematics.services.store import append
from telematics.tests.making import make_vehicle
from telematics.tests.making_drives import T0, course
from tests.cast import make_user

pytestmark = pytest.mark.django_db


def test_alice_hears_of_her_codes_and_trips_and_bob_of_none():
    alice, bob = make_user("alice"), make_user("bob")
    bike = make_vehicle(alice)
    append(bike.pk, alice.pk, course((600, 60), fuel_rate=6), source=Source.BATCH)
    facts.settle(bike.pk)
    dtcs.reported(bike.pk, alice.pk, T0, [TroubleCode("P0301"), TroubleCode("P0420")], None)
    dtcs.reported(bike.pk, alice.pk, T0 + 1000, [TroubleCode("P0301")], None)
    with as_user(alice):
        (code,) = codes_of(alice)
        (trip,) = trips_of(alice)
    assert "P0301 (stored) since 01 January 2024: Misfire in cylinder 1. Ride gently" in code.text
    assert trip.text == "2019 Yamaha MT-07 drove 10.0 km on 01 January 2024 at 00:00 UTC and used 1.0 litres."
    with as_user(bob):
        assert [*codes_of(bob), *trips_of(bob)] == []


def test_any_code_is_explained_and_nonsense_is_not():
    told = VehicleHealth().look_up("P0420")
    assert told.text.startswith(
        "P0420: Catalyst: efficiency below its threshold, bank 1. It usually rides on;"
    )
    assert "safe" not in told.text.lower()
    assert (VehicleHealth().look_up("P1999"), VehicleHealth().look_up("P999X")) == (None, None)


def test_rows_that_carry_their_owner_as_a_bare_column_are_found_by_their_owner():
    alice, bob = make_user("alice"), make_user("bob")
    bike = make_vehicle(alice)
    append(bike.pk, alice.pk, course((600, 60), fuel_rate=6), source=Source.BATCH)
    dtcs.reported(bike.pk, alice.pk, T0, [TroubleCode("P0301")], None)
    for model in (Segment, Latest, DtcReport):
        assert (model.objects.visible_to(alice).count(), model.objects.visible_to(bob).count()) == (1, 0)
