"""LAS and LAZ read a chunk at a time: the points of the reader of whole clouds, and every damage one sentence."""

from __future__ import annotations

from pathlib import Path

import laspy
import numpy as np
import pytest

from bscnet import runtime
from bscnet.cli.predict import report
from bscnet.datasets.folder.formats import read_cloud
from bscnet.errors import InputError
from bscnet.prediction.cloud import Chunk
from bscnet.prediction.formats import open_cloud
from bscnet.prediction.label_cloud import label_cloud
from bscnet.viz.palette import class_palette
from fixtures.clouds import room
from fixtures.model_files import random_program

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


def in_feet(path: Path, points: np.ndarray) -> Path:
    """A file whose coordinate system has the unit of US survey feet."""
    header = laspy.LasHeader(point_format=6, version="1.4")
    header.offsets, header.scales = points.min(axis=0), np.full(3, 1e-5)
    keys = laspy.vlrs.known.GeoKeyDirectoryVlr()
    keys.geo_keys = [laspy.vlrs.known.GeoKeyEntryStruct(3076, 0, 1, 9003)]
    header.vlrs.append(keys)
    las = laspy.LasData(header)
    las.xyz = points
    las.write(str(path))
    return path


def test_a_file_in_feet_gets_the_models_voxels(tmp_path: Path) -> None:
    cloud = room(3000)
    metres = np.stack([cloud[axis] for axis in "xyz"], axis=1).astype(np.float64)
    np.savez(tmp_path / "metres.npz", points=metres)
    program = random_program(1, in_channels=1, num_classes=5)
    program.description["features"] = {
        "kind": "cloud", "names": ["height"], "scale": 1.0, "offset": 0.0, "ranges": {},
    }  # fmt: skip
    session = runtime.loads(program.to_bytes())
    done = [
        label_cloud(session, path, tmp_path / "out.ply", class_palette(5))
        for path in (tmp_path / "metres.npz", in_feet(tmp_path / "feet.las", metres * 3937 / 1200))
    ]
    assert [one.units for one in done] == [None, "us-ft"]
    assert done[1].frame.voxel_size == pytest.approx(0.05 * 3937 / 1200)
    # rounding to the file's steps moves hardly a point into another voxel
    assert abs(len(done[0].voxels) - len(done[1].voxels)) < 5
    assert np.abs(done[0].points_of_class - done[1].points_of_class).max() < 30
    assert "and the model's voxels of 0.05 m are taken" in report(done[1], session, None, 0.0, 0.0, 1.0)
    assert "trained on voxels of 0.164" in report(done[1], session, 0.05, 0.0, 0.0, 1.0)
