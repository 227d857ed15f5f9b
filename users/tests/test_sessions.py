"""Acknowledged rotation: a lost answer is forgiven, a thief is not."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections

from core import clock
from core.auth import make_refresh_token
from core.clock import held_at
from core.rls import as_system
from tests.cast import PASSWORD, make_user
from users import sessions
from users.errors import SessionEnded
from users.models import AppSession, AuthMethod, RevokedReason

pytestmark = pytest.mark.django_db


@pytest.fixture
def opened():
    return sessions.open_session(user=make_user("alice"), method=AuthMethod.PASSWORD)


def test_the_newest_token_rotates(opened):
    session, first = opened
    second = sessions.refresh(first.refresh_token)
    assert second.refresh_token != first.refresh_token
    assert AppSession.objects.get(pk=session.pk).gen == 2


def test_a_lost_answer_comes_again_even_an_hour_later(opened):
    _, first = opened
    second = sessions.refresh(first.refresh_token)
    with held_at(clock.now() + timedelta(hours=1)):
        assert sessions.refresh(first.refresh_token).refresh_token == second.refresh_token


def test_a_used_token_that_comes_again_is_theft_and_ends_the_session(opened):
    session, first = opened
    sessions.refresh(first.refresh_token)
    sessions.touch(session_id=session.pk, generation=2)
    with held_at(clock.now() + timedelta(minutes=1)), pytest.raises(SessionEnded):
        sessions.refresh(first.refresh_token)
    session.refresh_from_db()
    assert session.revoked_reason == RevokedReason.REUSE


def test_within_the_grace_a_used_token_is_a_late_twin(opened):
    session, first = opened
    second = sessions.refresh(first.refresh_token)
    sessions.touch(session_id=session.pk, generation=2)
    assert sessions.refresh(first.refresh_token) == second


def test_a_grandparent_is_theft(opened):
    session, first = opened
    sessions.refresh(sessions.refresh(first.refresh_token).refresh_token)
    with pytest.raises(SessionEnded):
        sessions.refresh(first.refresh_token)
    session.refresh_from_db()
    assert session.revoked_at is not None


def test_a_generation_from_the_future_is_refused_and_ends_nothing(opened):
    session, _ = opened
    with pytest.raises(SessionEnded):
        sessions.refresh(make_refresh_token(session.pk, 9))
    session.refresh_from_db()
    assert session.revoked_at is None


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "0" * 32 + ".1.forged", "é.1.x"])
def test_junk_is_refused(token, opened):
    with pytest.raises(SessionEnded):
        sessions.refresh(token)


@pytest.mark.django_db(transaction=True)
def test_eight_parallel_refreshes_get_eight_answers_and_one_token():
    with as_system("test"):
        session, first = sessions.open_session(user=make_user("alice"), method=AuthMethod.PASSWORD)

    def once(_):
        try:
            return sessions.refresh(first.refresh_token)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        pairs = list(pool.map(once, range(8)))
    assert len(pairs) == 8
    assert len(set(pairs)) == 1
    session.refresh_from_db()
    assert (session.gen, session.revoked_at) == (2, None)


def test_the_journey_of_a_login(anyone, client_for):
    body = {"email": "Rita@Example.com", "password": PASSWORD, "name": "Rita Rider"}
    made = anyone.post("/api/v1/auth/register/", body)
    assert made.status_code == 201
    assert made.json()["user"]["email"] == "rita@example.com"
    again = anyone.post("/api/v1/auth/signup/", body)
    assert (again.status_code, again.json()["code"]) == (409, "account_exists")
    wrong = anyone.post("/api/v1/auth/login/", {"email": "rita@example.com", "password": "no"})
    assert (wrong.status_code, wrong.json()["error"]) == (401, "Invalid credentials")
    entered = anyone.post("/api/v1/auth/login/", {"email": "RITA@example.com", "password": PASSWORD})
    assert entered.status_code == 200
    anyone.credentials(HTTP_AUTHORIZATION=f"Bearer {entered.json()['access_token']}")
    assert anyone.get("/api/v1/auth/profile/").json()["user"]["name"] == "Rita Rider"
    assert anyone.get("/api/users/me/").json()["user"]["first_name"] == "Rita"
    changed = anyone.patch("/api/v1/auth/profile/", {"bio": "Twisties.", "role": "ADMIN"})
    assert (changed.status_code, changed.json()["fields"]) == (400, {"role": ["Unknown field."]})
    assert anyone.patch("/api/v1/auth/profile/", {"bio": "Twisties."}).json()["user"]["bio"] == "Twisties."
    assert anyone.post("/api/v1/auth/logout/").status_code == 200
    ended = anyone.get("/api/v1/auth/profile/")
    assert (ended.status_code, ended.json()["code"]) == (401, "session_revoked")


def test_the_first_use_of_a_pair_is_remembered_even_when_refused(anyone):
    session, pair = sessions.open_session(user=make_user("alice"), method=AuthMethod.PASSWORD)
    anyone.credentials(HTTP_AUTHORIZATION=f"Bearer {pair.access_token}")
    assert anyone.patch("/api/v1/auth/profile/", {"nope": 1}).status_code == 400
    session.refresh_from_db()
    assert session.acked_gen == 1


def test_a_ban_counts_at_once(client_for):
    alice = make_user("alice")
    client = client_for(alice)
    assert client.get("/api/v1/auth/profile/").status_code == 200
    type(alice).objects.filter(pk=alice.pk).update(is_active=False)
    assert client.get("/api/v1/auth/profile/").status_code == 401
