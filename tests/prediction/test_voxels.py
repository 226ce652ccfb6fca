"""Voxels from chunks: those of `voxelize`, whatever the chunks; and the frame that they stand in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bscnet.data.voxelize import voxelize
from bscnet.errors import InputError
from bscnet.prediction.cloud import Chunk
from bscnet.prediction.features import CloudFeatures
from bscnet.prediction.frame import Frame, coords_of, frame_of
from bscnet.prediction.voxel_sums import VoxelSummer, VoxelSums
from bscnet.sparse.limits import MAX_COORD, MIN_COORD
from fixtures.sites import PROPERTY

SCAN = Path("scan.ply")
RGB = CloudFeatures(("rgb",), 127.5, -1.0)


def pieces(points: np.ndarray, colors: np.ndarray, cuts: list[int]) -> list[Chunk]:
    chunks = zip(np.split(points, cuts), np.split(colors, cuts), strict=True)
    return [Chunk((p[:, 0], p[:, 1], p[:, 2]), c) for p, c in chunks if len(p)]


def voxels_of(chunks: list[Chunk], size: float) -> tuple[Frame, VoxelSums]:
    frame, summer = frame_of(chunks, size, SCAN), VoxelSummer()
    for chunk in chunks:
        summer.add(frame.keys(chunk), RGB.measures(chunk, frame))
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
    points = (rng.normal(size=(count, 3)) * 0.4 + [700_000.0, -3.0, 0.1]).astype(dtype)
    colors = rng.integers(0, 256, size=(count, 3), dtype=np.uint8)
    cuts = sorted(cut for cut in cuts if cut < count)
    frame, found = voxels_of(pieces(points, colors, cuts), 0.1)
    _, whole = voxels_of(pieces(points, colors, []), 0.1)
    for one, other in zip((found.keys, found.sums, found.counts), (whole.keys, whole.sums, whole.counts), strict=True):
        np.testing.assert_array_equal(one, other)
    low, high = points.astype(float).min(axis=0), points.astype(float).max(axis=0)
    wanted = voxelize((points.astype(float) - (low / 2 + high / 2)) / 0.1 + 0.5, colors / 127.5 - 1)
    np.testing.assert_array_equal(coords_of(found.keys), wanted.coords)
    feats = RGB(found, frame, 0.1)
    np.testing.assert_allclose(feats, wanted.feats, atol=1e-6)
    assert found.counts.sum() == count and feats.dtype == np.float32
    rows = np.searchsorted(found.keys, np.concatenate([frame.keys(c) for c in pieces(points, colors, cuts)]))
    np.testing.assert_array_equal(rows, wanted.point_to_voxel)
    within = np.abs(frame.centres(wanted.coords)[rows] - points.astype(float))
    assert (within <= 0.05 + 1e-7).all()


def test_the_largest_cloud_that_fits_and_the_next() -> None:
    colors = np.zeros((2, 3), np.uint8)
    side = 2 * MAX_COORD - 2
    _, found = voxels_of(pieces(np.array([[0, 0, 0], [side, side, 0]], float) * 0.5, colors, []), 0.5)
    coords = coords_of(found.keys)
    assert coords.min() >= MIN_COORD and coords.max() <= MAX_COORD
    for far in (side + 3, 1e30, 1.5e308):
        ends = np.array([[-far / 2, 0, 0], [far / 2, 0, 0]])
        with pytest.raises(InputError, match=r"scan.ply: .*is it in metres\? Give --voxel-size"):
            frame_of(pieces(ends, colors, []), 1.0, SCAN)


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 1, 7])
def test_a_coordinate_that_is_not_finite_is_named(odd: float, place: int) -> None:
    points = np.zeros((8, 3), np.float32)
    points[place, 1] = odd
    with pytest.raises(InputError, match=f"scan.ply: the coordinates of point {place} are not finite"):
        frame_of(pieces(points, np.zeros((8, 3), np.uint8), [3]), 0.1, SCAN)
