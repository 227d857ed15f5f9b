"""JSON by concat is the JSON that PostgreSQL itself would make, whatever stands in the values."""

import json

import pytest
from django.db import connection
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core import sqljson

pytestmark = pytest.mark.django_db


def made(expression, table, values=()):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {expression} FROM (VALUES ({table})) AS r (a)", values)
        return json.loads(cursor.fetchone()[0])


words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


@settings(max_examples=60, deadline=None)
@given(words)
@example('"')
@example("\\")
@example("\x01\n\t\x7f")
@example("{}")
@example("ü😀")
def test_a_text_comes_out_as_it_went_in(word):
    assert made(sqljson.json_object({"a": sqljson.text("r.a")}), "%s::varchar", [word]) == {"a": word}


@pytest.mark.parametrize(
    "value, sql, expected",
    [
        (sqljson.bare("r.a"), "42", 42),
        (sqljson.bare("r.a"), "true", True),
        (sqljson.bare("r.a"), "NULL::integer", None),
        (sqljson.bare("r.a"), "NULL::boolean", None),
        (sqljson.text("r.a"), "NULL::varchar", None),
        (sqljson.any_value("r.a"), "1.50::numeric", 1.5),
        (sqljson.any_value("r.a"), "'NaN'::numeric", "NaN"),
        (sqljson.any_value("r.a"), "NULL::numeric", None),
        (sqljson.any_value("r.a"), "'{\"b\": [1]}'::jsonb", {"b": [1]}),
        (sqljson.any_value("r.a"), "date '2026-02-28'", "2026-02-28"),
        (sqljson.plain("r.a", nullable=True), "NULL::text", None),
        (sqljson.uuid("r.a", nullable=True), "NULL::uuid", None),
        *(
            (
                sqljson.uuid("r.a", nullable=nullable),
                "'018f0000-0000-7000-8000-000000000001'::uuid",
                "018f0000-0000-7000-8000-000000000001",
            )
            for nullable in (True, False)
        ),
    ],
)
def test_values_of_all_kinds(value, sql, expected):
    assert made(sqljson.json_object({"a": value}), sql) == {"a": expected}


def test_more_values_than_a_function_takes():
    wide = {f"n{number}": sqljson.bare("r.a") for number in range(150)}
    assert made(sqljson.json_object(wide), "3") == dict.fromkeys(wide, 3)
