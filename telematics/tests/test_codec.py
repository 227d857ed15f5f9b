"""Packing is exact for whatever a device may send."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from telematics.codec import BadSegment, decode, encode
from telematics.drives import drive
from telematics.signals import BY_NAME, SIGNALS
from telematics.tests.making import same

ANY = st.floats(allow_nan=True, allow_infinity=True)
TIDY = st.integers(-(10**9), 10**9).flatmap(
    lambda whole: st.sampled_from([whole, whole / 10, whole / 1000, whole / 10**6])
)
COLUMN = st.one_of(
    st.just(ANY), st.just(TIDY), st.just(st.one_of(TIDY, st.just(float("nan")), ANY)), st.just(st.just(3.0))
)


@st.composite
def tables(draw):
    steps = draw(
        st.lists(st.integers(1, draw(st.sampled_from([1, 1000, 10**7, 10**11]))), min_size=1, max_size=60)
    )
    t = draw(st.integers(0, 10**13)) + np.cumsum(np.array(steps, np.int64))
    ids = draw(st.lists(st.sampled_from([1, 2, 13, 25, 1000, 1063]), unique=True, max_size=5))
    columns = [draw(st.lists(draw(COLUMN), min_size=len(steps), max_size=len(steps))) for _ in ids]
    return t, ids, np.array(columns, np.float64).reshape(len(ids), len(steps))


def name_of(signal):
    return next((known.name for known in SIGNALS if known.id == signal), f"signal_{signal}")


@settings(max_examples=300, deadline=None)
@given(tables())
def test_every_value_comes_back(table):
    t, ids, matrix = table
    found = decode(encode(t, ids, matrix))
    assert found.t.tolist() == t.tolist()
    assert list(found.signals) == [name_of(signal) for signal in ids]
    for signal, values in zip(ids, matrix, strict=True):
        np.testing.assert_array_equal(found.signals[name_of(signal)], values)
        one = decode(encode(t, ids, matrix), only=[name_of(signal)])
        np.testing.assert_array_equal(one.signals[name_of(signal)], values)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 400), st.integers(0, 255))
def test_broken_bytes_are_refused_or_harmless(noise, place, byte):
    """zstd's header has a few bits that say nothing of the content."""
    whole = drive(50, 50)
    names = list(whole.signals)
    data = bytearray(encode(whole.t, [BY_NAME[n].id for n in names], np.stack(list(whole.signals.values()))))
    data[place % len(data)] ^= byte or 1
    for broken in (bytes(data), noise, bytes(data[: place % len(data)])):
        try:
            found = decode(broken)
        except BadSegment:
            continue
        assert same(found, whole)


def test_a_drive_takes_less_than_twelve_bytes_a_sample():
    whole = drive(1_704_110_400_000, 3600)
    names = ["speed", "rpm", "coolant_temp", "throttle", "fuel_rate", "odometer", "lat", "lon"]
    matrix = np.stack([whole.signals[name] for name in names])
    sizes = [
        len(encode(whole.t[a : a + 600], [BY_NAME[n].id for n in names], matrix[:, a : a + 600]))
        for a in range(0, 3600, 600)
    ]
    assert sum(sizes) / 3600 < 12


def test_signals_are_numbered_once():
    assert len({signal.id for signal in SIGNALS}) == len({signal.name for signal in SIGNALS}) == len(SIGNALS)
    assert all(0 < signal.id < 1000 and signal.low < signal.high for signal in SIGNALS)
