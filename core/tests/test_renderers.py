"""camelCase turns names, never data."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework import serializers

from core.fields import InstantField
from core.renderers import FreeMap, Json, camel, dumps, snake
from tests.cast import make_user

CAMEL = "application/json; case=camel"
WHEN = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


class LineShape(serializers.Serializer):
    amount_minor = serializers.IntegerField()
    extra_data = serializers.JSONField()


class OrderShape(serializers.Serializer):
    order_id = serializers.UUIDField()
    placed_at = InstantField()
    price_by_part = serializers.DictField()
    order_lines = LineShape(many=True)
    first_line = LineShape()
    tag_names = serializers.ListField(child=serializers.CharField())


LINE = {"amount_minor": 5, "extra_data": {"raw_key": {"deep_key": 1}}}
ORDER = {
    "order_id": UUID(int=7),
    "placed_at": WHEN,
    "price_by_part": {"oil_filter": 12, "Oil_Filter": 13},
    "order_lines": [LINE],
    "first_line": LINE,
    "tag_names": ["two_words"],
}
CAMEL_LINE = {"amountMinor": 5, "extraData": {"raw_key": {"deep_key": 1}}}
CAMEL_ORDER = {
    "orderId": str(UUID(int=7)),
    "placedAt": "2026-11-20T09:30:00Z",
    "priceByPart": {"oil_filter": 12, "Oil_Filter": 13},
    "orderLines": [CAMEL_LINE],
    "firstLine": CAMEL_LINE,
    "tagNames": ["two_words"],
}


class OrderView:
    serializer_class = OrderShape


def rendered(data, accept=CAMEL, view=None):
    return orjson.loads(Json().render(data, accept, {"view": view} if view else None))


@pytest.mark.parametrize(
    "accept", [CAMEL, "application/json;case=camel", "application/json; q=1; case=camel"]
)
def test_a_serializers_answer_turns_its_names_and_leaves_free_maps(accept):
    assert rendered(OrderShape(ORDER).data, accept) == CAMEL_ORDER


def test_a_page_turns_its_rows():
    rows = OrderShape([ORDER], many=True).data
    page = {"results": rows, "next": None, "previous_page": "http://x/?page_size=1"}
    assert rendered(page) == {"results": [CAMEL_ORDER], "next": None, "previousPage": "http://x/?page_size=1"}


def test_rows_that_no_serializer_made_have_the_shape_that_the_view_documents():
    rows = orjson.loads(dumps(OrderShape([ORDER], many=True).data))
    wanted = {"results": [CAMEL_ORDER], "next": None}
    assert rendered({"results": rows, "next": None}, view=OrderView()) == wanted
    assert rendered(dumps({"results": rows, "next": None}), view=OrderView()) == wanted


def test_bytes_pass_untouched_for_whoever_did_not_ask():
    assert Json().render(b'{"a_b":1}', "application/json") == b'{"a_b":1}'
    assert Json().render(b'{"a_b":1}', CAMEL) == b'{"aB":1}'


def test_free_maps_outside_of_serializers_say_so():
    assert rendered({"by_code": FreeMap({"P0_1": {"a_b": 1}}), "a_list": [{"c_d": 1}]}) == {
        "byCode": {"P0_1": {"a_b": 1}},
        "aList": [{"cD": 1}],
    }


def test_a_view_may_keep_its_names():
    class Sync:
        recase = False

    assert rendered({"a_b": 1}, view=Sync()) == {"a_b": 1}


def test_values_of_all_kinds():
    data = {
        "id": UUID(int=1),
        "at": WHEN,
        "whole": Decimal("12.00"),
        "part": Decimal("12.50"),
        "set": {1},
        "raw": b"x",
        "n": 2**53,
    }
    assert rendered(data, "application/json") == {
        "id": str(UUID(int=1)),
        "at": "2026-11-20T09:30:00Z",
        "whole": 12,
        "part": 12.5,
        "set": [1],
        "raw": "x",
        "n": 2**53,
    }
    with pytest.raises(TypeError):
        dumps(object())


@given(st.from_regex(r"[a-z]{1,6}(_[a-z]{1,6}){0,4}", fullmatch=True))
def test_a_name_comes_back_from_its_other_spelling(name):
    assert snake(camel(name)) == name
    assert camel(camel(name)) == camel(name)


@pytest.mark.django_db
def test_errors_turn_too_and_every_answer_varies(client_for):
    alice = client_for(make_user("alice"))
    answer = alice.post("/api/v1/files/presign/", {"filename": "a"}, headers={"accept": CAMEL})
    assert answer.json()["fields"] == {"contentType": ["This field is required."]}
    assert set(answer.json()) == {"error", "code", "fields", "requestId"}
    assert answer["Content-Type"] == CAMEL
    assert "Accept" in answer["Vary"]
    plain = alice.post("/api/v1/files/presign/", {"filename": "a"})
    assert list(plain.json()["fields"]) == ["content_type"]
    assert "Accept" in plain["Vary"]


@pytest.mark.django_db
def test_headers_in_an_answer_keep_their_names(client_for):
    alice = client_for(make_user("alice"))
    body = {"filename": "a.csv", "content_type": "text/csv"}
    answer = alice.post("/api/v1/files/presign/", body, headers={"accept": CAMEL}).json()
    assert answer["headers"] == {"Content-Type": "text/csv"}
    assert {"fileId", "publicUrl", "expiresAt"} < set(answer)
