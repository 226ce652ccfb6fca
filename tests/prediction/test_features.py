"""Features of a cloud's voxels: those of training, whatever the chunks; and what a model's recipe may ask for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bscnet.clouds.points import Points, Survey
from bscnet.clouds.reading import Reading
from bscnet.data.features import FeatureRecipe
from bscnet.data.scan import Scan
from bscnet.data.voxelize import voxelize
from bscnet.errors import InputError
from bscnet.prediction.features import CloudFeatures
from bscnet.prediction.frame import frame_of
from bscnet.prediction.voxel_sums import VoxelSummer, VoxelSums
from fixtures.sites import PROPERTY

SIZE = 0.1
READING = Reading(scale={"intensity": (0.0, 65535.0)})
NAMES = ("rgb", "one", "height", "offset", "intensity", "echo")


def cloud(count: int, seed: int) -> Points:
    rng = np.random.default_rng(seed)
    points = (rng.normal(size=(count, 3)) * [1.0, 0.7, 0.3] + [9.0, -4.0, 2.0]).astype(np.float32)
    colors = rng.integers(0, 256, size=(count, 3), dtype=np.uint8)
    intensity = rng.integers(0, 65536, size=count, dtype=np.uint16)
    values = {"intensity": READING.scaled("intensity", intensity), "echo": rng.normal(size=count)}
    x, y, z = points.astype(np.float64).T
    return Points((x, y, z), colors, values, np.arange(count))


def cut(chunk: Points, places: list[int]) -> list[Points]:
    def parts(array: np.ndarray) -> list[np.ndarray]:
        return np.split(array, sorted(place for place in places if 0 < place < len(chunk)))

    x, y, z = (parts(axis) for axis in chunk.axes)
    values = {name: parts(array) for name, array in chunk.values.items()}
    pieces = zip(x, y, z, parts(chunk.colors), strict=True)
    return [
        Points((px, py, pz), colors, {name: values[name][i] for name in values}, np.arange(len(px)))
        for i, (px, py, pz, colors) in enumerate(pieces)
        if len(px)
    ]


def surveyed(chunks: list[Points]) -> Survey:
    axes = np.concatenate([np.stack(chunk.axes) for chunk in chunks], axis=1)
    return Survey(axes.min(axis=1), axes.max(axis=1), axes.shape[1], 0, "255")


def made(names: tuple[str, ...], chunks: list[Points]) -> tuple[np.ndarray, VoxelSums]:
    features = CloudFeatures(names)
    frame, summer = frame_of(surveyed(chunks), SIZE, Path("scan.ply")), VoxelSummer()
    for chunk in chunks:
        summer.add(*frame.distinct(chunk.axes), features.measures(chunk, frame))
    return features(summer.result(), frame, SIZE), summer.result()


def wanted(names: tuple[str, ...], chunk: Points) -> np.ndarray:
    """What training's own recipe makes of the cloud as a scan, on the same grid."""
    points = np.stack(chunk.axes, axis=1).astype(np.float32)
    extra = {name: values.astype(np.float32) for name, values in chunk.values.items()}
    scan = Scan("scan", points, chunk.colors, np.zeros(len(points), np.int16), extra)
    exact = points.astype(float)
    positions = (exact - (exact.min(0) + exact.max(0)) / 2) / SIZE + 0.5
    return voxelize(positions, FeatureRecipe(names)(scan, positions)).feats


@PROPERTY
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 300),
    places=st.lists(st.integers(0, 300), max_size=6),
    names=st.permutations(NAMES).flatmap(lambda all_: st.integers(1, len(NAMES)).map(lambda n: tuple(all_[:n]))),
)
def test_features_are_those_of_training_in_any_order_and_from_any_chunks(
    seed: int, count: int, places: list[int], names: tuple[str, ...]
) -> None:
    chunk = cloud(count, seed)
    found, sums = made(names, cut(chunk, places))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, wanted(names, chunk), atol=2e-6)
    whole, sums_of_whole = made(names, [chunk])
    np.testing.assert_array_equal(sums.sums, sums_of_whole.sums)
    np.testing.assert_array_equal(found, whole)


@pytest.mark.parametrize("far", [1e7, -1e30])
def test_values_that_no_training_scan_has_are_refused(far: float) -> None:
    chunk = cloud(9, 0)
    chunk.values["echo"][4] = far
    with pytest.raises(
        InputError, match=rf"the value 'echo' of point 4 is {far:g} once it is scaled".replace("+", r"\+")
    ):
        made(("echo",), [chunk])


def test_measured_values_in_the_order_of_their_columns() -> None:
    features = CloudFeatures(("echo", "one", "intensity"))
    assert list(features.measured) == ["echo", "intensity"]
    chunk = cloud(1, 3)
    sums = made(("echo", "one", "intensity"), [chunk])[1].sums[0]
    assert sums[3:].tolist() == [round(float(chunk.values[name][0]) * 2**24) for name in ("echo", "intensity")]
