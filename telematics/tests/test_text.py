"""Rows read off the text of a batch are those that JSON has, and what is no JSON never becomes a sample."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telematics.ingest.columns import from_rows
from telematics.ingest.text import unrolled

ROW = '{"t":1,"speed":2.5,"rpm":-3}'
HEAD = '{"vehicleId":"x","samples":['
KEYS = st.sampled_from(["speed", "coolantTemp", "lat", "myBoost", "gpsSpeed"])
NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**53), 2**53),
    st.decimals(-1000, 1000, places=3).map(float),
)


def equal(table, rows):
    expected = from_rows(rows)
    assert table.names == expected.names
    assert np.array_equal(table.t, expected.t)
    assert np.array_equal(table.matrix, expected.matrix)


def test_rows_alike_are_read_off_the_text():
    body = f'{HEAD}{ROW},{ROW.replace("2.5", "0.1")}],"sentAt":5}}'.encode()
    found = unrolled(body)
    assert found.keys() == {"vehicleId", "samples", "sentAt"}
    equal(found["samples"], json.loads(body)["samples"])
    assert found["samples"].names == ["speed", "rpm"]


def test_t_may_stand_anywhere():
    body = b'{"samples":[{"speed":2,"t":7,"rpm":3},{"speed":4,"t":8,"rpm":5}]}'
    equal(unrolled(body)["samples"], json.loads(body)["samples"])


@settings(max_examples=60, deadline=None)
@given(keys=st.lists(KEYS, min_size=1, max_size=4, unique=True), data=st.data())
def test_what_is_read_off_is_what_json_says(keys, data):
    values = st.tuples(st.integers(0, 2**45), *[NUMBERS] * len(keys))
    rows = [
        dict(zip(["t", *keys], row, strict=True))
        for row in data.draw(st.lists(values, min_size=1, max_size=5))
    ]
    body = json.dumps({"samples": rows}, separators=(",", ":")).encode()
    found = unrolled(body)
    if any("e" in repr(value) for row in rows for value in row.values()):
        assert found is None  # exponents go the long way
    else:
        equal(found["samples"], rows)


@settings(max_examples=150, deadline=None)
@given(
    place=st.integers(0, 10**6),
    sign=st.sampled_from([*'0159.-+,:{}[]" eE\n/\\tx', "null", "1e5", '"t":2,']),
    cut=st.integers(0, 2),
)
def test_damaged_text_is_read_as_json_reads_it_or_not_at_all(place, sign, cut):
    whole = f'{HEAD}{",".join([ROW] * 3)}],"dtcs":["P0301"]}}'
    at = place % len(whole)
    text = whole[:at] + sign + whole[at + cut :]
    found = unrolled(text.encode())
    if found is None:
        return
    told = json.loads(text)  # raises where the text is no JSON
    equal(found.pop("samples"), told.pop("samples"))
    assert found == told


@pytest.mark.parametrize(
    "body",
    [
        f'{HEAD}{ROW},{ROW[:-1]},"x":1}}]}}',  # another row
        f'{HEAD}{ROW},{{"t":1,"rpm":2.5,"speed":-3}}]}}',  # another order
        f'{HEAD}{ROW},{{"t":1,"spe5ed":2,"rpm":-3}}]}}',  # a digit that is none of a value
        f'{HEAD}{ROW},{{"t":1,"speed"5:2,"rpm":-3}}]}}',
        f"{HEAD}{ROW}5,{ROW}]}}",
        f"{HEAD}{ROW.replace('2.5', '2.5.1')}]}}",
        f"{HEAD}{ROW.replace('2.5', '02')}]}}",
        f"{HEAD}{ROW.replace('2.5', '')}]}}",
        f"{HEAD}{ROW.replace('2.5', 'null')}]}}",
        f"{HEAD}{ROW.replace('2.5', '2e3')}]}}",
        f"{HEAD}{ROW.replace('rpm', 'speed')}]}}",  # twice the same
        f"{HEAD}{ROW.replace('rpm', 'vehicle_speed')}]}}",  # in two spellings
        f'{HEAD}{ROW}],"samples":3}}',  # the last one counts
        f'{{"dtcs":{HEAD}{ROW}]}}}}',  # not those of the batch
        f'{HEAD}{ROW}],"broken":}}',
        f"[{HEAD}{ROW}]}}]",
        f"{HEAD}{{}}]}}",
        f"{HEAD}{ROW}",
        '{"columns":{}}',
        "",
    ],
)
def test_anything_else_goes_the_long_way(body):
    assert unrolled(body.encode()) is None
