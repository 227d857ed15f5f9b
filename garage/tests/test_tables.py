"""The log as CSV: what goes out comes back in, and no spreadsheet runs it."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ids import uuid7
from core.testing.files import upload
from garage.models import Document, FuelUp, OdometerEntry, ServiceRecord, Vehicle
from garage.services.tables import KINDS, harmless, plain
from garage.tests.making import make_vehicle
from garage.tests.test_log import ROWS, made
from tests.cast import make_user

pytestmark = pytest.mark.django_db

BASE = "/api/v1/garage/"


@pytest.fixture
def alice(client_for):
    return client_for(make_user("alice"))


@pytest.fixture
def bob(client_for):
    return client_for(make_user("bob"))


@pytest.fixture
def bike():
    return make_vehicle(make_user("alice"), odometer_km=10000)


def brought(client, kind, text, query=""):
    return client.post(f"{BASE}{kind}/import/?{query}", text, content_type="text/csv")


def rows_of(answer):
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


@given(st.text())
def test_a_harmless_cell_is_no_formula_and_loses_nothing(cell):
    safe = harmless(cell)
    assert not safe.startswith(("=", "+", "-", "@", "\t", "\r"))
    if not cell.startswith("'"):
        assert plain(safe) == cell


@pytest.mark.parametrize("kind", KINDS)
def test_what_goes_out_comes_back_in(kind, alice, bike):
    row = made(alice, kind, bike, notes='=HYPERLINK("http://x"), "said" he\nand left')
    out = alice.get(f"{BASE}{kind}/export.csv")
    assert (out.status_code, out["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert out["Content-Disposition"] == f'attachment; filename="{kind}.csv"'
    assert rows_of(out)[0]["notes"].startswith("'=HYPERLINK")
    text = out.content.decode()
    same = brought(alice, kind, text)
    assert (same.status_code, same.json()) == (200, {"created": 0, "unchanged": 1, "errors": {}})
    fresh = brought(alice, kind, text.replace(row["id"], str(uuid7())))
    assert fresh.json() == {"created": 1, "unchanged": 0, "errors": {}}
    first, second = alice.get(f"{BASE}{kind}/").json()["results"]
    own = {"id", "created_at", "updated_at", "rev", "consumption_per_100km"}
    assert {name: first[name] for name in first.keys() - own} == {
        name: second[name] for name in second.keys() - own
    }


BIKES = [
    {"make": "Yamaha", "model": "MT-07", "year": 2019, "vin": "JYARM33E4KA000471", "odometer_km": 12_000.5,
     "ecu": {"family": "denso"}, "engine": {"displacement_cc": 689}, "mods": ["Slip-on", "=Quick shifter"]},
    {"make": "Honda", "model": "Activa", "nickname": "@work"},
]  # fmt: skip


def test_vehicles_go_from_one_garage_to_another(alice, bob):
    for bike in BIKES:
        assert alice.post(f"{BASE}vehicles/", bike).status_code == 201
    out = alice.get(f"{BASE}vehicles/export.csv")
    assert out["Content-Disposition"] == 'attachment; filename="vehicles.csv"'
    assert [row["nickname"] for row in rows_of(out)] == ["", "'@work"]
    text = out.content.decode()
    assert brought(alice, "vehicles", text).json() == {"created": 0, "unchanged": 2, "errors": {}}
    refused = brought(bob, "vehicles", text)  # Alice's ids are hers
    assert (refused.status_code, sorted(refused.json()["fields"]["rows"])) == (400, ["2", "3"])
    bare = "\n".join(",".join(line.split(",")[1:]) for line in text.splitlines())
    assert brought(bob, "vehicles", bare, "dry_run=true").json()["created"] == 2
    assert Vehicle.objects.filter(owner=make_user("bob")).count() == 0
    assert brought(bob, "vehicles", bare).json() == {"created": 2, "unchanged": 0, "errors": {}}
    his = {row.model: row for row in Vehicle.objects.filter(owner=make_user("bob"))}
    facts = his["MT-07"]
    assert (facts.vin, float(facts.odometer_km), facts.ecu_family, float(facts.engine_displacement_cc)) == (
        "JYARM33E4KA000471", 12_000.5, "denso", 689,
    )  # fmt: skip
    assert (facts.mods, his["Activa"].nickname) == (["Slip-on", "=Quick shifter"], "@work")
    assert OdometerEntry.objects.filter(owner=make_user("bob")).count() == 1


def test_vehicles_with_mistakes_do_not_come_in(alice):
    text = (
        "make,model,year,vin,vehicle_model_id\nYamaha,MT-07,2019,JYARM33E4KA000471,\n"
        "Yamaha,MT-07,2019,JYARM33E4KA000471,\nKTM,,2020,,\nKTM,390,1700,,\n"
        "KTM,390,2020,,018f0000-0000-7000-8000-00000000dead\n"
    )
    refused = brought(alice, "vehicles", text)
    told = refused.json()["fields"]["rows"]
    assert {line: sorted(fields) for line, fields in told.items()} == {
        "3": ["vin"], "4": ["model"], "5": ["year"], "6": ["vehicle_model_id"],
    }  # fmt: skip
    assert Vehicle.objects.count() == 0
    part = brought(alice, "vehicles", text, "skip_errors=true").json()
    assert (part["created"], sorted(part["errors"]), Vehicle.objects.count()) == (1, ["3", "4", "5", "6"], 1)
    many = "make,model\n" + "KTM,390\n" * 201
    assert list(brought(alice, "vehicles", many).json()["fields"]) == ["csv"]


def test_a_paper_comes_in_without_its_file_or_with_one_s_own(alice, bob, bike, tmp_path, settings):
    """A table carries no bytes: `file_id` names a document that was uploaded, and only one's own."""
    settings.MEDIA_ROOT = tmp_path
    papers = "title,kind,expires_on,file_id\n"
    pdf = {"purpose": "document", "content_type": "application/pdf", "filename": "paper.pdf"}
    own, theirs = (upload(client, b"%PDF-1.4 paper", **pdf)["id"] for client in (alice, bob))
    backup = upload(alice, b"bytes", purpose="ecu_backup")["id"]
    query = f"vehicle_id={bike.pk}"
    text = f"{papers}Insurance,insurance,2027-01-01,\nReceipt,receipt,,{own}\n"
    assert brought(alice, "documents", text, query).json() == {"created": 2, "unchanged": 0, "errors": {}}
    rows = Document.objects.order_by("title").values_list("title", "kind", "file_id")
    assert [(title, kind, file and str(file)) for title, kind, file in rows] == [
        ("Insurance", "insurance", None), ("Receipt", "receipt", str(own)),
    ]  # fmt: skip
    wrong = f"{papers}A,other,,{theirs}\nB,other,,{backup}\nC,other,,x\nD,other,2027-13-01,\nE,paper,,\n"
    refused = brought(alice, "documents", wrong, query)
    told = refused.json()["fields"]["rows"]
    assert {line: sorted(fields) for line, fields in told.items()} == {
        "2": ["file_id"], "3": ["file_id"], "4": ["file_id"], "5": ["expires_on"], "6": ["kind"],
    }  # fmt: skip
    assert told["2"]["file_id"] == ["There is no such file."]
    assert Document.objects.count() == 2


def test_a_foreign_table_without_ids_goes_to_one_vehicle(alice, bike):
    text = "\ufefffilled_on,quantity,odometer_km,full_tank\r\n2026-01-05,10,10500,true\r\n,,,\r\n2026-02-05,11.25,10900,no\r\n"
    done = brought(alice, "fuel-ups", text, f"vehicle_id={bike.pk}")
    assert done.json() == {"created": 2, "unchanged": 0, "errors": {}}
    assert list(FuelUp.objects.order_by("filled_on").values_list("full_tank", flat=True)) == [True, False]
    assert float(Vehicle.objects.get(pk=bike.pk).odometer_km) == 10900
    assert OdometerEntry.objects.get().source == "fuel"


def test_rows_with_mistakes_are_named_by_line_and_nothing_comes_in(alice, bike):
    text = "title,done_on,amount_minor,currency\nOil,2026-01-01,100,INR\nTyres,2999-01-01,,\n,2026-01-01,5,\n"
    query = f"vehicle_id={bike.pk}"
    refused = brought(alice, "service-records", text, query)
    assert (refused.status_code, refused.json()["code"]) == (400, "import_refused")
    told = refused.json()["fields"]["rows"]
    assert {line: sorted(fields) for line, fields in told.items()} == {"3": ["done_on"], "4": ["title"]}
    assert ServiceRecord.objects.count() == 0
    tried = brought(alice, "service-records", text, query + "&dry_run=true").json()
    assert (tried["created"], list(tried["errors"]), ServiceRecord.objects.count()) == (1, ["3", "4"], 0)
    part = brought(alice, "service-records", text, query + "&skip_errors=true").json()
    assert (part["created"], list(part["errors"]), ServiceRecord.objects.count()) == (1, ["3", "4"], 1)


@pytest.mark.parametrize(
    "text, field",
    [
        ("", "csv"),
        ("\n\n", "csv"),
        ("title,colour\nOil,blue\n", "colour"),
        ("title,title\nOil,Oil\n", "csv"),
        ("title,done_on\nOil,2026-01-01,extra\n", "csv"),
        ('title,done_on\n"Oil,2026-01-01\n', "csv"),
        ("title\n" + "x\n" * 5001, "csv"),
        ("x" * 200_000 + "\n", "csv"),
    ],
    ids=range(8),
)
def test_what_is_no_table_is_refused(text, field, alice, bike):
    answer = brought(alice, "service-records", text, f"vehicle_id={bike.pk}")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])
    assert ServiceRecord.objects.count() == 0


def test_other_bodies_are_refused(alice, bike):
    url = f"{BASE}mods/import/?vehicle_id={bike.pk}"
    assert alice.post(url, {"title": "x"}).status_code == 415
    assert alice.post(url, b"title\n\xff\xfe", content_type="text/csv").status_code == 400
    assert alice.post(url, b"title\n\x00", content_type="text/csv").status_code == 400
    assert alice.post(url, b"x" * (2 * 1024 * 1024 + 1), content_type="text/csv").status_code == 413


def test_bob_gets_and_brings_only_his_own(alice, bob, bike):
    made(alice, "mods", bike)
    assert rows_of(bob.get(f"{BASE}mods/export.csv")) == []
    assert bob.get(f"{BASE}mods/export.csv?vehicle_id={bike.pk}").status_code == 400
    assert brought(bob, "mods", "title\nx\n", f"vehicle_id={bike.pk}").status_code == 400
    forged = brought(bob, "mods", f"title,vehicle_id\nx,{bike.pk}\n")
    assert forged.json()["fields"]["rows"] == {"2": {"vehicle_id": ["There is no such record."]}}
    taken = f"id,title,vehicle_id\n{made(alice, 'mods', bike)['id']},x,{make_vehicle(make_user('bob')).pk}\n"
    assert brought(bob, "mods", taken).status_code == 409
    assert set(ROWS) >= set(KINDS)
