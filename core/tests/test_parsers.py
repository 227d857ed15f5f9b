"""What is taken for JSON, and how much of it."""

import io

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rest_framework.exceptions import ParseError

from core.errors import PayloadTooLarge
from core.parsers import MAX_DEPTH, parse_json, read_bounded
from tests.cast import make_user

PRESIGN = "/api/v1/files/presign/"


def nested(depth, opening="[", closing="]"):
    return (opening * depth + closing * depth).encode()


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"{'a': 1}",
        b'{"a": 1,}',
        b"[1] [2]",
        b"NaN",
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b"1e400",
        b'"\xff\xfe"',
        b'"\xed\xa0\x80"',
        b'"\\ud800"',
        b'"\\udc00\\ud800"',
        b'"\\u0000"',
        b'{"a": ["x\\u0000y"]}',
        b'{"k\\u0000": 1}',
        b'"\x00"',
        b"\xef\xbb\xbf{}",
        nested(MAX_DEPTH + 2),
        nested(200_000),
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
    ],
    ids=lambda raw: repr(raw[:24]),
)
def test_what_is_not_strict_json_is_refused(raw):
    with pytest.raises(ParseError):
        parse_json(raw)


@pytest.mark.parametrize(
    "raw,value",
    [
        (b'"\\ud83c\\udfcd"', "\U0001f3cd"),
        (b'"\\\\u0000"', "\\u0000"),
        (b"18446744073709551615", 2**64 - 1),
        (b"-9223372036854775808", -(2**63)),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b"[" + b"{}," * 100 + b"{}]", [{}] * 101),
        (nested(MAX_DEPTH), orjson.loads(nested(MAX_DEPTH))),
    ],
    ids=lambda raw: repr(raw)[:24],
)
def test_what_looks_odd_and_is_json_is_taken(raw, value):
    assert parse_json(raw) == value


texts = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=8)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=100)
@given(json_values)
def test_json_comes_back_as_it_was(value):
    assert parse_json(orjson.dumps(value)) == value


@settings(max_examples=200)
@given(st.binary(max_size=40))
def test_no_bytes_at_all_make_it_fail_otherwise(raw):
    try:
        parse_json(raw)
    except ParseError:
        return


def test_a_body_is_not_read_beyond_its_limit():
    assert read_bounded(io.BytesIO(b"12345"), 5) == b"12345"
    stream = io.BytesIO(b"1" * 100)
    with pytest.raises(PayloadTooLarge):
        read_bounded(stream, 5)
    assert stream.tell() == 6
    with pytest.raises(PayloadTooLarge):
        read_bounded(io.BytesIO(b""), 5, declared=6)


# -- Through the door


@pytest.fixture
def alice(client_for):
    return client_for(make_user("alice"))


def send(client, raw, kind="application/json", **extra):
    return client.generic("POST", PRESIGN, raw, content_type=kind, **extra)


def test_ten_megabytes_are_a_413_in_our_own_shape(alice):
    raw = b'{"filename": "' + b"x" * 10 * 1024 * 1024 + b'"}'
    answer = send(alice, raw)
    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")
    lied = send(alice, raw, CONTENT_LENGTH=str(2 * 1024 * 1024))
    assert lied.status_code == 413


@pytest.mark.parametrize(
    "raw,status,code",
    [
        (b"{", 400, "malformed"),
        (nested(50_000), 400, "malformed"),
        (b'{"filename": "\\ud800"}', 400, "malformed"),
        (b'{"filename": "\\u0000"}', 400, "malformed"),
        (b"", 400, "invalid"),
        (b"   ", 400, "invalid"),
        (b"[]", 400, "invalid"),
        (b'"text"', 400, "invalid"),
        (b"null", 400, "invalid"),
        (b"7", 400, "invalid"),
        (b'{"size": 1000000000000000000000000000000}', 400, "invalid"),
        (b'{"size": 1e308}', 400, "invalid"),
        (b'{"filename": {"a": 1}}', 400, "invalid"),
    ],
    ids=lambda raw: repr(raw)[:24],
)
def test_bad_bodies_are_answered_with_400(raw, status, code, alice):
    answer = send(alice, raw)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/xml", "nonsense"]
)
def test_other_kinds_of_body_are_a_415(kind, alice):
    answer = send(alice, b"a=1", kind)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "application/json; case=camel"])
def test_parameters_of_the_kind_do_no_harm(kind, alice):
    assert send(alice, b'{"filename": "a.csv", "contentType": "text/csv"}', kind).status_code == 201


def test_both_spellings_count_but_not_at_once(alice):
    answer = send(alice, b'{"filename": "a.csv", "contentType": "text/csv", "content_type": "text/csv"}')
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["content_type"])
    unknown = send(alice, b'{"filename": "a.csv", "content_type": "text/csv", "colour": "red"}')
    assert unknown.json()["fields"] == {"colour": ["Unknown field."]}
