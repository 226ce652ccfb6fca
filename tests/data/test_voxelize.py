from __future__ import annotations

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bscnet.data.distinct import distinct
from bscnet.data.voxelize import Voxels, voxelize
from bscnet.errors import InputError
from bscnet.sparse.coordinates import MAX_COORD, MIN_COORD
from oracles.voxels import voxelize_slow


def assert_same_as_definition(positions: np.ndarray, feats: np.ndarray) -> Voxels:
    voxels = voxelize(positions, feats)
    means, cells = voxelize_slow(positions, feats)
    assert voxels.coords.dtype == np.int32 and voxels.feats.dtype == np.float32
    assert [tuple(site) for site in voxels.coords.tolist()] == sorted(means)
    assert [tuple(site) for site in voxels.coords[voxels.point_to_voxel].tolist()] == cells
    np.testing.assert_array_equal(voxels.feats, np.array([means[cell] for cell in sorted(means)], dtype=np.float32))
    return voxels


# one voxel; many points each; a few each; nearly all alone, by runs of cells; by sorting
@pytest.mark.parametrize("spread", [0.4, 3.0, 20.0, 90.0, 3000.0])
@pytest.mark.parametrize("middle", [0.0, -500.0, 20000.0])
def test_matches_the_definition(spread: float, middle: float) -> None:
    rng = np.random.default_rng(1)
    positions = rng.uniform(0, spread, (500, 3)) + np.array([middle, -middle / 2, middle / 3])
    assert_same_as_definition(positions, rng.standard_normal((500, 3)).astype(np.float32))


@settings(max_examples=60, deadline=None)
@given(
    positions=hnp.arrays(
        np.float64, st.tuples(st.integers(1, 30), st.just(3)), elements=st.floats(-200.0, 200.0, allow_subnormal=False)
    )
)
def test_matches_the_definition_anywhere(positions: np.ndarray) -> None:
    feats = np.arange(len(positions) * 2, dtype=np.float32).reshape(-1, 2)
    assert_same_as_definition(positions, feats)


def test_one_point_makes_one_voxel() -> None:
    voxels = voxelize(np.array([[-0.5, 0.0, 2.0]]), np.array([[0.25]]))
    assert voxels.coords.tolist() == [[-1, 0, 2]]
    assert voxels.feats.tolist() == [[0.25]]
    assert voxels.point_to_voxel.tolist() == [0]


def test_the_ends_of_the_range_are_allowed_and_no_more() -> None:
    feats = np.zeros((2, 1), dtype=np.float32)
    ends = np.array([[MIN_COORD, 0, 0], [MAX_COORD + 0.9, 0, 0]], dtype=np.float64)
    assert voxelize(ends, feats).coords[:, 0].tolist() == [MIN_COORD, MAX_COORD]
    for beyond in (MIN_COORD - 0.1, MAX_COORD + 1.0):
        with pytest.raises(InputError, match="key range"):
            voxelize(np.array([[0, 0, 0], [0, beyond, 0]], dtype=np.float64), feats)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_refuses_what_is_not_finite(value: float) -> None:
    with pytest.raises(InputError, match="not finite"):
        voxelize(np.array([[0.0, value, 0.0]]), np.zeros((1, 1)))


def test_refuses_no_points() -> None:
    with pytest.raises(InputError, match="at least one"):
        voxelize(np.zeros((0, 3)), np.zeros((0, 3)))


@pytest.mark.parametrize("length", [64_000, 64_001, 64_002])
def test_a_sparse_line_up_to_its_last_cell(length: int) -> None:
    """By runs of 64 cells, of which the last may be a single cell."""
    cells = np.unique(np.random.default_rng(5).integers(0, length, 60))
    cells[[0, -1]] = 0, length - 1
    positions = np.zeros((len(cells), 3))
    positions[:, 1] = cells - 32_000
    voxels = voxelize(positions, cells[:, None].astype(np.float32))
    assert voxels.coords[:, 1].tolist() == (cells - 32_000).tolist()
    assert voxels.feats[:, 0].tolist() == cells.tolist()


@pytest.mark.parametrize("type_", [np.float32, np.float64])
def test_many_points_are_packed_in_parts(type_: type) -> None:
    rng = np.random.default_rng(3)
    positions = (rng.uniform(0, 30, (40_000, 3)) - 12.5).astype(type_)
    voxels = assert_same_as_definition(positions, rng.standard_normal((40_000, 2)).astype(np.float32))
    assert 20_000 < len(voxels.coords) < 27_000


@pytest.mark.parametrize(
    "cells", [1, 63, 64, 65, 10_000, 10_001, 70_000, 64 * 157 + 1, 64_001, 639_999, 640_001, 10**12]
)
def test_every_way_to_number_cells_gives_the_same(cells: int) -> None:
    keys = np.random.default_rng(4).integers(0, cells, 300)
    keys[:2] = 0, cells - 1
    unique, rows = distinct(keys, cells)
    expected, expected_rows = np.unique(keys, return_inverse=True)
    np.testing.assert_array_equal(unique, expected)
    np.testing.assert_array_equal(rows, expected_rows)
    assert rows.dtype == np.int32
