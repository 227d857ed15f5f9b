"""Handed over to a person; given out and erased; seen by staff only with a reason."""

from datetime import timedelta

import pytest
from django.urls import reverse

from chat.assistant.models import (
    AnswerUsage,
    AssistantMessage,
    AssistantSession,
    Feedback,
    TrainingChunk,
    TrainingData,
)
from chat.assistant.services.handing_over import HEAD, PLEASE
from chat.models import Message, Thread
from core import clock
from core.ids import uuid7
from core.models import AuditEvent
from core.ports import dashboard_cards, demo_worlds, personal_data
from tests.cast import make_user
from users.ports import usages

pytestmark = pytest.mark.django_db

CHAT = "/api/v1/chat/"
HERE = f"{CHAT}conversation/s/"


@pytest.fixture
def rita(client_for):
    return client_for(make_user("rita"))


def ask(client, message="Who won the world cup?"):
    return client.post(CHAT, {"message": message, "session_id": "s"}).json()


def test_a_conversation_is_handed_over_to_a_person_once(rita, client_for):
    said = ask(rita)
    first = rita.post(f"{HERE}hand-over/", {"message": "It rattles, please call."})
    again = rita.post(f"{HERE}hand-over/", {"message": "Hello?"})
    assert (first.status_code, again.status_code, again.json()) == (201, 200, first.json())
    thread = Thread.objects.get(pk=first.json()["thread_id"])
    assert (thread.kind, thread.subject, thread.opened_by) == (
        "support",
        "Who won the world cup?",
        make_user("rita"),
    )
    attached, asked = Message.objects.filter(thread=thread).order_by("seq")
    assert attached.body == f"{HEAD}\n\nRider: Who won the world cup?\n\nAssistant: {said['response']}"
    assert (asked.body, asked.sender) == ("It rattles, please call.", make_user("rita"))
    assert rita.get(HERE).json()["thread_id"] == str(thread.pk)
    assert rita.get(f"{CHAT}threads/{thread.pk}/").status_code == 200
    assert client_for(make_user("bob")).get(f"{CHAT}threads/{thread.pk}/").status_code == 404
    assert client_for(make_user("bob")).post(f"{HERE}hand-over/").status_code == 404


def test_without_words_a_person_is_asked_for(rita):
    ask(rita)
    rita.post(f"{HERE}hand-over/")
    assert Message.objects.order_by("-seq").first().body == PLEASE


def test_nothing_is_no_conversation(rita):
    ask(rita)
    rita.delete(f"{HERE}clear/")
    answer = rita.post(f"{HERE}hand-over/")
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_hand_over")
    assert Thread.objects.count() == 0


def test_a_long_conversation_is_attached_at_its_newest_end(rita):
    ask(rita, "first " * 1200)
    for _ in range(3):
        ask(rita, "later " * 600)
    rita.post(f"{HERE}hand-over/")
    attached = Message.objects.order_by("seq").first().body
    assert (len(attached) < 8000, "later" in attached, "first" in attached) == (True, True, False)


def test_all_that_is_held_is_given_out_and_erased(rita):
    bob = make_user("bob")
    ask(rita)
    rita.post(f"{CHAT}training-data/", {"title": "t", "body": "My words."})
    message = AssistantMessage.objects.get(role="assistant")
    rita.post(f"{HERE}messages/{message.pk}/feedback/", {"rating": "up", "comment": "Nice."})
    told = personal_data["assistant"].export(make_user("rita").pk)
    assert [row["content"] for row in told["assistant_messages"]] == [
        "Who won the world cup?",
        message.content,
    ]
    assert told["assistant_training"][0]["body"] == "My words."
    assert told["assistant_feedback"][0]["comment"] == "Nice."
    assert len(told["assistant_usage"]) == len(told["assistant_conversations"]) == 1
    assert set(map(len, personal_data["assistant"].export(bob.pk).values())) == {0}
    personal_data["assistant"].erase(bob.pk)
    assert AssistantMessage.objects.count() == 2
    personal_data["assistant"].erase(make_user("rita").pk)
    for model in (AssistantSession, AssistantMessage, TrainingData, TrainingChunk, AnswerUsage, Feedback):
        assert model.objects.count() == 0, model


def test_staff_read_a_conversation_only_with_a_reason(rita, desk):
    ask(rita, "My secret is pistachio")
    row = AssistantSession.objects.get()
    page = reverse("admin:assistant_assistantsession_change", args=[row.pk])
    listed = desk.get(reverse("admin:assistant_assistantsession_changelist")).content.decode()
    assert "pistachio" not in desk.get(page).content.decode() + listed
    deed = reverse("admin:assistant_assistantsession_open_words", args=[row.pk])
    assert desk.post(deed, {"_form_submitted": "True", "reason": ""}).status_code == 200
    assert "pistachio" not in desk.get(page).content.decode()
    desk.post(deed, {"_form_submitted": "True", "reason": "Complaint 4711"})
    assert "My secret is pistachio" in desk.get(page).content.decode()
    event = AuditEvent.objects.get(action="assistant.read")
    assert (event.actor, event.target, event.data) == (
        make_user("sam").pk, f"assistant_session:{row.pk}", {"reason": "Complaint 4711"},
    )  # fmt: skip


def test_other_staff_pages_and_the_card(rita, desk):
    said = ask(rita)
    rita.post(f"{HERE}messages/{said['message_id']}/feedback/", {"rating": "down"})
    rita.post(f"{CHAT}training-data/", {"body": "pistachio"})
    for model, row in (("answerusage", AnswerUsage), ("feedback", Feedback), ("trainingdata", TrainingData)):
        page = desk.get(reverse(f"admin:assistant_{model}_change", args=[row.objects.get().pk]))
        assert (page.status_code, "pistachio" in page.content.decode()) == (200, False)
    assert dict(dashboard_cards["assistant"].rows())["Answers"] == "1"
    assert dict(dashboard_cards["assistant"].rows())["Thumbs down"] == "1"


def test_the_account_names_the_conversation_last_spoken_in(rita):
    profile = rita.get("/api/v1/auth/profile/").json()["user"]
    assert profile["default_session_id"] == "default"
    ask(rita)
    assert rita.get("/api/v1/auth/profile/").json()["user"]["default_session_id"] == "s"


def test_the_demo_can_be_filled_twice():
    people = {name: make_user(name) for name in ("alice", "bob", "tara")}
    for _ in range(2):
        demo_worlds["assistant"].fill(dict(people))
    assert AssistantSession.objects.filter(owner=people["alice"]).count() == 2
    assert AnswerUsage.objects.filter(provider="builtin").count() == AnswerUsage.objects.count() == 5


# -- What somebody asks, beside a smaller plan


def answered(person, number, *, days_ago, tokens=0):
    at = clock.now() - timedelta(days=days_ago)
    AnswerUsage.objects.bulk_create(
        AnswerUsage(
            owner=person, at=at, message_id=uuid7(), provider="x", status="complete", prompt_tokens=tokens
        )
        for _ in range(number)
    )


def test_the_busiest_day_of_a_month_is_told_and_never_final(settings):
    settings.AI_MESSAGES_PER_DAY, settings.AI_TOKENS_PER_DAY = 3, 1_000
    alice, bob = make_user("alice"), make_user("bob")
    answered(alice, 6, days_ago=10, tokens=100)
    answered(alice, 2, days_ago=1)
    answered(alice, 50, days_ago=40)
    answered(bob, 9, days_ago=1)
    messages, tokens = usages["assistant_quota"], usages["assistant_tokens_per_day"]
    found = messages.shortfall(alice, 5, clock.now())
    text = "your busiest day of the last 30 took 6 messages, the plan gives 5 a day."
    assert (found.final, found.text) == (False, text)
    assert messages.shortfall(alice, 6, clock.now()) is None
    assert (
        "gives 3 a day" in messages.shortfall(alice, None, clock.now()).text
    )  # the house's own, without a plan's
    assert tokens.shortfall(alice, None, clock.now()) is None
    assert "600 tokens" in tokens.shortfall(alice, 599, clock.now()).text
    assert messages.shortfall(make_user("tara"), 0, clock.now()) is None
