"""Keyset pages: nothing twice, nothing missed, whatever the order, the ties and the size."""

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
from django.db.models import F, Value
from django.db.models.functions import Concat
from django.test import RequestFactory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from core.ids import uuid7
from core.models import StoredFile
from core.pagination import KeysetPagination

pytestmark = pytest.mark.django_db

START = datetime(2026, 11, 20, tzinfo=UTC)


class View:
    ordering = "-created_at"
    ordering_fields = ("created_at", "size", "filename", "id", "shout")


def make(sizes):
    """Rows with many ties: by size, and by name and instant derived of it."""
    return StoredFile.objects.bulk_create(
        StoredFile(
            id=uuid7(),
            owner_id=uuid7(),
            content_type="text/plain",
            size=size,
            filename=f"name-{size % 3}",
            created_at=START + timedelta(microseconds=size // 2),
        )
        for size in sizes
    )


def rows():
    return StoredFile.objects.annotate(shout=Concat(F("filename"), Value("!")))


def request(path="/api/v1/things/", **query):
    return Request(RequestFactory().get(path, query))


def page(url_query, path="/api/v1/things/"):
    pages = KeysetPagination()
    found = pages.paginate_queryset(rows(), request(path, **url_query), View())
    return found, pages.envelope(found)


def follow(link):
    return {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}


def walk(query, direction):
    """All pages from one on, following one kind of link."""
    found, envelope = page(query)
    pages = [found]
    while link := envelope[direction]:
        found, envelope = page(follow(link))
        pages.append(found)
        assert len(pages) < 60
    return pages, envelope


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sizes=st.lists(st.integers(1, 9), max_size=25),
    page_size=st.integers(1, 8),
    ordering=st.sampled_from(
        ["created_at", "-created_at", "size", "-size", "-filename", "id", "-id", "shout"]
    ),
)
def test_forward_and_back_again_is_the_whole_list(sizes, page_size, ordering):
    StoredFile.objects.all().delete()
    make(sizes)
    field, sign = ordering.lstrip("-"), "-" if ordering.startswith("-") else ""
    wanted = list(rows().order_by(ordering, f"{sign}id") if field != "id" else rows().order_by(ordering))
    query = {"ordering": ordering, "page_size": page_size}
    forward, last = walk(query, "next")
    assert [row.pk for each in forward for row in each] == [row.pk for row in wanted]
    assert all(len(each) == page_size for each in forward[:-1])
    if last["previous"]:
        back, first = walk(follow(last["previous"]), "previous")
        assert [row.pk for each in reversed(back) for row in each] == [
            row.pk for row in wanted[: len(wanted) - len(forward[-1])]
        ]
        assert first["previous"] is None
        assert first["next"] is not None


def test_rows_that_come_and_go_disturb_nobody():
    made = make(range(1, 11))
    query = {"ordering": "size", "page_size": 3}
    first, envelope = page(query)
    StoredFile.objects.filter(pk=first[-1].pk).delete()
    make([1, 2])  # before the cursor: seen by the next walk
    second, _ = page(follow(envelope["next"]))
    assert [row.pk for row in second] == [row.pk for row in made[3:6]]


def test_an_empty_list_is_one_page():
    assert page({}) == ([], {"results": [], "next": None, "previous": None})


def test_links_keep_the_question():
    make(range(5))
    _, envelope = page({"page_size": 2, "ordering": "size", "search": "a b&c"})
    kept = follow(envelope["next"])
    assert (kept["page_size"], kept["ordering"], kept["search"]) == ("2", "size", "a b&c")


def test_a_count_is_given_when_asked_and_capped(monkeypatch):
    make(range(6))
    assert "count" not in page({})[1]
    assert page({"count": "true", "page_size": 1})[1]["count"] == 6
    monkeypatch.setattr("core.pagination.MAX_COUNT", 5)
    assert page({"count": "true"})[1]["count"] == "5+"


@pytest.mark.parametrize(
    "query,field",
    [
        ({"page_size": "0"}, "page_size"),
        ({"page_size": "201"}, "page_size"),
        ({"page_size": "-1"}, "page_size"),
        ({"page_size": "٣"}, "page_size"),
        ({"page_size": "9" * 5000}, "page_size"),
        ({"page_size": ""}, "page_size"),
        ({"ordering": "owner_id"}, "ordering"),
        ({"ordering": "--size"}, "ordering"),
        ({"ordering": "owner__password"}, "ordering"),
    ],
)
def test_what_cannot_be_asked_names_its_parameter(query, field):
    with pytest.raises(ValidationError) as refusal:
        page(query)
    assert list(refusal.value.detail) == [field]


def made_up(parts):
    payload = orjson.dumps(parts)
    return [
        base64.urlsafe_b64encode(payload).decode().rstrip("="),
        base64.urlsafe_b64encode(b"0" * 12 + payload).decode().rstrip("="),
    ]


ROW = str(uuid7())
FORGED = [
    "x", "?", "%00", "é", "=" * 9, "A" * 5000, "-._~",
    *made_up(["created_at", True, None, ROW, 0]),
    *made_up(["created_at", True, "2026-11-20", ROW, 0]),
    *made_up(["created_at", True, "0001-01-01T00:00:00+23:59", ROW, 0]),
    *made_up(["created_at", True, {"a": 1}, ROW, 0]),
    *made_up(["created_at", True, "2026-11-20T00:00:00Z", "1 OR 1=1", 0]),
    *made_up(["size", True, 10**18, ROW, 0]),
    *made_up(["owner_id", True, "x", ROW, 0]),
    *made_up({"a": 1}),
]  # fmt: skip


@pytest.mark.parametrize("cursor", FORGED, ids=range(len(FORGED)))
def test_a_cursor_that_we_did_not_make_is_refused(cursor):
    make(range(3))
    with pytest.raises(ValidationError) as refusal:
        page({"cursor": cursor})
    assert list(refusal.value.detail) == ["cursor"]


def test_a_cursor_is_good_for_its_own_list_and_order_only():
    make(range(5))
    _, envelope = page({"page_size": 2, "ordering": "size"})
    cursor = follow(envelope["next"])["cursor"]
    assert len(page({"cursor": cursor, "ordering": "size"})[0]) == 3
    for query, path in [
        ({"ordering": "-size"}, "/api/v1/things/"),
        ({}, "/api/v1/things/"),
        ({"ordering": "size"}, "/api/v1/other-things/"),
    ]:
        with pytest.raises(ValidationError):
            page({"cursor": cursor, **query}, path)
    changed = cursor[:20] + ("A" if cursor[20] != "A" else "B") + cursor[21:]
    with pytest.raises(ValidationError):
        page({"cursor": changed, "ordering": "size"})


def test_the_first_page_by_a_query_of_the_views_own_continues_by_the_usual_way():
    made = make(range(0, 20, 2))
    newest = list(reversed(made))
    pages = KeysetPagination()
    first = pages.first_page(request(page_size="4"), View(), lambda limit: newest[:limit])
    assert first == newest[:4]
    envelope = pages.envelope(first)
    assert envelope["previous"] is None
    assert [row.pk for row in page(follow(envelope["next"]))[0]] == [row.pk for row in newest[4:8]]
    assert KeysetPagination().first_page(request(cursor="x"), View(), lambda limit: []) is None
