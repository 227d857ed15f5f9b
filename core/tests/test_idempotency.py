"""One key, one deed: whatever is lost, repeated, raced or refused."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from drf_spectacular.generators import SchemaGenerator

from core import clock
from core.clock import held_at
from core.models import AuditEvent, IdempotencyKey
from core.rls import as_anonymous, as_system, as_user
from core.tasks import purge_idempotency_keys
from tests.cast import login, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.urls("core.tests.idempotent_urls")]

KINDS = pytest.mark.parametrize("path", ["/api/v1/inside/", "/api/v1/outside/"])
KEY = "b3c9c2f0-order-7"


@pytest.fixture
def alice(client_for):
    return client_for(make_user("alice"))


def post(client, path, body=None, key=KEY, **headers):
    return client.post(path, body or {}, headers={"Idempotency-Key": key, **headers})


def deeds():
    return AuditEvent.objects.filter(action="test.deed").count()


@KINDS
def test_a_repeat_gets_the_first_answer_again(path, alice):
    first, again = post(alice, path), post(alice, path)
    assert (first.status_code, again.status_code, deeds()) == (201, 201, 1)
    assert again.content == first.content
    assert (again["ETag"], again["Content-Type"]) == (first["ETag"], first["Content-Type"])
    assert again["Idempotency-Replayed"] == "true"
    assert not first.has_header("Idempotency-Replayed")


@KINDS
def test_a_lost_answer_without_a_body_comes_again_too(path, alice):
    answers = [post(alice, path, {"wish": "nothing"}) for _ in range(2)]
    assert [(answer.status_code, answer.content) for answer in answers] == [(204, b"")] * 2
    assert deeds() == 1


@KINDS
def test_camel_case_is_replayed_as_it_was_said(path, alice):
    camel = {"accept": "application/json; case=camel"}
    first, again = (post(alice, path, **camel) for _ in range(2))
    assert "madeBy" in first.json()
    assert (again.content, again["Content-Type"]) == (first.content, "application/json; case=camel")


@KINDS
@pytest.mark.parametrize("other", [{"n": 2}, {"n": 1, "m": 1}, {}])
def test_the_same_key_for_something_else_is_refused(path, other, alice):
    post(alice, path, {"n": 1})
    answer = post(alice, path, other)
    assert (answer.status_code, answer.json()["code"], deeds()) == (422, "idempotency_mismatch", 1)


@KINDS
def test_route_and_query_belong_to_the_request_the_writing_of_it_does_not(path, alice):
    body = '{"a": 1, "b": [2.0, "x"]}'
    retold = '{ "b":[2.0,"\\u0078"],  "a":1 }'
    send = {"content_type": "application/json", "headers": {"Idempotency-Key": KEY}}
    assert alice.generic("POST", path, body, **send).status_code == 201
    assert alice.generic("POST", path, retold, **send)["Idempotency-Replayed"] == "true"
    assert alice.generic("POST", path.replace("/v1", ""), body, **send)["Idempotency-Replayed"] == "true"
    assert alice.generic("POST", f"{path}?token=x", body, **send).status_code == 422
    other = "/api/v1/outside/" if "inside" in path else "/api/v1/inside/"
    assert alice.generic("POST", other, body, **send).status_code == 422
    assert deeds() == 1


@KINDS
def test_a_refusal_is_not_kept(path, alice):
    for wish in ("refuse", "bad"):
        answers = [post(alice, path, {"wish": wish}) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [403 if wish == "refuse" else 400] * 2
        assert not any(answer.has_header("Idempotency-Replayed") for answer in answers)
    assert IdempotencyKey.objects.count() == 0
    assert post(alice, path, {"wish": "well"}).status_code == 201


@KINDS
def test_a_crash_is_not_kept(path, alice):
    alice.raise_request_exception = False
    assert post(alice, path, {"wish": "crash"}).status_code == 500
    assert post(alice, path, {"wish": "well"}).status_code == 201


@KINDS
def test_keys_are_personal(path, alice, client_for, anyone):
    bob = client_for(make_user("bob"))
    answers = [post(who, path).json()["made_by"] for who in (alice, bob, anyone)]
    assert len(set(answers)) == 3
    assert deeds() == 3
    with as_user(make_user("bob")):
        assert [row.owner_id for row in IdempotencyKey.objects.all()] == [make_user("bob").pk]
    with as_anonymous():
        assert [row.owner_id for row in IdempotencyKey.objects.all()] == [None]


@KINDS
@pytest.mark.parametrize("key", ["", "x" * 256, "ключ-ключ-ключ-ключ", "tab\there-and-some-more"])
def test_a_key_that_cannot_be_is_a_400(path, key, alice):
    answer = post(alice, path, key=key.encode().decode("latin-1"))
    assert (answer.status_code, list(answer.json()["fields"]), deeds()) == (400, ["Idempotency-Key"], 0)


@KINDS
def test_without_a_login_a_key_must_not_be_guessable(path, anyone):
    assert post(anyone, path, key="short-key").status_code == 400
    assert post(anyone, path, key="k" * 16).status_code == 201
    assert deeds() == 1


@KINDS
def test_no_key_no_memory(path, alice):
    assert [alice.post(path, {}).status_code for _ in range(2)] == [201, 201]
    assert (deeds(), IdempotencyKey.objects.count()) == (2, 0)


def test_a_read_takes_no_notice(alice):
    answer = alice.get("/api/v1/inside/", headers={"Idempotency-Key": ""})
    assert (answer.status_code, answer.json()) == (200, {"done": False})


def test_uploaded_files_count(alice):
    def send(data):
        file = SimpleUploadedFile("a.bin", data)
        return alice.post(
            "/api/v1/inside/", {"file": file}, format="multipart", headers={"Idempotency-Key": KEY}
        ).status_code

    assert [send(b"one"), send(b"one"), send(b"two"), deeds()] == [201, 201, 422, 1]


@KINDS
def test_after_a_week_a_key_is_new_again(path, alice):
    post(alice, path)
    with held_at(clock.now() + timedelta(days=8)):
        alice = login(make_user("alice"))
        assert not post(alice, path, {"n": 2}).has_header("Idempotency-Replayed")
    assert deeds() == 2
    purge_idempotency_keys(0)
    assert IdempotencyKey.objects.count() == 1
    with held_at(clock.now() + timedelta(days=16)):
        purge_idempotency_keys(0)
    assert IdempotencyKey.objects.count() == 0


def test_a_claim_whose_process_died_is_void_after_a_minute(alice):
    path = "/api/v1/outside/"
    post(alice, path)
    row = IdempotencyKey.objects.get()
    IdempotencyKey.objects.update(
        state="running", status=None, body=b"", headers={}, locked_until=clock.now() + timedelta(seconds=60)
    )
    running = post(alice, path)
    assert (running.status_code, running.json()["code"], running["Retry-After"]) == (
        409,
        "idempotency_running",
        "1",
    )
    assert post(alice, path, {"n": 2}).status_code == 422
    with held_at(clock.now() + timedelta(seconds=61)):
        assert post(alice, path).status_code == 201
    assert deeds() == 2
    assert IdempotencyKey.objects.get().pk != row.pk


@pytest.mark.django_db(transaction=True)
@KINDS
def test_ten_at_once_are_one_deed(path):
    with as_system("test"):
        alice = make_user("alice")
        clients = [login(alice) for _ in range(10)]

    def once(client):
        try:
            return post(client, path, {"seconds": 0.1})
        finally:
            connections.close_all()

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(once, clients))
    made = [answer for answer in answers if answer.status_code == 201]
    refused = {(answer.status_code, answer.json()["code"]) for answer in answers if answer.status_code != 201}
    assert refused <= {(409, "idempotency_running")}
    assert len({answer.content for answer in made}) == 1
    assert [answer.has_header("Idempotency-Replayed") for answer in made].count(False) == 1
    assert deeds() == 1
    assert post(clients[0], path, {"seconds": 0.1}).content == made[0].content


@pytest.mark.django_db(transaction=True)
def test_a_slow_deed_that_lost_its_claim_leaves_the_newer_answer_alone():
    with as_system("test"):
        alice = login(make_user("alice"))
    path = "/api/v1/outside/"

    def slow(_):
        try:
            with held_at(clock.now() - timedelta(minutes=2)):
                return post(login_again, path, {"seconds": 0.5})
        finally:
            connections.close_all()

    with as_system("test"):
        login_again = login(make_user("alice"))
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(slow, None)
        time.sleep(0.2)
        second = post(alice, path, {"seconds": 0.5})
        assert first.result().status_code == 201
    assert second.status_code == 201
    assert second.content != first.result().content
    assert post(alice, path, {"seconds": 0.5}).content == second.content


def test_the_schema_names_the_header():
    schema = SchemaGenerator(urlconf="core.tests.idempotent_urls").get_schema(request=None, public=True)
    for path in ("/api/v1/inside/", "/api/v1/outside/"):
        named = {(each["name"], each["in"]) for each in schema["paths"][path]["post"]["parameters"]}
        assert named == {("Idempotency-Key", "header")}
    assert "parameters" not in schema["paths"]["/api/v1/inside/"]["get"]
