"""What staff do in the inbox, and what each deed leaves behind."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings

from chat.models import Attachment, CannedReply, Kind, Message, Part, Participant, Thread
from chat.services import append, desk, join_as_staff, open_thread, send
from chat.tests.inbox import PAGE, act, audited, make_staff, show
from core import clock
from core.models import StoredFile
from core.testing.files import stored
from tests.cast import make_user

pytestmark = pytest.mark.django_db


def test_an_answer_reaches_the_customer_and_takes_the_conversation(question, page, sue, alice, client_for):
    said = [act(page, question, "reply", body="Ignition on first.", client_id="c1") for _ in range(2)]
    assert [one.json() for one in said] == [{"said": "Sent."}] * 2
    heard = client_for(alice).get(f"/api/v1/chat/threads/{question.pk}/messages/").json()["results"]
    assert [(one["body"], one["sender"], one["sender_id"]) for one in heard] == [
        ("It blinks twice and then nothing.", "user", str(alice.pk)),
        ("Ignition on first.", "support", str(sue.pk)),
    ]
    question.refresh_from_db()
    assert (question.status, question.assignee) == ("pending", sue)
    assert question.first_responded_at == Message.objects.get(body="Ignition on first.").created_at
    assert audited() == [("inbox.reply", sue.pk, str(question.pk))]


def test_an_answer_leaves_somebody_elses_conversation_theirs(question, page, sue):
    sam = make_user("sam")
    desk.assign(thread_id=question.pk, to=sam, by=sam)
    act(page, question, "reply", body="Sam is out; I help.")
    question.refresh_from_db()
    assert question.assignee == sam


def test_a_note_stays_with_staff(question, page, sue, alice, client_for):
    assert act(page, question, "note", body="Second one this week").json()["said"].startswith("Noted")
    note = Message.objects.get(kind=Kind.NOTE)
    assert (note.body, note.sender, note.seq, note.rev) == ("Second one this week", sue, None, None)
    url = f"/api/v1/chat/threads/{question.pk}/messages/"
    heard = client_for(alice).get(url, {"after_rev": 0}).json()["results"]
    assert [one["body"] for one in heard] == ["It blinks twice and then nothing."]
    assert client_for(alice).get("/api/v1/chat/search/", {"q": "week"}).json()["results"] == []
    question.refresh_from_db()
    assert (question.status, question.first_responded_at, question.assignee) == ("open", None, None)
    assert "Second one this week" in show(page, question)
    assert audited() == [("inbox.note", sue.pk, str(question.pk))]


def test_assignment_is_among_those_who_answer(question, page, sue):
    sam, wendy, bob = make_user("sam"), make_staff("wendy", "workshop"), make_user("bob")
    assert [one.first_name for one in page.get(PAGE, {"thread": str(question.pk)}).context["colleagues"]] == [
        "Sam",
        "Sue",
    ]
    assert act(page, question, "assign", assignee=str(sam.pk)).json() == {"said": "Given to Sam Test."}
    for stranger in (wendy, bob):
        assert act(page, question, "assign", assignee=str(stranger.pk)).status_code == 400
    question.refresh_from_db()
    assert question.assignee == sam
    assert act(page, question, "assign", assignee="").json() == {"said": "Nobody has it now."}
    question.refresh_from_db()
    assert question.assignee is None
    assert [action for action, _, _ in audited()] == ["inbox.assign"] * 2


def test_states_and_a_snooze_that_ends(question, page, alice):
    for status in ("pending", "resolved", "open"):
        assert act(page, question, "status", status=status).status_code == 200
        question.refresh_from_db()
        assert question.status == status
    before = clock.now()
    assert act(page, question, "status", status="snoozed", snooze="240").json() == {"said": "Snoozed."}
    question.refresh_from_db()
    assert timedelta(hours=4) <= question.snoozed_until - before < timedelta(hours=4, minutes=1)
    assert "Snoozed" in show(page, question)
    send(thread_id=question.pk, sender_id=alice.pk, body="Wake up")  # who writes is heard at once
    question.refresh_from_db()
    assert (question.status, question.snoozed_until) == ("open", None)
    assert act(page, question, "priority", priority="3").json() == {"said": "Priority: urgent."}
    assert "Urgent" in show(page)
    assert [action for action, _, _ in audited()] == ["inbox.status"] * 4 + ["inbox.priority"]


@pytest.mark.parametrize(
    "deed, values",
    [
        ("reply", {}), ("reply", {"body": " \n "}), ("reply", {"body": "x" * 8001}), ("reply", {"body": "a\0b"}),
        ("reply", {"body": "x", "client_id": "y" * 65}), ("note", {"body": ""}), ("assign", {"assignee": "Sam"}),
        ("status", {"status": "gone"}), ("status", {"status": "snoozed"}),
        ("status", {"status": "snoozed", "snooze": "9999999"}), ("priority", {"priority": "4"}), ("priority", {}),
        ("seen", {"seq": "-1"}), ("seen", {"seq": "all"}), ("dispatch", {}), ("", {}),
    ],
)  # fmt: skip
def test_nonsense_is_refused_without_a_trace(question, page, deed, values):
    rows = Thread.objects.order_by("pk").values(), Message.objects.order_by("pk").values()
    before = [list(some) for some in rows]
    answer = act(page, question, deed, **values)
    assert (answer.status_code, answer.json().keys()) == (400, {"error"})
    assert [list(some.all()) for some in rows] == before
    assert audited() == []


@pytest.mark.parametrize("address", ["?thread=nonsense", "?thread=01890000-0000-7000-8000-000000000000"])
def test_absent_conversations_are_404(page, address):
    assert page.get(f"{PAGE}{address}").status_code == 404


def test_without_the_script_forms_do_it_too(question, page):
    answer = page.post(
        f"{PAGE}?thread={question.pk}&tab=mine", {"deed": "reply", "body": "Hello"}, follow=True
    )
    assert answer.redirect_chain == [(f"?tab=mine&thread={question.pk}", 302)]
    assert "Sent." in answer.content.decode()
    answer = page.post(f"{PAGE}?thread={question.pk}", {"deed": "reply", "body": " "}, follow=True)
    assert "Write something." in answer.content.decode()


def test_canned_replies_know_names_and_teams(question, page):
    for shortcut, team in [("hi", ""), ("refund", "finance"), ("guide", "support")]:
        CannedReply.objects.create(
            shortcut=shortcut, title=shortcut, body="Hello {name}, {me} here about {subject}.", team=team
        )
    CannedReply.objects.create(shortcut="old", title="old", body="old").tombstone()
    seen = page.get(PAGE, {"thread": str(question.pk)})
    assert [one.shortcut for one in seen.context["canned"]] == ["guide", "hi"]
    act(page, question, "reply", body=" /HI ")
    act(page, question, "reply", body="/refund")
    bodies = list(Message.objects.order_by("seq").values_list("body", flat=True))
    assert bodies[1:] == ["Hello Alice, Sue here about The dongle does not pair.", "/refund"]


def test_reading_is_told_to_the_customer_only_by_who_takes_part(question, page, sue, alice):
    show(page, question)
    assert not Participant.objects.filter(thread=question, user=sue).exists()
    join_as_staff(thread_id=question.pk, user_id=sue.pk)
    send(thread_id=question.pk, sender_id=alice.pk, body="Hello?")
    show(page, question)
    assert Participant.objects.get(thread=question, user=sue).read_seq == 2


def test_files_come_by_a_link_and_the_log_knows_who_took_them(page, sue, alice, tmp_path):
    with override_settings(MEDIA_ROOT=tmp_path):
        file = stored(
            alice, b"%PDF-1.7 bill", "attachment", filename="bill.pdf", content_type="application/pdf"
        )
        thread, _ = open_thread(opener=alice.pk)
        sent = send(thread_id=thread.pk, sender_id=alice.pk, body="Here", attachments=[file.pk])
        private, _ = open_thread(opener=alice.pk, people={make_user("tara").pk: Part.TUNER})
        other = stored(
            alice, b"%PDF-1.7 mine", "attachment", filename="mine.pdf", content_type="application/pdf"
        )
        send(thread_id=private.pk, sender_id=alice.pk, body="", attachments=[other.pk])
        mine, theirs = (Attachment.objects.get(file=one) for one in (file, other))
        assert "bill.pdf" in show(page, thread)
        there = page.get(f"{PAGE}files/{mine.pk}/")
        assert there.status_code == 302
        assert b"".join(page.get(there.headers["Location"]).streaming_content) == b"%PDF-1.7 bill"
        assert page.get(f"{PAGE}files/{theirs.pk}/").status_code == 404
    assert sent.said.attachments[0]["filename"] == "bill.pdf"
    assert audited() == [("inbox.file", sue.pk, str(thread.pk))]


def test_what_the_system_says_and_what_was_taken_back(question, page, alice):
    append(thread_id=question.pk, body="The visit was moved.")
    Message.objects.filter(sender=alice).update(body="", deleted_at=clock.now())
    seen = show(page, question)
    assert "The visit was moved." in seen
    assert "This message was taken back." in seen


def test_an_answer_brings_files(question, page, sue, alice, client_for, tmp_path):
    def manual(name="manual.pdf", kind="application/pdf"):
        return SimpleUploadedFile(name, b"%PDF-1.7 two blinks", content_type=kind)

    with override_settings(MEDIA_ROOT=tmp_path):
        for _ in range(2):
            assert act(page, question, "reply", body="", client_id="f1", files=manual()).status_code == 200
        refused = [
            act(page, question, "reply", body="", files=manual("run.exe", "application/x-msdownload")),
            act(page, question, "reply", body="", files=[manual() for _ in range(6)]),
            act(page, question, "note", body="Look", files=manual()),
        ]
        url = f"/api/v1/chat/threads/{question.pk}/messages/"
        heard = client_for(alice).get(url).json()["results"][-1]
        (file,) = heard["attachments"]
        there = client_for(alice).get(f"{url}{heard['id']}/attachments/{file['file_id']}/").json()
        assert b"".join(page.get(there["url"]).streaming_content) == b"%PDF-1.7 two blinks"
    assert [one.status_code for one in refused] == [400] * 3
    assert (file["filename"], StoredFile.objects.filter(owner_id=sue.pk).count()) == ("manual.pdf", 1)
    assert Message.objects.count() == 2
