"""Every collection that some app plugged in, with the demo world: nothing that is not visible is ever told."""

import pytest

from core.rls import SYSTEM_ROLE
from core.testing.client import use_role
from sync.ports import ModelCollection, collections
from sync.testing import number_at_once
from tests.belongings import fill_everything
from tests.cast import login

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(db):
    use_role(SYSTEM_ROLE)
    number_at_once()
    filled = fill_everything()
    return [filled[name] for name in ("alice", "bob", "tara")]


def visible(plug, person):
    rows = plug.model._default_manager
    if plug.public:
        return {str(key) for key in rows.filter(deleted_at=None).values_list("pk", flat=True)}
    return {str(key) for key in rows.visible_to(person).values_list("pk", flat=True)}


def test_a_first_sync_is_of_what_is_visible_and_a_delta_from_nothing_is_the_same(people):
    plugs = {name: plug for name, plug in collections.items() if isinstance(plug, ModelCollection)}
    seen = set()
    for person in people:
        client = login(person)
        whole = client.post("/api/v1/sync/pull/", {}).json()
        for name, plug in plugs.items():
            rows = whole["changes"].get(name, {"updated": []})["updated"]
            assert {row["id"] for row in rows} <= visible(plug, person), name
            assert all(set(row) == {field.name for field in plug.fields} for row in rows), name
        delta = client.post("/api/v1/sync/pull/", {"cursor": 1}).json()  # the start of both streams
        for name in plugs:
            rows = delta["changes"].get(name, {"updated": []})["updated"]
            assert {row["id"] for row in rows} == {
                row["id"] for row in whole["changes"].get(name, {"updated": []})["updated"]
            }, name
        seen |= set(whole["changes"])
    assert "vehicles" in seen
