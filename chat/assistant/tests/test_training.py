"""Texts that people give: found again, capped, forgotten; also by many at once."""

import threading

import pytest
from django.db import connections
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.assistant.clean import Plain, as_data, visible
from chat.assistant.errors import TooMuchTraining
from chat.assistant.models import AssistantSession, TrainingChunk, TrainingData
from chat.assistant.retrieval import CHUNK, OVERLAP, find, pieces
from chat.assistant.services import training
from chat.assistant.services.training import SESSION_BYTES, USER_BYTES, add_training
from chat.assistant.wording import near, terms
from core.rls import as_system, as_user
from core.testing.counting import statements
from tests.cast import make_user

CHAT = "/api/v1/chat/"
TRAINING = f"{CHAT}training-data/"
MANUAL = (
    "The rear axle nut of the Himalayan takes 98 Nm. Its chain has a slack of 25 to 35 mm. Fork oil: 10W."
)


@pytest.fixture
def rita(client_for):
    return client_for(make_user("rita"))


def ask(client, message, session_id="s", **more):
    return client.post(CHAT, {"message": message, "session_id": session_id, **more}).json()


@pytest.mark.django_db
def test_a_text_is_drawn_on_with_its_source(rita):
    made = rita.post(TRAINING, {"title": "Manual", "body": MANUAL}).json()
    for question in ("How tight is the rear axle nut?", "rear axel nut torqe", "chain slack?"):
        said = ask(rita, question)
        assert said["response"].startswith("From your data: "), question
        assert said["sources"] == [
            {"kind": "training_data", "id": made["id"], "title": "Manual", "url": f"{TRAINING}{made['id']}/"}
        ]
    assert "98 Nm" in ask(rita, "how tight is the rear axle nut")["response"]


@pytest.mark.django_db
def test_the_conversations_own_text_comes_first_and_stays_there(rita):
    rita.post(TRAINING, {"title": "All", "body": "Tyre pressure cold is 2.2 bar in general."})
    said = ask(
        rita,
        "What is the tyre pressure on the track bike?",
        training_data="Tyre pressure of the track bike is 1.9 bar.",
    )
    assert "1.9 bar" in said["response"]
    user = make_user("rita")
    with as_user(user):
        here = AssistantSession.objects.get(session_id="s")
        assert [chunk.session_id for chunk in find(user.pk, here.pk, "tyre pressure", 6)] == [here.pk, None]
        assert [chunk.session_id for chunk in find(user.pk, None, "tyre pressure", 6)] == [None]
    assert "1.9" not in ask(rita, "tyre pressure of the track bike", session_id="other")["response"]


@pytest.mark.django_db
def test_accents_and_plurals_do_not_count(rita):
    rita.post(TRAINING, {"title": "Öl", "body": "Ölwechsel alle 6000 km. Bremsbeläge: 4 mm."})
    assert "6000 km" in ask(rita, "olwechsel?")["response"]
    assert "4 mm" in ask(rita, "BREMSBELAGE")["response"]


@pytest.mark.django_db
def test_the_same_text_twice_is_one(rita):
    first = rita.post(TRAINING, {"title": "Manual", "body": MANUAL})
    again = rita.post(TRAINING, {"title": "Manual", "body": MANUAL})
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
    assert TrainingData.objects.count() == 1


@pytest.mark.django_db
def test_it_can_be_changed_and_forgotten(rita):
    made = rita.post(TRAINING, {"title": "Manual", "body": MANUAL, "session_id": "s"}).json()
    assert made["session_id"] == "s"
    changed = rita.patch(f"{TRAINING}{made['id']}/", {"body": "The axle nut takes 110 Nm."}).json()
    assert changed["body"] == "The axle nut takes 110 Nm."
    assert "110 Nm" in ask(rita, "axle nut")["response"]
    moved = rita.patch(f"{TRAINING}{made['id']}/", {"session_id": "t"})
    assert (moved.status_code, list(moved.json()["fields"])) == (400, ["session_id"])
    assert rita.delete(f"{TRAINING}{made['id']}/").status_code == 204
    assert TrainingChunk.objects.count() == 0
    assert TrainingData.objects.get().body == ""
    assert ask(rita, "axle nut")["response"].startswith("I found nothing")


@pytest.mark.django_db
def test_lists_by_conversation(rita):
    rita.post(TRAINING, {"body": "one", "session_id": "s"})
    for count, text in enumerate(("two", "three"), start=1):
        rita.post(TRAINING, {"body": text})
        with statements() as told:
            assert len(rita.get(TRAINING).json()["results"]) == count + 1
        assert len(told) == 2  # the login, the rows
    assert [row["body"] for row in rita.get(TRAINING, {"session_id": "s"}).json()["results"]] == ["one"]


@pytest.mark.django_db
def test_caps_of_a_conversation_and_of_a_person(rita):
    half = "xy " * (SESSION_BYTES // 6 + 100)
    assert rita.post(TRAINING, {"body": f"a{half}", "session_id": "s"}).status_code == 201
    full = rita.post(TRAINING, {"body": f"b{half}", "session_id": "s"})
    assert (full.status_code, full.json()["code"], list(full.json()["fields"])) == (
        409,
        "training_full",
        ["body"],
    )
    assert rita.post(TRAINING, {"body": f"b{half}", "session_id": "t"}).status_code == 201
    user = make_user("rita")
    TrainingData.objects.update(size=USER_BYTES // 2)
    with pytest.raises(TooMuchTraining):
        add_training(owner=user, title="", body="one more", session=None)
    said = rita.post(CHAT, {"message": "hello", "session_id": "u", "training_data": "one more"})
    assert (said.status_code, said.json()["code"]) == (409, "training_full")
    assert not AssistantSession.objects.filter(session_id="u").exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"body": ""},
        {"body": "\u200b"},
        {"body": 5},
        {"body": "x", "owner": "bob"},
        {"body": "x", "session_id": "a b"},
    ],
)
def test_bad_texts(rita, body):
    answer = rita.post(TRAINING, body)
    assert answer.status_code == 400, answer.content
    assert TrainingData.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_many_at_once_do_not_pass_the_cap(monkeypatch):
    monkeypatch.setattr(training, "USER_BYTES", 3000)
    with as_system("test"):
        user = make_user("rita")
    outcomes = []

    def add(number):
        try:
            add_training(owner=user, title="", body=f"{number}{'y' * 1000}", session=None)
            outcomes.append("kept")
        except TooMuchTraining:
            outcomes.append("full")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=add, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["full"] * 3 + ["kept"] * 2
    with as_system("test"):
        assert sum(TrainingData.objects.values_list("size", flat=True)) <= 3000


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab \n"), max_size=4000))
def test_pieces_cover_a_text_and_are_short(text):
    found = pieces(text)
    assert all(0 < len(piece) <= CHUNK for piece in found)
    assert set("".join(found)) - {" ", "\n"} == set(text) - {" ", "\n"}
    assert len(found) <= 1 + len(text) // (CHUNK // 2 - OVERLAP)
    words = text.split()
    joined = "\n".join(found)
    assert all(word in joined for word in words if len(word) <= OVERLAP)


@settings(max_examples=80, deadline=None)
@given(st.text(max_size=80), st.lists(st.integers(0, 80), max_size=4))
def test_cleaning_twice_is_cleaning_once_and_pieces_are_the_whole(text, cuts):
    assert visible(visible(text)) == visible(text)
    assert as_data(as_data(text)) == as_data(text)
    plain, ends = Plain(), sorted({cut for cut in cuts if cut < len(text)})
    parts = [text[start:end] for start, end in zip([0, *ends], [*ends, len(text)], strict=True)]
    said = "".join(plain.feed(part) for part in parts) + plain.end()
    assert "![" not in said


@settings(max_examples=100, deadline=None)
@given(st.text("abcd", max_size=7), st.text("abcd", max_size=7))
def test_near_is_symmetric_and_knows_itself(one, other):
    assert near(one, other, 1) == near(other, one, 1)
    assert near(one, one, 0)
    assert terms(one) == terms(one.upper())
