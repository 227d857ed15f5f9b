"""What a thread is about: a purchase, a safety report, a visit; who may open it, and how it ends."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import pytest
from django.db import connections

from appointments.services.moving import update_status
from appointments.tests.making import NOW, at, booked, make_bike, make_shop
from chat.models import Message, Participant, Thread
from chat.services import open_thread
from chat.tests.inbox import show
from core import clock
from core.refs import Ref
from core.rls import as_system
from marketplace.models import Purchase
from marketplace.tests.making import buy, make_tune, reader
from safety.models import SafetyReport, Verdict
from tests.cast import make_user

pytestmark = pytest.mark.django_db
THREADS = "/api/v1/chat/threads/"
DESK = "/api/v1/staff/chat/threads/"
_ = reader  # a fixture


def about(kind, row):
    return {"context": {"kind": kind, "id": str(row.pk)}}


@pytest.fixture
def purchase(alice):
    return buy(alice, make_tune()).purchase


@pytest.fixture
def report(alice):
    return SafetyReport.objects.create(
        owner=alice, vehicle=make_bike(alice), filename="street.msq", tune_sha256="1" * 64, verdict=Verdict.BLOCK,
        score=90, coverage=0.5, body={}, ruleset_version="t", engine_version="t",
    )  # fmt: skip


def test_buyer_and_tuner_meet_in_one_thread_about_the_purchase(purchase, alice, client_for):
    tara, bob = purchase.tune.tuner.user, make_user("bob")
    made = client_for(alice).post(THREADS, about("purchase", purchase))
    hers = client_for(tara).post(THREADS, about("purchase", purchase))
    assert (made.status_code, hers.status_code) == (201, 200)
    row = made.json()
    assert hers.json()["id"] == row["id"]
    assert (row["kind"], row["subject"]) == ("order", purchase.tune.title)
    assert {one["user_id"]: one["role"] for one in row["participants"]} == {
        str(alice.pk): "user", str(tara.pk): "tuner",
    }  # fmt: skip
    foreign = client_for(bob).post(THREADS, about("purchase", purchase))
    assert (foreign.status_code, foreign.json()["fields"]) == (400, {"context": ["There is no such record."]})
    said = client_for(tara).post(f"{THREADS}{row['id']}/messages/", {"body": "Idle is better now."})
    assert said.json()["sender"] == "tuner"
    assert (
        client_for(make_user("sam")).get(f"{DESK}{row['id']}/").status_code == 404
    )  # between the two of them
    assert Thread.objects.count() == 1


def test_the_tuner_may_begin(purchase, alice, client_for):
    tara = purchase.tune.tuner.user
    made = client_for(tara).post(THREADS, about("purchase", purchase)).json()
    assert {one["user_id"]: one["role"] for one in made["participants"]} == {
        str(tara.pk): "tuner", str(alice.pk): "user",
    }  # fmt: skip
    assert client_for(alice).post(THREADS, about("purchase", purchase)).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_buyer_and_tuner_who_open_it_at_once_get_the_same(purchase, alice):
    people = [alice.pk, purchase.tune.tuner.user_id] * 4
    ready = Barrier(len(people))

    def opened(person):
        try:
            ready.wait()
            return open_thread(opener=person, context=Ref("purchase", purchase.pk))[0].pk
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(people)) as pool:
        assert len(set(pool.map(opened, people))) == 1
    assert (Thread.objects.count(), Participant.objects.count(), Purchase.objects.count()) == (1, 2, 1)


def test_a_question_about_a_safety_report_reaches_support_with_its_facts(report, alice, client_for):
    made = client_for(alice).post(THREADS, about("safety_report", report))
    assert (made.status_code, made.json()["kind"]) == (201, "support")
    assert [one["user_id"] for one in made.json()["participants"]] == [str(alice.pk)]
    facts = client_for(make_user("sam")).get(f"{DESK}{made.json()['id']}/").json()["facts"]
    assert {one["label"]: one["value"] for one in facts}["Verdict"] == report.get_verdict_display()
    assert {one["label"] for one in facts} == {"Verdict", "Vehicle", "File", "Analysed"}
    foreign = client_for(make_user("bob")).post(THREADS, about("safety_report", report))
    absent = client_for(alice).post(THREADS, {"context": {"kind": "safety_report", "id": str(uuid4())}})
    assert foreign.json()["fields"] == absent.json()["fields"] == {"context": ["There is no such record."]}
    assert Thread.objects.count() == 1


@pytest.mark.parametrize("end", ["completed", "cancelled", "no_show"])
def test_a_visit_that_has_ended_closes_its_talk(alice, client_for, end):
    shop, sam = make_shop(), make_user("sam")
    with clock.held_at(NOW):
        visit = booked(alice, shop, at(10), vehicle=make_bike(alice))
    thread_id = client_for(alice).post(THREADS, about("booking", visit)).json()["id"]
    client_for(alice).post(f"{THREADS}{thread_id}/messages/", {"body": "I may be late."})
    steps = {"cancelled": ["cancelled"], "no_show": ["confirmed", "no_show"]}
    with clock.held_at(at(12)), as_system("a test"):
        for status in steps.get(end, ["confirmed", "in_progress", "completed"]):
            visit.refresh_from_db()
            if visit.status != status:
                update_status(visit.pk, status, by=sam)
    seen = client_for(alice).get(f"{THREADS}{thread_id}/").json()
    assert (seen["status"], seen["last_message"]["sender"], seen["unread"]) == ("resolved", "system", 1)
    assert seen["last_message"]["body"].startswith(f"Appointment {visit.reference}: ")
    again = client_for(alice).post(f"{THREADS}{thread_id}/messages/", {"body": "I forgot my gloves."})
    assert again.status_code == 201
    assert client_for(alice).get(f"{THREADS}{thread_id}/").json()["status"] == "open"
    assert Message.objects.filter(kind="system").count() == 1


def test_purchases_stand_beside_the_conversation(purchase, question, page, alice):
    bobs = make_tune(title="Bob's own tune")
    buy(make_user("bob"), bobs)
    seen = show(page, question)
    for words in ("Purchases", purchase.tune.title, "2,499.00", "Paid"):
        assert words in seen, words
    assert "Bob&#x27;s own tune" not in seen
