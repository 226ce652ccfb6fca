"""Voxels from chunks: those of `voxelize`, whatever the chunks; and the frame that they stand in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bscnet.clouds.points import Points, Survey
from bscnet.data.voxelize import voxelize
from bscnet.errors import InputError
from bscnet.prediction.features import CloudFeatures
from bscnet.prediction.frame import Frame, OutsideError, coords_of, frame_of
from bscnet.prediction.voxel_sums import VoxelSummer, VoxelSums
from bscnet.sparse.limits import MAX_COORD, MIN_COORD
from fixtures.sites import PROPERTY

SCAN = Path("scan.ply")
RGB = CloudFeatures(("rgb",))


def pieces(points: np.ndarray, colors: np.ndarray, cuts: list[int]) -> list[Points]:
    chunks = zip(np.split(points, cuts), np.split(colors, cuts), strict=True)
    return [Points((p[:, 0], p[:, 1], p[:, 2]), c, {}, np.arange(len(p))) for p, c in chunks if len(p)]


def surveyed(points: np.ndarray) -> Survey:
    return Survey(points.min(axis=0), points.max(axis=0), len(points), 0, "255")


def voxels_of(points: np.ndarray, colors: np.ndarray, cuts: list[int], size: float) -> tuple[Frame, VoxelSums]:
    frame, summer = frame_of(surveyed(points), size, SCAN), VoxelSummer()
    for piece in pieces(points, colors, cuts):
        summer.add(*frame.distinct(piece.axes), RGB.measures(piece, frame))
    return frame, summer.result()


@PROPERTY
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 400),
    cuts=st.lists(st.integers(0, 400), max_size=12),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_any_chunks_give_the_voxels_of_the_whole(seed: int, count: int, cuts: list[int], dtype: type) -> None:
    rng = np.random.default_rng(seed)
    points = (rng.normal(size=(count, 3)) * 0.4 + [700_000.0, -3.0, 0.1]).astype(dtype).astype(float)
    colors = rng.integers(0, 256, size=(count, 3), dtype=np.uint8)
    cuts = sorted(cut for cut in cuts if cut < count)
    frame, found = voxels_of(points, colors, cuts, 0.1)
    _, whole = voxels_of(points, colors, [], 0.1)
    for one, other in zip((found.keys, found.sums, found.counts), (whole.keys, whole.sums, whole.counts), strict=True):
        np.testing.assert_array_equal(one, other)
    low, high = points.min(axis=0), points.max(axis=0)
    wanted = voxelize((points - (low / 2 + high / 2)) / 0.1 + 0.5, colors / 127.5 - 1)
    np.testing.assert_array_equal(coords_of(found.keys), wanted.coords)
    feats = RGB(found, frame, 0.1)
    np.testing.assert_allclose(feats, wanted.feats, atol=1e-6)
    assert found.counts.sum() == count and feats.dtype == np.float32
    parts = [frame.distinct(piece.axes) for piece in pieces(points, colors, cuts)]
    rows = np.concatenate([np.searchsorted(found.keys, keys)[rows] for keys, rows in parts])
    np.testing.assert_array_equal(rows, wanted.point_to_voxel)


def test_the_largest_cloud_that_fits_and_the_next() -> None:
    colors = np.zeros((2, 3), np.uint8)
    side = 2 * MAX_COORD - 2
    _, found = voxels_of(np.array([[0, 0, 0], [side, side, 0]], float) * 0.5, colors, [], 0.5)
    coords = coords_of(found.keys)
    assert coords.min() >= MIN_COORD and coords.max() <= MAX_COORD
    for far in (side + 3, 1e30, 1.5e308):
        ends = np.array([[-far / 2, 0, 0], [far / 2, 0, 0]])
        with pytest.raises(
            InputError, match=r"scan.ply: .* voxels of 1 m large, .*is its unit of length the right one"
        ):
            frame_of(surveyed(ends), 1.0, SCAN)


def test_places_as_coarse_as_the_voxel_coordinates_are_refused() -> None:
    """At 1e20 metres the next float64 is 16384 metres away: the middle of two neighbours is one of them."""
    low = np.array([1e20, 0, 0])
    high = np.array([np.nextafter(1e20, np.inf) + 3 * 16384, 0, 0])
    with pytest.raises(InputError, match="voxels of 1 m large"):
        frame_of(Survey(low, high, 2, 0, "255"), 1.0, SCAN)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("way", [-1.0, 1.0])
def test_a_point_beyond_the_box_is_no_voxel_of_another_row(axis: int, way: float) -> None:
    points = np.random.default_rng(5).uniform(-1, 1, (20_000, 3))  # more than are numbered at once
    frame = frame_of(surveyed(points), 0.1, SCAN)
    keys, rows = frame.distinct(list(points.T))
    np.testing.assert_array_equal(coords_of(keys)[rows], np.floor(frame.positions(list(points.T))))
    points[17_000, axis] = 1.2 * way
    with pytest.raises(OutsideError):
        frame.distinct(list(points.T))


@PROPERTY
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 200),
    voxels=st.integers(1, 20),
    largest=st.sampled_from([1, 255, 1 << 40, (1 << 53) // 200 + 1, 1 << 55]),
)
def test_sums_of_any_size_are_exact(seed: int, count: int, voxels: int, largest: int) -> None:
    rng = np.random.default_rng(seed)
    rows, values = rng.integers(0, voxels, count), rng.integers(-largest, largest + 1, (2, count))
    summer = VoxelSummer()
    summer.add(np.arange(voxels), rows, list(values))
    found = summer.result()
    for voxel in range(voxels):
        wanted = [sum(int(value) for value in column[rows == voxel]) for column in values]
        assert found.sums[voxel].tolist() == wanted and found.counts[voxel] == (rows == voxel).sum()
