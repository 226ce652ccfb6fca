"""NPZ archives given back with arrays behind their own, and any other cloud as arrays."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from plyfile import PlyData, PlyElement

from bscnet import runtime
from bscnet.clouds import CloudFile, open_cloud
from bscnet.clouds.arrays import ArrayCloud
from bscnet.clouds.writer import Target, writer_of
from bscnet.errors import InputError
from bscnet.prediction.label_file import label_file
from bscnet.prediction.labeller import Labeller
from fixtures.model_files import random_program
from fixtures.written_clouds import write_cloud

COUNT = 23
RNG = np.random.default_rng(0)
POINTS = RNG.normal(size=(COUNT, 3)) + 6_254_321.0001
LABELS = RNG.integers(0, 256, COUNT).astype(np.uint8)
ADDED = {"label": LABELS, "confidence": RNG.random(COUNT, np.float32)}
SHADES = {color: RNG.integers(0, 256, COUNT).astype(np.uint8) for color in ("red", "green", "blue")}
RGB = np.stack(list(SHADES.values()), axis=1)


def write(
    source: CloudFile,
    path: Path,
    added: Mapping[str, np.ndarray] = ADDED,
    shades: Mapping[str, np.ndarray] | None = None,
    **options: Any,
) -> bytes:
    return write_cloud(source, path, added, shades, **options)


def read(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=True) as archive:
        return {name: archive[name] for name in archive.files}


def same(found: np.ndarray, expected: np.ndarray) -> bool:
    """Also in byte order and in the order of the indices."""
    layout = found.flags.f_contiguous == expected.flags.f_contiguous
    return (
        found.dtype == expected.dtype
        and found.dtype.byteorder == expected.dtype.byteorder
        and layout
        and (found.shape == expected.shape and (found.tobytes() == expected.tobytes() or found.dtype.hasobject))
    )


def arrays() -> dict[str, Any]:
    return {
        "names": np.array(["wall", None, {"a": 1}], object), "Label": np.arange(COUNT).astype(">i2"),
        "points": np.asfortranarray(POINTS), "site": np.array("a place"), "pose": np.eye(4),
        "normals": RNG.normal(size=(COUNT, 3)).astype(">f4"), "words": np.array(["wall"] * COUNT),
        "colors": (RGB[::-1].astype(np.uint16) * 257), "flag": np.ones((COUNT, 1), bool),
    }  # fmt: skip


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_every_array_is_given_back_byte_for_byte(tmp_path: Path, method: int) -> None:
    own, path = arrays(), tmp_path / "a.npz"
    np.savez(tmp_path / "plain.npz", **own)
    with zipfile.ZipFile(tmp_path / "plain.npz") as plain, zipfile.ZipFile(path, "w", method) as archive:
        for name in plain.namelist():
            archive.writestr(name, plain.read(name))
        archive.writestr("readme.txt", "by hand", zipfile.ZIP_STORED)
        archive.comment = b"of a robot"
    write(open_cloud(path), tmp_path / "b.npz")
    found = read(tmp_path / "b.npz")
    names = [{"Label": "Label_input"}.get(name, name) for name in own]
    assert list(found) == [*names, "readme.txt", "label", "confidence"]
    for name, column in zip(names, own.values(), strict=True):
        assert same(found[name], column), name
    assert all(same(found[name], column) for name, column in ADDED.items())
    assert found["names"].tolist() == own["names"].tolist()
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(tmp_path / "b.npz") as after:
        assert after.comment == before.comment and after.testzip() is None
        for old, new in zip(before.infolist(), after.infolist(), strict=False):
            assert before.read(old) == after.read(new)
            assert (old.date_time, old.compress_type) == (new.date_time, new.compress_type)
        assert {info.compress_type for info in after.infolist()[-2:]} == {method}
    columns = open_cloud(tmp_path / "b.npz").read().columns
    assert columns["label"].tobytes() == LABELS.tobytes()


@pytest.mark.parametrize(
    "dtype, colors, factor", [("u1", "255", 1), (">u2", "65535", 257), ("f4", "1", 1 / 255), (">f8", "255", 1)]
)
def test_colours_of_classes_in_the_files_own_range(tmp_path: Path, dtype: str, colors: str, factor: float) -> None:
    expected = (RGB * np.float64(factor)).astype(dtype)
    np.savez(tmp_path / "a.npz", colors=np.zeros((COUNT, 3), dtype), points=POINTS, heat=LABELS)
    write(open_cloud(tmp_path / "a.npz"), tmp_path / "b.npz", shades=SHADES, colors=colors)
    found = read(tmp_path / "b.npz")
    assert list(found) == ["colors", "points", "heat", "label", "confidence"]
    assert same(found["colors"], expected) and same(found["points"], POINTS)
    single = {"red": (COUNT,), "Green": (COUNT, 1), "blue": (COUNT,)}
    np.savez(tmp_path / "a.npz", **{name: np.zeros(shape, dtype) for name, shape in single.items()}, points=POINTS)
    write(open_cloud(tmp_path / "a.npz"), tmp_path / "b.npz", shades=SHADES, colors=colors)
    found = read(tmp_path / "b.npz")
    for index, (name, shape) in enumerate(single.items()):
        assert same(found[name], expected[:, index].copy().reshape(shape))


def test_colours_of_classes_where_there_were_none(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", points=POINTS, Colors=np.zeros(7))
    write(open_cloud(tmp_path / "a.npz"), tmp_path / "b.npz", shades=SHADES)
    found = read(tmp_path / "b.npz")
    assert list(found) == ["points", "Colors_input", "colors", "label", "confidence"]
    assert same(found["colors"], RGB)


@pytest.mark.parametrize("dtype", [np.int8, np.bool_])
def test_colours_that_a_type_does_not_hold_are_refused_before_the_work(tmp_path: Path, dtype: type) -> None:
    np.savez(tmp_path / "a.npz", points=POINTS, colors=np.zeros((COUNT, 3), dtype))
    target = Target(open_cloud(tmp_path / "a.npz"), (), recolored=True)
    with pytest.raises(
        InputError, match="a.npz: the array 'colors' is of type .* does not hold the colours of classes"
    ):
        writer_of(tmp_path / "b.npz", BytesIO(), target)


def test_a_source_that_is_damaged_by_then_is_told(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", points=POINTS, pose=np.eye(4))
    raw = bytearray((tmp_path / "a.npz").read_bytes())
    raw[raw.index(np.eye(4).tobytes()) + 9] ^= 1
    (tmp_path / "a.npz").write_bytes(raw)
    with pytest.raises(InputError, match="a.npz: damaged, truncated or no NPZ file .BadZipFile: Bad CRC-32"):
        write(open_cloud(tmp_path / "a.npz"), tmp_path / "b.npz")


def other(color: str = "u1") -> ArrayCloud:
    more = {
        "a heat": RNG.normal(size=COUNT).astype(np.float16), "flag": RNG.random(COUNT) < 0.5,
        "time": RNG.integers(-(2**63), 2**63, COUNT, np.int64), "Label": np.arange(COUNT, dtype=np.uint16),
        "Points": np.arange(COUNT), "rgb": RNG.integers(0, 2**32, COUNT, np.uint32),
    }  # fmt: skip
    return ArrayCloud(POINTS, RNG.integers(0, 2, (COUNT, 3)).astype(color), more)


@pytest.mark.parametrize("color", ["u1", "u2", "f4"])
def test_other_clouds_become_arrays_of_their_types(tmp_path: Path, color: str) -> None:
    source = other(color)
    write(source, tmp_path / "b.npz")
    found, columns = read(tmp_path / "b.npz"), source.read().columns
    moved = {"Label": "Label_input", "Points": "Points_input"}
    others = ["a heat", "flag", "time", "Label", "Points", "rgb"]
    assert list(found) == ["points", "colors", *(moved.get(name, name) for name in others), "label", "confidence"]
    assert same(found["points"], POINTS)
    assert same(found["colors"], np.stack([columns[name] for name in SHADES], axis=1))
    for name in others:
        assert same(found[moved.get(name, name)], columns[name])
    again = open_cloud(tmp_path / "b.npz").read().columns
    for name, column in columns.items():
        assert again[moved.get(name, name)].dtype == column.dtype
        np.testing.assert_array_equal(again[moved.get(name, name)], column)
    with zipfile.ZipFile(tmp_path / "b.npz") as archive:
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}


def test_other_clouds_with_the_colours_of_classes(tmp_path: Path) -> None:
    write(other("f4"), tmp_path / "b.npz", shades=SHADES, colors="1")
    assert same(read(tmp_path / "b.npz")["colors"], RGB)
    write(ArrayCloud(POINTS.astype(np.float32)), tmp_path / "b.npz", shades=SHADES)
    found = read(tmp_path / "b.npz")
    assert list(found) == ["points", "colors", "label", "confidence"] and found["points"].dtype == np.float32
    write(ArrayCloud(POINTS.astype(np.float32)), tmp_path / "c.npz", shades=SHADES)
    assert (tmp_path / "b.npz").read_bytes() == (tmp_path / "c.npz").read_bytes()


@pytest.mark.parametrize("dtype, colors, factor", [("u1", "255", 1), (">u2", "65535", 257), ("f4", "1", 1 / 255)])
def test_colours_of_classes_leave_the_opacity_alone(tmp_path: Path, dtype: str, colors: str, factor: float) -> None:
    rgba = (RNG.integers(0, 256, (COUNT, 4)) * np.float64(factor)).astype(dtype)
    np.savez(tmp_path / "a.npz", points=POINTS, colors=rgba)
    write(open_cloud(tmp_path / "a.npz"), tmp_path / "same.npz", colors=colors)
    assert same(read(tmp_path / "same.npz")["colors"], rgba)
    write(open_cloud(tmp_path / "a.npz"), tmp_path / "b.npz", shades=SHADES, colors=colors)
    expected = np.concatenate([(RGB * np.float64(factor)).astype(dtype), rgba[:, 3:]], axis=1).astype(dtype)
    assert same(read(tmp_path / "b.npz")["colors"], expected)
    np.testing.assert_array_equal(open_cloud(tmp_path / "b.npz").read().columns["alpha"], rgba[:, 3])


def test_a_writer_asks_for_no_more_than_it_changes(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", points=POINTS, colors=RGB, heat=LABELS)
    source = open_cloud(tmp_path / "a.npz")
    asked = [writer_of(tmp_path / "b.npz", BytesIO(), Target(source, (), recolored=flag)).fields for flag in (0, 1)]
    assert [list(names) for names in asked if names is not None] == [[], ["colors"]]


def test_a_lone_red_is_kept_beside_the_colours_of_classes(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", points=POINTS, red=LABELS)
    for source in (open_cloud(tmp_path / "a.npz"), ArrayCloud(POINTS, values={"red": LABELS})):
        write(source, tmp_path / "b.npz", shades=SHADES)
        columns = open_cloud(tmp_path / "b.npz").read().columns
        for color, shade in SHADES.items():
            np.testing.assert_array_equal(columns[color], shade)
        np.testing.assert_array_equal(columns["red alone"], LABELS)


def test_columns_that_would_pass_for_points_or_colours_make_room(tmp_path: Path) -> None:
    names = ["X", "Y", "Z", "Red", "Green", "Blue"]
    values = {name: np.arange(COUNT) + number for number, name in enumerate(names)}
    write(ArrayCloud(POINTS, RGB, values), tmp_path / "b.npz")
    columns = open_cloud(tmp_path / "b.npz").read().columns
    np.testing.assert_array_equal(columns["x"], POINTS[:, 0])
    np.testing.assert_array_equal(columns["red"], RGB[:, 0])
    for name, column in values.items():
        np.testing.assert_array_equal(columns[f"{name}_input"], column)


def test_names_that_numpy_does_not_tell_apart_are_spelled_otherwise(tmp_path: Path) -> None:
    names = ["f", "f.npy", "f_npy", "g.npy.npy", "label.npy"]
    values = {name: np.full(COUNT, number) for number, name in enumerate(names)}
    write(ArrayCloud(POINTS, values=values), tmp_path / "b.npz")
    found = read(tmp_path / "b.npz")
    spelled = ["f", "f_npy_", "f_npy", "g.npy_npy", "label_npy"]
    assert list(found) == ["points", *spelled, "label", "confidence"]
    for number, name in enumerate(spelled):
        assert set(found[name]) == {number}
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        for name, array in {"points": POINTS, "label.npy": LABELS + 1}.items():
            data = BytesIO()
            np.save(data, array)
            archive.writestr(f"{name}.npy", data.getvalue())
    write(open_cloud(tmp_path / "a.npz"), tmp_path / "b.npz")
    found = read(tmp_path / "b.npz")
    assert same(found["label"], LABELS) and same(found["label.npy_input"], LABELS + 1)


@pytest.mark.parametrize("source", ["a.npz", "a.ply"])
def test_a_lone_red_and_the_colours_of_a_network_are_read_back(tmp_path: Path, source: str) -> None:
    program = random_program(7, in_channels=1, num_classes=4, levels=2)
    program.description["features"] = {"kind": "cloud", "names": ["red alone"], "scale": 127.5, "offset": -1.0}
    labeller = Labeller(runtime.loads(program.to_bytes(), threads=1))
    palette = np.arange(12, dtype=np.uint8).reshape(4, 3) + 90
    points = (POINTS - 6_254_321).astype(np.float32)
    if source == "a.npz":
        np.savez(tmp_path / source, points=points, red=LABELS)
    else:
        kinds = [("x", "f4"), ("y", "f4"), ("z", "f4"), ("red", "u1")]
        vertex = np.array([(*point, red) for point, red in zip(points.tolist(), LABELS, strict=True)], kinds)
        PlyData([PlyElement.describe(vertex, "vertex")]).write(str(tmp_path / source))
    label_file(labeller, open_cloud(tmp_path / source), tmp_path / "b.npz", palette=palette, chunk_points=5)
    columns = open_cloud(tmp_path / "b.npz").read().columns
    np.testing.assert_array_equal(columns["red alone"], LABELS)
    np.testing.assert_array_equal(columns["x"], points[:, 0])
    for index, color in enumerate(SHADES):
        np.testing.assert_array_equal(columns[color], palette[columns["label"], index])
