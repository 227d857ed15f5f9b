"""The table of people is read by everybody and written by oneself: the database keeps the second half."""

import pytest
from django.db import ProgrammingError, connection

from core.rls import as_anonymous, as_user
from core.testing.client import RiderClient
from tests.cast import login, make_user
from users.models import Role, User

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("columns", [{"role": Role.ADMIN}, {"email": "bob+1@example.com"}])
def test_whoever_is_known_changes_no_other_person(columns):
    alice, bob = make_user("alice"), make_user("bob")
    before = User.objects.filter(pk=alice.pk).values().get()
    with as_user(bob):
        assert User.objects.filter(pk=alice.pk).update(**columns) == 0
        assert User.objects.update(bio="all of you") == 1
    assert User.objects.filter(pk=alice.pk).values().get() == before


def test_whoever_is_known_makes_nobody():
    with pytest.raises(ProgrammingError, match="row-level security"), as_user(make_user("bob")):
        User.objects.create_user(email="made@example.com", password="a-much-better-one-7")


def test_the_web_deletes_nobody_not_even_oneself():
    alice = make_user("alice")
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        as_user(alice),
        connection.cursor() as cursor,
    ):
        cursor.execute("DELETE FROM users_user WHERE id = %s", [alice.pk])
    assert User.objects.filter(pk=alice.pk).exists()


def test_oneself_and_before_anybody_is_known_it_goes_on():
    alice = make_user("alice")
    assert login(alice).patch("/api/v1/auth/profile/", {"bio": "Mine."}).status_code == 200
    with as_anonymous():
        rita = User.objects.create_user(email="rita@example.com", password="a-much-better-one-7")
    assert User.objects.get(pk=rita.pk).email == "rita@example.com"
    body = {"email": "rolf@example.com", "password": "a-much-better-one-7", "name": "Rolf"}
    client = login(alice)
    assert (
        client.post("/api/v1/auth/register/", body).status_code == 201
    )  # a second account on the same phone
    assert RiderClient().post("/api/v1/auth/login/", body | {"name": "x"}).status_code == 400
