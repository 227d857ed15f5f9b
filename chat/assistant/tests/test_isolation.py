"""Two people whose conversations have the same names, through every route: neither learns of the other."""

from uuid import uuid4

import pytest
from django.db import connection
from django.urls import get_resolver

from chat.assistant import urls
from chat.assistant.models import (
    AnswerUsage,
    AssistantMessage,
    AssistantSession,
    Feedback,
    TrainingChunk,
    TrainingData,
)
from core.rls import APP_ROLE, SYSTEM_ROLE
from core.testing.client import use_role
from tests.cast import login, make_user

pytestmark = pytest.mark.django_db

CHAT = "/api/v1/chat/"
SAME = "my-bike"
SECRETS = {
    "alice": "The alarm of the Ducati is disarmed with 4711-ALPHA.",
    "bob": "The garage door of Bob opens with 0815-BRAVO.",
}


class Person:
    def __init__(self, name):
        self.name = name
        self.user = make_user(name)
        self.client = login(self.user)
        self.secret = SECRETS[name]
        said = self.client.post(
            CHAT,
            {
                "message": f"Remember me, I am {name}. alarm?",
                "session_id": SAME,
                "training_data": self.secret,
            },
        ).json()
        self.question, self.answer = said["question_id"], said["message_id"]
        self.client.post(
            f"{CHAT}conversation/{SAME}/messages/{self.answer}/feedback/",
            {"rating": "up", "comment": self.secret},
        )
        self.training = self.client.get(f"{CHAT}training-data/").json()["results"][0]["id"]

    def sees(self):
        """All that any route tells this person, as one text."""
        said = []
        for path in (
            "sessions/", f"conversation/{SAME}/", "training-data/", f"training-data/{self.training}/",
            f"conversation/{SAME}/messages/{self.answer}/stream/",
        ):  # fmt: skip
            answer = self.client.get(f"{CHAT}{path}")
            assert answer.status_code == 200, (path, answer)
            said.append(body(answer))
        for question in ("What disarms the alarm of the Ducati?", "What opens the garage door?"):
            for path in ("", "stream/"):
                answer = self.client.post(f"{CHAT}{path}", {"message": question, "session_id": SAME})
                said.append(body(answer))
        return "\n".join(said)


def body(answer):
    return (b"".join(answer.streaming_content) if answer.streaming else answer.content).decode()


@pytest.fixture
def both(db):
    return Person("alice"), Person("bob")


def test_one_name_two_conversations(both):
    assert AssistantSession.objects.filter(session_id=SAME).count() == 2
    for me, other in (both, both[::-1]):
        seen = me.sees()
        assert me.secret in seen
        assert other.secret not in seen
        assert other.secret.rsplit(" ", 1)[1] not in seen
        assert other.answer not in seen


def doors(me, other):
    """Every route with an id in it, opened with one's own conversation name and the other's ids."""
    message = f"{CHAT}conversation/{SAME}/messages/{{}}/"
    for target in (other.answer, other.question):
        yield "get", message.format(target) + "stream/", None
        yield "post", message.format(target) + "cancel/", {}
        yield "post", message.format(target) + "regenerate/", {}
        yield "post", message.format(target) + "edit/", {"message": "What did you say?"}
        yield "post", message.format(target) + "choose/", {}
        yield "post", message.format(target) + "feedback/", {"rating": "down"}
    yield "get", f"{CHAT}training-data/{other.training}/", None
    yield "patch", f"{CHAT}training-data/{other.training}/", {"body": "changed"}
    yield "delete", f"{CHAT}training-data/{other.training}/", None


def counts():
    models = (AssistantSession, AssistantMessage, TrainingData, TrainingChunk, AnswerUsage, Feedback)
    return [model.objects.count() for model in models]


def test_the_others_ids_are_absent_and_nothing_happens(both):
    for me, other in (both, both[::-1]):
        before = counts()
        for method, path, data in doors(me, other):
            answer = (
                getattr(me.client, method)(path, data)
                if data is not None
                else getattr(me.client, method)(path)
            )
            absent = path.replace(other.answer, str(uuid4())).replace(other.question, str(uuid4()))
            absent = absent.replace(other.training, str(uuid4()))
            nowhere = (
                getattr(me.client, method)(absent, data)
                if data is not None
                else getattr(me.client, method)(absent)
            )
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), (method, path)
            assert nowhere.status_code == 404
        assert counts() == before


def test_clearing_mine_leaves_yours(both):
    alice, bob = both
    assert alice.client.delete(f"{CHAT}conversation/{SAME}/clear/").status_code == 204
    assert AssistantMessage.objects.filter(owner=alice.user).count() == 0
    assert AssistantMessage.objects.filter(owner=bob.user).count() == 2
    assert alice.client.get(f"{CHAT}conversation/{SAME}/").json()["messages"] == []
    assert len(bob.client.get(f"{CHAT}conversation/{SAME}/").json()["messages"]) == 2


def test_every_route_is_in_this_test(both):
    """A later route has to be added to `sees` or `doors`."""
    known = {
        "chat/", "chat/stream/", "chat/sessions/", "chat/training-data/", "chat/training-data/<uuid:pk>/",
        *(f"chat/conversation/<str:session_id>/{rest}" for rest in (
            "", "clear/", "hand-over/", "messages/<uuid:pk>/stream/", "messages/<uuid:pk>/cancel/",
            "messages/<uuid:pk>/regenerate/", "messages/<uuid:pk>/edit/", "messages/<uuid:pk>/choose/",
            "messages/<uuid:pk>/feedback/",
        )),
    }  # fmt: skip
    assert {str(route.pattern) for route in urls.urlpatterns} == known
    assert get_resolver().resolve(CHAT)


@pytest.mark.parametrize(
    "path", ["conversation/nothing-here/", "conversation/%2e%2e%2f/", f"conversation/{'x' * 70}/"]
)
def test_an_unknown_conversation_is_absent(path, both):
    answer = both[0].client.get(f"{CHAT}{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_the_database_keeps_them_apart_by_itself(both):
    """Each table asked for everything, with the settings of one person's request."""
    alice, bob = both
    for model in (AssistantSession, AssistantMessage, TrainingData, TrainingChunk, AnswerUsage, Feedback):
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('app.user_id', %s, false)", [str(alice.user.pk)])
            cursor.execute(f"SET ROLE {APP_ROLE}")
            owners = set(model.objects.values_list("owner_id", flat=True))
            touched = model.objects.filter(owner=bob.user).update(owner=alice.user)
        use_role(SYSTEM_ROLE)
        assert (owners, touched) == ({alice.user.pk}, 0), model


def test_a_row_cannot_be_hung_into_the_others_conversation(both):
    alice, bob = both
    theirs = AssistantSession.objects.get(owner=bob.user)
    from django.db import DatabaseError, transaction

    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.user_id', %s, false)", [str(alice.user.pk)])
        cursor.execute(f"SET ROLE {APP_ROLE}")
    with pytest.raises(DatabaseError), transaction.atomic():
        AssistantMessage.objects.create(
            owner=alice.user, session=theirs, seq=99, role="user", content="hello"
        )
    use_role(SYSTEM_ROLE)
    assert AssistantMessage.objects.filter(session=theirs).count() == 2
