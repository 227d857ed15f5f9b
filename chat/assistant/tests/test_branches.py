"""Regenerated answers and edited questions are branches; repeats are repeats; thumbs, clearing and bad input."""

import pytest

from chat.assistant.models import AssistantMessage, AssistantSession, Feedback
from chat.assistant.tests.conftest import text_of
from core.testing.counting import statements
from tests.cast import make_user

pytestmark = pytest.mark.django_db

CHAT = "/api/v1/chat/"
HERE = f"{CHAT}conversation/s/"


@pytest.fixture
def rita(client_for):
    return client_for(make_user("rita"))


def ask(client, message, **more):
    return client.post(CHAT, {"message": message, "session_id": "s", **more}).json()


def shown(client):
    return [(row["role"], row["content"].split("\n")[0][:30]) for row in client.get(HERE).json()["messages"]]


def test_regenerating_keeps_the_old_answer_as_a_branch(rita, model):
    model.says = "First."
    first = ask(rita, "Tell me")
    model.says = "Second."
    answer = rita.post(f"{HERE}messages/{first['message_id']}/regenerate/")
    assert text_of(answer) == "Second."
    page = rita.get(HERE).json()["messages"]
    assert [row["content"] for row in page] == ["Tell me", "Second."]
    assert page[1]["alternatives"] == [first["message_id"]]
    assert rita.post(f"{HERE}messages/{first['message_id']}/choose/").status_code == 204
    page = rita.get(HERE).json()["messages"]
    assert [row["content"] for row in page] == ["Tell me", "First."]


def test_regenerating_an_earlier_answer_leaves_what_followed(rita, model):
    model.says = "One."
    first = ask(rita, "A?")
    model.says = "Two."
    ask(rita, "B?")
    model.says = "Other one."
    text_of(rita.post(f"{HERE}messages/{first['message_id']}/regenerate/"))
    assert shown(rita) == [("user", "A?"), ("assistant", "Other one.")]
    assert [m["content"] for m in model.asked[-1]["messages"] if m["role"] != "system"][-1] == "A?"
    rita.post(f"{HERE}messages/{first['message_id']}/choose/")
    assert shown(rita) == [("user", "A?"), ("assistant", "One."), ("user", "B?"), ("assistant", "Two.")]


def test_editing_a_question_is_a_branch_beside_it(rita, model):
    model.says = "One."
    ask(rita, "A?")
    model.says = "Two."
    second = ask(rita, "B?")
    model.says = "Three."
    text_of(rita.post(f"{HERE}messages/{second['question_id']}/edit/", {"message": "C?"}))
    assert shown(rita) == [("user", "A?"), ("assistant", "One."), ("user", "C?"), ("assistant", "Three.")]
    told = [m["content"] for m in model.asked[-1]["messages"] if m["role"] != "system"]
    assert told[-3:] == ["A?", "One.", "C?"]
    assert "B?" not in told
    page = rita.get(HERE).json()["messages"]
    assert page[2]["alternatives"] == [second["question_id"]]
    assert AssistantMessage.objects.count() == 6


def test_what_cannot_be_edited_or_regenerated(rita):
    said = ask(rita, "help")
    wrong = rita.post(f"{HERE}messages/{said['message_id']}/edit/", {"message": "x"})
    assert (wrong.status_code, wrong.json()["code"]) == (409, "not_a_question")
    wrong = rita.post(f"{HERE}messages/{said['question_id']}/regenerate/")
    assert (wrong.status_code, wrong.json()["code"]) == (409, "not_an_answer")
    wrong = rita.post(f"{HERE}messages/{said['question_id']}/feedback/", {"rating": "up"})
    assert (wrong.status_code, wrong.json()["code"]) == (409, "not_an_answer")
    assert AssistantMessage.objects.count() == 2


def test_the_same_client_id_is_the_same_question(rita):
    first = ask(rita, "help", client_id="c1")
    again = ask(rita, "help", client_id="c1")
    assert again == first
    assert (
        text_of(rita.post(f"{CHAT}stream/", {"message": "help", "session_id": "s", "client_id": "c1"}))
        == first["response"]
    )
    assert AssistantMessage.objects.count() == 2


def test_an_idempotency_key_too(rita):
    first = rita.post(CHAT, {"message": "help"}, HTTP_IDEMPOTENCY_KEY="k1")
    again = rita.post(CHAT, {"message": "help"}, HTTP_IDEMPOTENCY_KEY="k1")
    assert (again.content, again["Idempotency-Replayed"]) == (first.content, "true")
    assert AssistantSession.objects.count() == 1


def test_a_second_thumb_replaces_the_first(rita):
    said = ask(rita, "help")
    path = f"{HERE}messages/{said['message_id']}/feedback/"
    rita.post(path, {"rating": "up"})
    rita.post(path, {"rating": "down", "comment": "Wrong."})
    assert [(row.rating, row.comment) for row in Feedback.objects.all()] == [("down", "Wrong.")]
    assert rita.get(HERE).json()["messages"][1]["feedback"] == "down"


def test_clearing_forgets_the_words_and_the_name_can_be_used_again(rita):
    ask(rita, "help")
    assert rita.delete(f"{HERE}clear/").status_code == 204
    assert rita.get(HERE).json()["messages"] == []
    assert rita.get(f"{CHAT}sessions/").json()["sessions"] == []
    assert AssistantMessage.objects.count() == 0
    ask(rita, "thanks")
    assert [row["title"] for row in rita.get(f"{CHAT}sessions/").json()["sessions"]] == ["thanks"]


@pytest.mark.parametrize("count", [1, 3])
def test_lists_cost_the_same_however_long(rita, count):
    for number in range(count):
        rita.post(CHAT, {"message": "help", "session_id": f"n{number}"})
        ask(rita, "help")
    with statements() as told:
        assert len(rita.get(f"{CHAT}sessions/").json()["sessions"]) == count + 1
    assert len(told) == 2  # the login, the rows
    with statements() as told:
        assert len(rita.get(HERE).json()["messages"]) == 2 * count
    assert len(told) == 4  # and the conversation, its branches


def test_pages_of_a_conversation(rita):
    for _ in range(3):
        ask(rita, "help")
    first = rita.get(HERE, {"page_size": 4}).json()
    rest = rita.get(first["next"]).json()
    assert [row["seq"] for row in first["messages"] + rest["messages"]] == [1, 2, 3, 4, 5, 6]
    newest = rita.get(HERE, {"page_size": 2, "ordering": "-seq"}).json()
    assert [row["seq"] for row in newest["messages"]] == [6, 5]


def test_titles_are_the_first_line_cut_at_a_word(rita):
    ask(rita, "Why does my motorcycle make a rattling noise from the left side when cold?\nSecond line")
    title = rita.get(f"{CHAT}sessions/").json()["sessions"][0]["title"]
    assert title == "Why does my motorcycle make a rattling noise from the left…"


BAD = [
    ({}, "message"),
    ({"message": ""}, "message"),
    ({"message": "   "}, "message"),
    ({"message": "\u200b\u200b"}, "message"),
    ({"message": 5}, "message"),
    ({"message": "x" * 8001}, "message"),
    ({"message": "x", "session_id": "a b"}, "session_id"),
    ({"message": "x", "session_id": ""}, "session_id"),
    ({"message": "x", "session_id": "x" * 65}, "session_id"),
    ({"message": "x", "session_id": "../x"}, "session_id"),
    ({"message": "x", "training_data": 5}, "training_data"),
    ({"message": "x", "training_data": ["a"] * 11}, "training_data"),
    ({"message": "x", "training_data": "y" * 70_000}, "training_data"),
    ({"message": "x", "user": "bob"}, "user"),
    ({"message": "x", "client_id": "c" * 65}, "client_id"),
]


@pytest.mark.parametrize("body, field", BAD)
@pytest.mark.parametrize("path", ["", "stream/"])
def test_bad_input_names_its_field_and_leaves_no_trace(rita, path, body, field):
    answer = rita.post(f"{CHAT}{path}", body)
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field]), answer.content
    assert (AssistantSession.objects.count(), AssistantMessage.objects.count()) == (0, 0)


def test_a_megabyte_is_too_large(rita):
    answer = rita.post(CHAT, {"message": "x" * 1_100_000})
    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")


def test_a_protocol_that_nobody_speaks(rita):
    answer = rita.post(f"{CHAT}stream/?protocol=morse", {"message": "x"})
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["protocol"])
    said = ask(rita, "help")
    answer = rita.get(f"{HERE}messages/{said['message_id']}/stream/?after=-1")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["after"])


def test_without_a_login_nothing(anyone):
    for path in ("", "stream/", "sessions/", "conversation/s/", "training-data/"):
        assert anyone.get(f"{CHAT}{path}").status_code == 401


def test_too_many_questions_a_minute(rita, settings):
    settings.THROTTLES = {**settings.THROTTLES, "assistant": "2/min"}
    codes = [rita.post(f"{CHAT}stream/", {"message": "help"}).status_code for _ in range(3)]
    assert codes == [200, 200, 429]
