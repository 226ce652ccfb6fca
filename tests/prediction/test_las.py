"""LAS and LAZ read a chunk at a time: the points of the reader of whole clouds, and every damage one sentence."""

from __future__ import annotations

from pathlib import Path

import laspy
import numpy as np
import pytest

from bscnet.data.folder.formats import read_cloud
from bscnet.errors import InputError
from bscnet.prediction.cloud import Chunk
from bscnet.prediction.formats import open_cloud

COLORS = ("red", "green", "blue")


def write_las(path: Path, points: int = 500, colors: int | None = 65536, point_format: int = 7) -> Path:
    rng = np.random.default_rng(0)
    header = laspy.LasHeader(point_format=point_format, version="1.4")
    header.offsets, header.scales = np.array([400_000.0, 5_000_000.0, 100.0]), np.full(3, 0.001)
    las = laspy.LasData(header)
    las.xyz = rng.random((points, 3)) * [40, 30, 10] + header.offsets
    las.intensity = rng.integers(0, 65536, points, dtype=np.uint16)
    if colors is not None:
        for name in COLORS:
            las[name] = rng.integers(0, colors, points, dtype=np.uint16)
    las.write(str(path))
    return path


def joined(path: Path, size: int, colored: bool, *values: str) -> tuple[np.ndarray, np.ndarray, list[Chunk]]:
    chunks = list(open_cloud(path, colored, values).chunks(size))
    points = np.concatenate([np.stack(chunk.axes, axis=1) for chunk in chunks])
    return points, np.concatenate([chunk.colors for chunk in chunks]), chunks


@pytest.mark.parametrize("ending", [".las", ".laz"])
@pytest.mark.parametrize("size", [1, 77, 10_000])
def test_chunks_are_the_points_of_the_file(ending: str, size: int, tmp_path: Path) -> None:
    path = write_las(tmp_path / f"scan{ending}", 200 if size == 1 else 500)
    whole = read_cloud(path)
    points, colors, chunks = joined(path, size, True, "Intensity")
    assert points.dtype == np.float64 and colors.dtype == np.uint8
    np.testing.assert_array_equal(points, np.stack([whole.columns[axis] for axis in "xyz"], axis=1))
    np.testing.assert_array_equal(colors, np.stack([whole.columns[name] >> 8 for name in COLORS], axis=1))
    intensity = np.concatenate([chunk.values["Intensity"] for chunk in chunks])
    np.testing.assert_array_equal(intensity, whole.columns["intensity"])
    assert all(len(chunk) == size for chunk in chunks[:-1])


def test_colours_of_eight_bits_stay(tmp_path: Path) -> None:
    path = write_las(tmp_path / "scan.las", colors=256)
    whole = read_cloud(path)
    _, colors, _ = joined(path, 100, True)
    np.testing.assert_array_equal(colors, np.stack([whole.columns[name] for name in COLORS], axis=1))


def test_what_the_network_needs_has_to_be_there(tmp_path: Path) -> None:
    path = write_las(tmp_path / "scan.las", colors=None, point_format=6)
    assert (joined(path, 100, False)[1] == 128).all()
    with pytest.raises(InputError, match=r"scan\.las: the points have no colours, the network needs them"):
        open_cloud(path)
    with pytest.raises(InputError, match=r"scan\.las: the points have no 'above_ground', the network needs it"):
        open_cloud(path, False, ["above_ground"])


@pytest.mark.parametrize("ending", [".las", ".laz"])
def test_every_damage_reads_or_is_refused(ending: str, tmp_path: Path) -> None:
    whole = write_las(tmp_path / f"scan{ending}", 60).read_bytes()
    path, rng = tmp_path / f"damaged{ending}", np.random.default_rng(1)
    refused = []
    for _ in range(150):
        content = bytearray(whole)
        for place in rng.integers(0, len(whole), 3):
            content[place] = rng.integers(256)
        path.write_bytes(bytes(content[: rng.integers(1, len(whole))] if rng.random() < 0.3 else content))
        try:
            joined(path, 25, True, "intensity")
        except InputError as error:
            refused.append(str(error))
    assert len(refused) > 30
    assert all(sentence.startswith(str(path)) and "\n" not in sentence for sentence in refused)
