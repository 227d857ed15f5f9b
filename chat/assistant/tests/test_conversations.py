"""Asking, reading again, branching, clearing: over REST, with the built-in answerer."""

import pytest

from chat.assistant.models import AnswerUsage
from tests.cast import make_user

pytestmark = pytest.mark.django_db

CHAT = "/api/v1/chat/"


def text_of(answer):
    return b"".join(answer.streaming_content).decode()


@pytest.fixture
def alice(client_for):
    return client_for(make_user("alice"))


def test_a_question_gets_an_answer_and_both_are_kept(alice):
    answer = alice.post(CHAT, {"message": "What can you do?", "session_id": "one"})
    assert answer.status_code == 200, answer.content
    said = answer.json()
    assert said["response"].startswith("I answer from your own records")
    assert (said["session_id"], said["status"], said["provider"]) == ("one", "complete", "builtin")
    page = alice.get(f"{CHAT}conversation/one/").json()
    assert [(row["role"], row["status"]) for row in page["messages"]] == [
        ("user", "complete"),
        ("assistant", "complete"),
    ]
    assert page["messages"][1]["content"] == said["response"]
    assert [row["title"] for row in alice.get(f"{CHAT}sessions/").json()["sessions"]] == ["What can you do?"]
    assert AnswerUsage.objects.count() == 1


def test_the_stream_says_the_same_word_by_word(alice):
    whole = alice.post(CHAT, {"message": "What can you do?"}).json()["response"]
    answer = alice.post(f"{CHAT}stream/", {"message": "What can you do?", "session_id": "s"})
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/plain; charset=utf-8")
    pieces = [piece.decode() for piece in answer.streaming_content]
    assert "".join(pieces) == whole
    assert len(pieces) > 20
