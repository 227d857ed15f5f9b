"""Bob and a stranger try every door of the API with Alice's ids: in paths, bodies and filters.

Generated from the OpenAPI description: a route that a later app adds is tried the next day. What is foreign must
look exactly like what is absent; nothing of Alice's may be read; nothing may break.
"""

import re

import pytest
from django.db import transaction

from core.testing.client import RiderClient
from tests.belongings import undone
from tests.cast import login
from tests.strangers.estate import estate_of, settle
from tests.strangers.routes import routes

pytestmark = pytest.mark.django_db

ABSENT = "018f0000-0000-7000-8000-00000000dead"
_VARIABLE = re.compile(
    r'"(request_id|challenge_id|expires_at|created_at|updated_at|at|id|url|token)":\s*"[^"]*"'
)

# Routes that show or take a foreign id on purpose, with the reason.
ON_PURPOSE = {
    "/api/v1/users/{id}/": "a public profile",
}

# Routes that accept with a verdict on each record; what they say of a foreign one must still be that of an absent.
BY_RECORD = {"/api/v1/sync/push/", "/api/v1/telematics/batches/"}


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    """One settled world for the module; everything is undone at its end."""
    with django_db_blocker.unblock(), undone():
        people = settle()
        people["estate"] = estate_of(people["alice"], people["bob"])
        yield people


def attempt(client, route, *, reference, url=None, query=None):
    """(status, text without what differs every time) of one try, undone."""
    with transaction.atomic():
        body = None if route.method in {"get", "delete"} else route.example(reference)
        send = getattr(client, route.method)
        target = url or route.url()
        answer = (
            send(target, query)
            if route.method == "get"
            else send(target, body, HTTP_X_REQUEST_ID="strangers")
        )
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        transaction.set_rollback(True)
    text = content.decode(errors="replace").replace(reference, "<id>")
    return answer.status_code, _VARIABLE.sub("<variable>", text)


def judge(route, client, foreign, absent, estate, *, where, may_answer=False):
    """What is wrong with a pair of tries, as a list of sentences."""
    found = []
    if foreign[0] >= 500:
        found.append(f"{route} {where}: {foreign[0]}")
    if 200 <= foreign[0] < 300 and not may_answer:
        found.append(f"{route} {where}: {foreign[0]} for a foreign id")
    if foreign != absent:
        found.append(f"{route} {where}: foreign {foreign} is not absent {absent}")
    if read := [word for word in estate.words if word in foreign[1]]:
        found.append(f"{route} {where}: reads {read}")
    return found


@pytest.fixture(params=["bob", "nobody"])
def intruder(request, world):
    return login(world["bob"]) if request.param == "bob" else RiderClient()


def tried(chosen):
    return [route for route in routes() if chosen(route) and route.path not in ON_PURPOSE]


def test_there_is_something_to_hide(world):
    assert len(world["estate"].ids) >= 3
    assert len(world["estate"].words) >= 2


def test_alices_ids_in_paths(world, intruder):
    wrong = []
    for route in tried(lambda route: route.ids_in_path()):
        absent_url = route.url(**dict.fromkeys(route.ids_in_path(), ABSENT))
        absent = attempt(intruder, route, reference=ABSENT, url=absent_url)
        for table, foreign_id in world["estate"].ids.items():
            url = route.url(**dict.fromkeys(route.ids_in_path(), foreign_id))
            foreign = attempt(intruder, route, reference=foreign_id, url=url)
            wrong += judge(route, intruder, foreign, absent, world["estate"], where=f"path with {table}")
    assert wrong == []


def test_alices_ids_in_bodies(world, intruder):
    wrong = []
    for route in tried(lambda route: route.refers() and not route.names("path")):
        absent = attempt(intruder, route, reference=ABSENT)
        for table, foreign_id in world["estate"].ids.items():
            foreign = attempt(intruder, route, reference=foreign_id)
            where, by_record = f"body with {table}", route.path in BY_RECORD
            wrong += judge(
                route, intruder, foreign, absent, world["estate"], where=where, may_answer=by_record
            )
    assert wrong == []


def test_alices_ids_in_filters(world, intruder):
    wrong = []
    for route in tried(lambda route: route.method == "get" and route.id_filters()):
        for name in route.id_filters():
            absent = attempt(intruder, route, reference=ABSENT, query={name: ABSENT})
            for table, foreign_id in world["estate"].ids.items():
                foreign = attempt(intruder, route, reference=foreign_id, query={name: foreign_id})
                where = f"filter {name} with {table}"
                wrong += judge(
                    route, intruder, foreign, absent, world["estate"], where=where, may_answer=True
                )
    assert wrong == []


def test_plain_reads_tell_nothing_of_alice(world, intruder):
    wrong = []
    for route in tried(lambda route: route.method == "get" and not route.names("path")):
        status, text = attempt(intruder, route, reference=ABSENT)
        read = [word for word in world["estate"].words if word in text]
        if status >= 500 or read:
            wrong.append(f"{route}: {status} {read}")
    assert wrong == []


def test_private_routes_want_a_login_and_public_ones_say_so(world):
    """Whoever forgets to ask for a login must at least write it into the description."""
    wrong = []
    for route in routes():
        url = route.url(**dict.fromkeys(route.ids_in_path(), ABSENT))
        status, _ = attempt(RiderClient(), route, reference=ABSENT, url=url)
        if status >= 500 or (status != 401 and not route.public):
            wrong.append(f"{route}: {status}")
    assert wrong == []
