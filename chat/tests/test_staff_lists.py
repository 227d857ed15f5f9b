"""The plain lists of staff: conversations without their words, reported messages, ready answers, blocks."""

import pytest
from django.urls import reverse

from chat.models import Block, CannedReply, Message, MessageEdit, Part, Report
from chat.services import edit, open_thread, send
from chat.services.people import block, report
from core.models import AuditEvent
from tests.cast import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def insult():
    """Bob was rude to Alice, and changed his words."""
    alice, bob = make_user("alice"), make_user("bob")
    thread, _ = open_thread(opener=alice.pk, people={bob.pk: Part.USER})
    send(thread_id=thread.pk, sender_id=alice.pk, body="Is the bike still there?")
    said = send(thread_id=thread.pk, sender_id=bob.pk, body="Get lost, fool").said
    edit(thread_id=thread.pk, message_id=said.id, user_id=bob.pk, body="Nice weather")
    return report(
        thread_id=thread.pk, message_id=said.id, reporter_id=alice.pk, reason="abuse", details="Rude"
    )


def change(name, row):
    return reverse(f"admin:chat_{name}_change", args=[row.pk])


def press(desk, name, deed, row):
    """The dialog of a deed, confirmed."""
    answer = desk.post(
        reverse(f"admin:chat_{name}_{deed}", args=[row.pk]),
        {"_form_submitted": "true"},
        headers={"HX-Request": "true"},
    )
    assert answer.status_code == 200
    return answer


def did(target):
    return list(AuditEvent.objects.filter(target=str(target)).values_list("action", flat=True))


def test_a_moderator_sees_what_was_said_and_takes_it_away(insult, desk):
    listed = desk.get(reverse("admin:chat_report_changelist")).content.decode()
    seen = desk.get(change("report", insult)).content.decode()
    for words in ("Abuse", "Bob Test", "Alice Test", "Nice weather"):
        assert words in listed, words
    for words in ("Get lost, fool", "Nice weather", "Is the bike still there?", "Rude"):
        assert words in seen, words
    press(desk, "report", "take_away", insult)
    insult.refresh_from_db()
    message = Message.objects.get(pk=insult.message_id)
    assert (message.body, message.deleted_at is None, insult.closed_by.first_name) == ("", False, "Sam")
    assert [one.body for one in MessageEdit.objects.order_by("rev")] == ["Get lost, fool", "Nice weather"]
    assert did(insult.pk) == ["chat.message_removed", "chat.report_read"]
    assert "Bob Test" not in desk.get(reverse("admin:chat_report_changelist")).content.decode()
    assert (
        "Bob Test" in desk.get(reverse("admin:chat_report_changelist"), {"state": "closed"}).content.decode()
    )


def test_closing_ends_all_reports_of_the_same_words(insult, desk):
    twin = Report.objects.create(reporter=make_user("bob"), message=insult.message, reason="other")
    press(desk, "report", "close", insult)
    assert Report.objects.filter(closed_at=None).count() == 0
    assert Message.objects.get(pk=insult.message_id).body == "Nice weather"
    twin.refresh_from_db()
    assert (twin.closed_by.first_name, did(insult.pk)) == ("Sam", ["chat.report_closed"])


def test_conversations_are_listed_without_their_words(insult, desk):
    thread = insult.message.thread
    help_, _ = open_thread(opener=make_user("alice").pk, subject="Invoice")
    listed = desk.get(reverse("admin:chat_thread_changelist")).content.decode()
    private, public = (desk.get(change("thread", row)).content.decode() for row in (thread, help_))
    assert "Invoice" in listed
    assert "Alice Test" in private
    assert "Nice weather" not in listed + private
    assert ("Open in the inbox" in private, "Open in the inbox" in public) == (False, True)
    answer = desk.get(reverse("admin:chat_thread_open_in_inbox", args=[help_.pk]))
    assert answer.headers["Location"] == f"/admin/inbox/?thread={help_.pk}"


def test_a_ready_answer_is_made_changed_and_taken_away(desk):
    page = reverse("admin:chat_cannedreply_add")
    desk.post(page, {"shortcut": "hi", "title": "Greeting", "body": "Hello {name}", "team": ""})
    row = CannedReply.objects.get(shortcut="hi")
    desk.post(change("cannedreply", row), {"shortcut": "hi", "title": "Hello", "body": "Hello", "team": ""})
    row.refresh_from_db()
    assert row.title == "Hello"
    twin = desk.post(page, {"shortcut": "HI", "title": "Twin", "body": "Hello", "team": ""})
    assert "There is a reply with this shortcut." in twin.content.decode()
    lost = desk.post(page, {"shortcut": "lo", "title": "Lost", "body": "Hello", "team": "nobody"})
    assert (lost.status_code, CannedReply.objects.count()) == (200, 1)
    desk.post(reverse("admin:chat_cannedreply_delete", args=[row.pk]), {"post": "yes"})
    row.refresh_from_db()
    assert row.deleted_at is not None
    desk.post(page, {"shortcut": "hi", "title": "Again", "body": "Hello again", "team": ""})
    assert CannedReply.objects.filter(shortcut="hi", deleted_at=None).get().title == "Again"
    assert did(row.pk) == ["chat.canned_reply_removed", "chat.canned_reply", "chat.canned_reply"]


def test_a_block_is_lifted(desk):
    alice, bob = make_user("alice"), make_user("bob")
    row = block(user_id=alice.pk, other_id=bob.pk)
    press(desk, "block", "lift", row)
    assert (Block.objects.live().count(), did(row.pk)) == (0, ["chat.block_lifted"])
