"""Laws of the comparison and of the statistics."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safety.calibration import CalibrationMap
from safety.diff import changed, compare, diff, interpolate, regions
from safety.rules.compare_tables import isolated
from safety.statistics import isolated_spike, load_step, residuals
from safety.tests.build import LOAD, RPM, codes, run, table, tune, ve
from safety.tests.build import changed as changed_tune

SEEDS = st.integers(0, 10_000)
FEW = settings(max_examples=25, deadline=None)


def _surface(seed: int):
    rng = np.random.default_rng(seed)
    return rng.uniform(20, 90, (16, 16))


@FEW
@given(SEEDS)
def test_a_table_does_not_differ_from_itself(seed):
    own = table("ve", _surface(seed))
    assert not changed(compare("ve", own, own))


@FEW
@given(SEEDS)
def test_the_difference_turns_its_sign(seed):
    first, second = table("ve", _surface(seed)), table("ve", _surface(seed + 1))
    there, back = compare("ve", first, second), compare("ve", second, first)
    np.testing.assert_allclose(there.delta, -back.delta)


@FEW
@given(SEEDS)
def test_a_surface_on_finer_axes_is_the_same_surface(seed):
    """Inserting bins changes nothing that an ECU would look up."""
    rng = np.random.default_rng(seed)
    base = table("ve", _surface(seed))
    x = np.unique(np.concatenate([RPM, rng.uniform(RPM[0], RPM[-1], 5)]))
    y = np.unique(np.concatenate([LOAD, rng.uniform(LOAD[0], LOAD[-1], 5)]))
    finer = table("ve", interpolate(base, x, y), x=x, y=y)
    pair = compare("ve", finer, base)
    assert pair.realigned
    np.testing.assert_allclose(pair.delta, 0, atol=1e-9)


@FEW
@given(SEEDS)
def test_beyond_its_axes_a_table_holds_its_edge(seed):
    base = table("ve", _surface(seed))
    corner = interpolate(base, np.array([RPM[-1] + 5000]), np.array([LOAD[-1] + 100]))
    assert corner[0, 0] == base.z[-1, -1]


def test_tables_of_other_shape_on_broken_axes_are_not_compared():
    broken = table("ve", np.ones((16, 16)), x=RPM[::-1])
    small = table("ve", np.ones((8, 8)), x=RPM[:8], y=LOAD[:8])
    assert compare("ve", broken, small) is None


def test_a_broken_axis_of_the_same_shape_is_compared_cell_by_cell():
    broken = table("ve", ve() + 1, x=RPM[::-1])
    pair = compare("ve", broken, table("ve", ve()))
    assert pair.by_index
    np.testing.assert_allclose(pair.delta, 1)


def test_switched_off_tables_are_not_compared():
    off = tune({"ve": replace(tune().tables["ve"], enabled=False)})
    assert "ve" not in diff(off, tune())


@FEW
@given(SEEDS)
def test_a_tune_beside_itself_gives_no_difference_findings(seed):
    rng = np.random.default_rng(seed)
    own = changed_tune("ve", lambda z: z + rng.normal(0, 1, z.shape))
    assert not {code for code in codes(run(own, base=own)) if code.startswith("DIFF")}


@FEW
@given(st.lists(st.booleans(), min_size=30, max_size=30))
def test_regions_part_the_mask(bits):
    mask = np.array(bits).reshape(5, 6)
    groups = regions(mask)
    total = sum((group.astype(int) for group in groups), np.zeros((5, 6), dtype=int))
    assert (total == mask.astype(int)).all()


@FEW
@given(SEEDS, st.integers(0, 15), st.integers(0, 15))
def test_planes_have_no_residuals_and_a_spike_is_found(seed, row, col):
    rng = np.random.default_rng(seed)
    a, b, c = rng.uniform(-2, 2, 3)
    plane = a + b * np.arange(16)[:, None] + c * np.arange(16)[None, :]
    np.testing.assert_allclose(residuals(plane), 0, atol=1e-9)
    plane[row, col] += 20
    spike = isolated_spike(plane)
    assert (spike.row, spike.col) == (row, col)
    assert spike.residual == pytest.approx(20, rel=0.6)


def test_a_step_along_a_column_is_no_spike():
    z = np.full((16, 16), 30.0)
    z[:, 0] = 10
    assert isolated_spike(z) is None


def test_a_block_is_found_by_its_lower_edge():
    z = np.repeat(np.linspace(40, 20, 16)[:, None], 16, axis=1)
    z[12:, 5:] += 8
    step = load_step(z, 5, 2, relative=False, rising=True)
    assert (step.row, round(step.size, 1)) == (12, 8.0)
    assert step.col >= 5


def test_an_isolated_change_and_a_re_tuned_table():
    size = np.full((16, 16), 8.0)
    single = np.zeros((16, 16))
    single[4, 4] = 10
    assert isolated(single, size).sum() == 1
    rng = np.random.default_rng(3)
    assert not isolated(single + rng.normal(0, 4, (16, 16)), size).any()


def test_a_map_survives_the_way_through_json(synthetic):
    from safety import engine

    found = engine.read(*synthetic("motorcycle_2cyl_na_e85_1_stock.msq"))
    again = CalibrationMap.from_dict(found.to_dict())
    assert again.to_dict() == found.to_dict()
