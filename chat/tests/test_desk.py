"""Support: the staff routes, what a thread is about, notes to absent people, forgetting a person."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection

from chat.models import Kind, Message, Part, Participant, Presence, Report, Thread
from chat.services import append, close_context, delete, join_as_staff, mark_read, mute, open_thread, send
from chat.services.notes import sweep
from chat.services.sending import arguments
from chat.statements import SEND
from chat.tasks import sweep as sweep_job
from core import clock
from core.errors import Invalid
from core.ids import uuid7
from core.ports import file_holders, personal_data
from core.refs import Ref
from core.testing.files import upload
from core.testing.jobs import run_jobs
from garage.models import Vehicle
from tests.cast import make_user
from users.models import UserDevice
from users.staff import make_key
from users.tests.outbox import Pushes

pytestmark = pytest.mark.django_db
DESK = "/api/v1/staff/chat/threads/"


@pytest.fixture
def question(db):
    alice = make_user("alice")
    thread, _ = open_thread(opener=alice.pk, subject="It does not pair")
    send(thread_id=thread.pk, sender_id=alice.pk, body="Two blinks, then nothing")
    return alice, thread


@pytest.fixture
def pushes():
    Pushes.sent.clear()
    return Pushes.sent


def test_support_sees_answers_and_closes(question, client_for):
    alice, thread = question
    sam, bob = make_user("sam"), make_user("bob")
    staff = client_for(sam)
    assert client_for(bob).get(DESK).status_code == 403
    assert client_for(alice).get(f"{DESK}{thread.pk}/").status_code == 403
    assert [row["subject"] for row in staff.get(DESK, {"status": "open"}).json()["results"]] == [
        "It does not pair"
    ]
    assert staff.get(DESK, {"status": "snoozed"}).json()["results"] == []
    row = staff.get(f"{DESK}{thread.pk}/").json()
    assert row["first_response_due_at"] is not None
    assert row["first_responded_at"] is None
    answer = staff.post(f"{DESK}{thread.pk}/messages/", {"body": "Ignition on?"})
    assert (answer.status_code, answer.json()["sender"]) == (201, "support")
    note = staff.post(f"{DESK}{thread.pk}/messages/", {"body": "Old firmware", "note": True})
    assert note.status_code == 201
    assert [one["body"] for one in staff.get(f"{DESK}{thread.pk}/notes/").json()["results"]] == [
        "Old firmware"
    ]
    row = staff.get(f"{DESK}{thread.pk}/").json()
    assert (row["status"], row["first_responded_at"] is not None) == ("pending", True)
    send(thread_id=thread.pk, sender_id=alice.pk, body="It was off")
    changed = staff.patch(
        f"{DESK}{thread.pk}/", {"status": "resolved", "assignee_id": str(sam.pk), "priority": 2}
    ).json()
    assert (changed["status"], changed["assignee_id"], changed["priority"]) == ("resolved", str(sam.pk), 2)
    wrong = staff.patch(f"{DESK}{thread.pk}/", {"assignee_id": str(alice.pk)})
    assert (wrong.status_code, list(wrong.json()["fields"])) == (400, ["assignee_id"])
    seen = client_for(alice).get(f"/api/v1/chat/threads/{thread.pk}/messages/").json()["results"]
    assert [one["body"] for one in seen] == ["Two blinks, then nothing", "Ignition on?", "It was off"]


def test_a_key_speaks_as_support_and_sees_no_direct_thread(question):
    from core.testing.client import RiderClient

    alice, thread = question
    direct, _ = open_thread(opener=alice.pk, people={make_user("tara").pk: Part.TUNER})
    _, key = make_key(name="desk", scopes=["support"], created_by=None)
    tool = RiderClient()
    said = tool.post(f"{DESK}{thread.pk}/messages/", {"body": "We look at it"}, HTTP_X_API_KEY=key)
    assert (said.status_code, said.json()["sender"], said.json()["sender_id"]) == (201, "support", None)
    assert tool.get(f"{DESK}{direct.pk}/", HTTP_X_API_KEY=key).status_code == 404
    assert tool.get(DESK).status_code == 401


def test_an_answer_of_staff_takes_the_conversation_and_may_carry_files(question, client_for):
    alice, thread = question
    sam = make_user("sam")
    staff, url = client_for(sam), f"{DESK}{thread.pk}/messages/"
    file = upload(staff, b"1. Ignition on", filename="steps.txt", content_type="text/plain")
    first = Message.objects.get()
    answer = {"body": "See here", "attachments": [file["id"]], "reply_to": str(first.pk), "client_id": "a1"}
    said = [staff.post(url, answer) for _ in range(2)]
    assert [one.status_code for one in said] == [201, 200]
    assert said[0].json() == said[1].json()
    seen = client_for(alice).get(f"/api/v1/chat/threads/{thread.pk}/messages/").json()["results"][1]
    assert (seen["attachments"][0]["filename"], seen["reply_to"]) == ("steps.txt", str(first.pk))
    thread.refresh_from_db()
    assert thread.assignee == sam
    for name, value in (("attachments", [file["id"]]), ("client_id", "n1"), ("reply_to", str(first.pk))):
        refused = staff.post(url, {"body": "Only us", "note": True, name: value})
        assert (refused.status_code, list(refused.json()["fields"])) == (400, [name])
    assert staff.post(url, {}).json()["fields"] == {"body": ["Write something."]}
    assert Message.objects.count() == 2


def test_snoozed_until_its_time_has_come(question, client_for):
    _, thread = question
    staff = client_for(make_user("sam"))
    assert staff.patch(f"{DESK}{thread.pk}/", {"snooze_minutes": 30}).json()["status"] == "snoozed"
    sweep()
    thread.refresh_from_db()
    assert thread.status == "snoozed"
    with clock.held_at(clock.now() + timedelta(minutes=31)):
        sweep_job(timestamp=0)
    thread.refresh_from_db()
    assert (thread.status, thread.snoozed_until) == ("open", None)


def test_a_reported_message_waits_for_moderation(question, client_for):
    alice, _ = question
    tara = make_user("tara")
    direct, _ = open_thread(opener=tara.pk, people={alice.pk: Part.USER})
    rude = send(thread_id=direct.pk, sender_id=tara.pk, body="Pay or else").said
    url = f"/api/v1/chat/threads/{direct.pk}/messages/{rude.id}/report/"
    made = [client_for(alice).post(url, {"reason": "abuse"}) for _ in range(2)]
    assert [one.status_code for one in made] == [201, 201]
    assert Report.objects.count() == 1
    assert client_for(make_user("bob")).post(url, {"reason": "abuse"}).status_code == 404
    staff = client_for(make_user("sam"))
    row = staff.get("/api/v1/staff/chat/reports/").json()["results"][0]
    assert (row["body"], row["reason"]) == ("Pay or else", "abuse")
    closed = staff.post(f"/api/v1/staff/chat/reports/{row['id']}/close/")
    assert closed.json()["closed_at"] is not None
    assert staff.get("/api/v1/staff/chat/reports/").json()["results"] == []


def test_a_thread_about_a_vehicle_is_its_owners(client_for):
    alice, bob = make_user("alice"), make_user("bob")
    bike = Vehicle.objects.create(owner=alice, make="Yamaha", model="MT-07", year=2021, fuel_type="petrol")
    about = {"context": {"kind": "vehicle", "id": str(bike.pk)}}
    made = client_for(alice).post("/api/v1/chat/threads/", about)
    again = client_for(alice).post("/api/v1/chat/threads/", about)
    assert (made.status_code, again.status_code) == (201, 200)
    assert made.json()["context"] == {"kind": "vehicle", "id": str(bike.pk)}
    foreign, absent = (
        client_for(bob).post("/api/v1/chat/threads/", {"context": {"kind": kind, "id": str(key)}})
        for kind, key in (("vehicle", bike.pk), ("moon", uuid4()))
    )
    assert foreign.json()["fields"] == absent.json()["fields"] == {"context": ["There is no such record."]}
    facts = client_for(make_user("sam")).get(f"{DESK}{made.json()['id']}/").json()["facts"]
    assert facts[0] == {"label": "Vehicle", "value": "Yamaha MT-07 2021"}
    assert close_context(Ref("vehicle", bike.pk), words="Sold.") == 1
    thread = Thread.objects.get(pk=made.json()["id"])
    assert (thread.status, Message.objects.get(thread=thread).body) == ("resolved", "Sold.")
    assert close_context(Ref("vehicle", bike.pk), words="Sold.") == 0


def test_who_is_away_hears_of_it_once_and_who_is_here_or_muted_does_not(pushes):
    alice, tara, bob, sam = (make_user(name) for name in ("alice", "tara", "bob", "sam"))
    for person in (alice, tara, bob, sam):
        UserDevice.objects.create(user=person, device_id="phone", push_token=f"to-{person.first_name}")
    thread, _ = open_thread(
        opener=alice.pk, people={one.pk: Part.USER for one in (tara, bob, sam)}, kind="order", subject="Ride"
    )
    Presence.objects.create(user=bob, process=uuid4())
    mute(thread_id=thread.pk, user_id=sam.pk, until=clock.now() + timedelta(hours=1))
    for body in ("Tomorrow at six?", "At the bridge."):
        send(thread_id=thread.pk, sender_id=alice.pk, body=body)
    run_jobs()
    assert [one[:3] for one in pushes] == [("to-Tara", "Alice Test", "At the bridge.")]
    mark_read(thread_id=thread.pk, user_id=tara.pk, seq=2)
    send(thread_id=thread.pk, sender_id=alice.pk, body="Bring the log.")
    run_jobs()
    assert [one[2] for one in pushes] == ["At the bridge.", "Bring the log."]


def test_what_nobody_settled_is_settled_by_the_sweep(question):
    _, thread = question
    Thread.objects.filter(pk=thread.pk).update(head_rev=0)
    sweep()
    thread.refresh_from_db()
    assert thread.head_rev == thread.last_rev == 1


def test_own_words_are_read_before_and_after_their_mark_has_followed(question, client_for):
    """As the writer of the sockets leaves a thread that is not settled, and a process may die there."""
    alice, thread = question
    sam = make_user("sam")
    join_as_staff(thread_id=thread.pk, user_id=sam.pk)
    words = [(uuid7(), thread.pk, who.pk, who.first_name, "Hello", None) for who in (sam, alice)]
    with connection.cursor() as cursor:
        cursor.execute(SEND, arguments(words))
    marks = Participant.objects.values_list("user", "read_seq")
    assert dict(marks) == {alice.pk: 1, sam.pk: 1}

    def seen():
        row = client_for(alice).get(f"/api/v1/chat/threads/{thread.pk}/").json()
        marks = {one["user_id"]: (one["read_seq"], one["delivered_seq"]) for one in row["participants"]}
        unread = [client_for(who).get("/api/v1/chat/unread/").json()["unread"] for who in (alice, sam)]
        staff = client_for(sam).get(f"{DESK}{thread.pk}/").json()["unread"]
        return row["unread"], marks == {str(alice.pk): (3, 3), str(sam.pk): (2, 2)}, unread, staff

    assert seen() == (0, True, [0, 1], 1)
    sweep()
    assert dict(marks.all()) == {sam.pk: 2, alice.pk: 3}
    assert seen() == (0, True, [0, 1], 1)


def test_a_forgotten_person_leaves_numbers_and_no_words(question):
    alice, thread = question
    sam = make_user("sam")
    join_as_staff(thread_id=thread.pk, user_id=sam.pk)
    send(thread_id=thread.pk, sender_id=sam.pk, body="Switch it on")
    exported = personal_data["chat"].export(alice.pk)
    assert [row["body"] for row in exported["messages"]] == ["Two blinks, then nothing"]
    personal_data["chat"].erase(alice.pk)
    assert list(Message.objects.order_by("seq").values_list("seq", "body", "sender")) == [
        (1, "", None),
        (2, "Switch it on", sam.pk),
    ]
    assert not Participant.objects.filter(user=alice, left_at=None).exists()
    assert personal_data["chat"].export(alice.pk)["messages"] == []


def test_a_file_in_a_message_is_held_until_the_message_goes(question):
    from core.files.services import put_bytes

    alice, thread = question
    file = put_bytes(alice.pk, "attachment", "log.csv", "text/csv", b"rpm\n")
    said = send(thread_id=thread.pk, sender_id=alice.pk, body="", attachments=[file.pk]).said
    assert file_holders["chat"].holds(file.pk)
    with pytest.raises(Invalid):
        send(thread_id=thread.pk, sender_id=make_user("bob").pk, body="", attachments=[])
    delete(thread_id=thread.pk, message_id=said.id, user_id=alice.pk)
    assert not file_holders["chat"].holds(file.pk)


def test_the_system_and_notes_take_their_places(question):
    _, thread = question
    append(thread_id=thread.pk, body="Assigned to Sam.")
    append(thread_id=thread.pk, body="Angry", kind=Kind.NOTE)
    rows = Message.objects.order_by("created_at").values_list("kind", "seq", "rev")
    assert list(rows) == [("text", 1, 1), ("system", 2, 2), ("note", None, None)]
