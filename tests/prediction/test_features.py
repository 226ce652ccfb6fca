"""Features of a cloud's voxels: those of training, whatever the chunks; and what a model's recipe may ask for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bscnet.data.features import FeatureRecipe
from bscnet.data.scan import Scan
from bscnet.data.voxelize import voxelize
from bscnet.errors import InputError
from bscnet.prediction.cloud import Chunk
from bscnet.prediction.features import CloudFeatures
from bscnet.prediction.frame import frame_of
from bscnet.prediction.voxel_sums import VoxelSummer, VoxelSums
from fixtures.sites import PROPERTY

SIZE = 0.1
RANGES = {"intensity": (0.0, 65535.0), "echo": (-1.0, 1.0)}
NAMES = ("rgb", "one", "height", "offset", *RANGES)


def cloud(count: int, seed: int) -> Chunk:
    rng = np.random.default_rng(seed)
    points = (rng.normal(size=(count, 3)) * [1.0, 0.7, 0.3] + [9.0, -4.0, 2.0]).astype(np.float32)
    colors = rng.integers(0, 256, size=(count, 3), dtype=np.uint8)
    intensity = rng.integers(0, 65536, size=count, dtype=np.uint16)
    values = {"intensity": intensity, "echo": rng.normal(size=count).astype(np.float32)}
    return Chunk((points[:, 0], points[:, 1], points[:, 2]), colors, values)


def cut(chunk: Chunk, places: list[int]) -> list[Chunk]:
    def parts(array: np.ndarray) -> list[np.ndarray]:
        return np.split(array, sorted(place for place in places if 0 < place < len(chunk)))

    x, y, z = (parts(axis) for axis in chunk.axes)
    values = {name: parts(array) for name, array in chunk.values.items()}
    pieces = zip(x, y, z, parts(chunk.colors), strict=True)
    return [
        Chunk((px, py, pz), colors, {name: values[name][i] for name in values})
        for i, (px, py, pz, colors) in enumerate(pieces)
        if len(px)
    ]


def made(names: tuple[str, ...], chunks: list[Chunk]) -> tuple[np.ndarray, VoxelSums]:
    features = CloudFeatures(names, 127.5, -1.0, {name: RANGES[name] for name in names if name in RANGES})
    frame, summer = frame_of(chunks, SIZE, Path("scan.ply")), VoxelSummer()
    for chunk in chunks:
        summer.add(frame.keys(chunk), features.measures(chunk, frame))
    return features(summer.result(), frame, SIZE), summer.result()


def wanted(names: tuple[str, ...], chunk: Chunk) -> np.ndarray:
    """What training's own recipe makes of the cloud as a scan, on the same grid."""
    points = np.stack(chunk.axes, axis=1)
    extra = {
        "intensity": (chunk.values["intensity"] / 32767.5 - 1).astype(np.float32),
        "echo": chunk.values["echo"],
    }
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


def test_a_cloud_in_millimetres_has_heights_in_metres() -> None:
    chunk = cloud(50, 0)
    x, y, z = (axis * np.float32(1000) for axis in chunk.axes)
    small = Chunk((x, y, z), chunk.colors)
    features, frame = CloudFeatures(("height",), 1.0, 0.0), frame_of([small], 1000 * SIZE, Path("scan.ply"))
    summer = VoxelSummer()
    summer.add(frame.keys(small), features.measures(small, frame))
    heights = features(summer.result(), frame, SIZE)
    span = float(chunk.axes[2].max() - chunk.axes[2].min())
    assert -1e-6 <= heights.min() < SIZE and span - SIZE < heights.max() <= span + 1e-6


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1e30])
def test_values_that_no_training_scan_has_are_refused(bad: float) -> None:
    chunk = cloud(9, 0)
    chunk.values["echo"][4] = bad
    with pytest.raises(InputError, match=rf"the echo {bad:g}.* trained on -1 to 1".replace("+", r"\+")):
        made(("echo",), [chunk])


def test_recipes_of_a_description() -> None:
    rgb: dict[str, Any] = {"kind": "rgb", "scale": 127.5, "offset": -1}
    assert CloudFeatures.of(rgb) == CloudFeatures(("rgb",), 127.5, -1)
    named = CloudFeatures.of({**rgb, "kind": "cloud", "names": ["echo", "one", "intensity"], "ranges": RANGES})
    assert named.names == ("echo", "one", "intensity") and list(named.measured) == ["echo", "intensity"]
    assert named.ranges["intensity"] == (0.0, 65535.0) and not named.colored
    with pytest.raises(InputError, match=r"a cloud's file does not give \(one, depth\)"):
        CloudFeatures.of({"kind": "given", "names": ["one", "depth"]})
