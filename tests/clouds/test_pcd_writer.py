"""PCD files given back with fields behind their own, and any other cloud as PCD."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bscnet.clouds import CloudFile, open_cloud
from bscnet.clouds.arrays import ArrayCloud
from bscnet.clouds.writer import Target, writer_of
from bscnet.errors import InputError
from fixtures.pcd_bytes import pcd, taken_apart
from fixtures.written_clouds import write_cloud

KINDS = ("ascii", "binary", "binary_compressed")
COUNT = 23
RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 256, COUNT).astype(np.uint8)
SURE = RNG.random(COUNT, np.float32)
ADDED = {"label": LABELS, "confidence": SURE}
SHADES = {color: RNG.integers(0, 256, COUNT).astype(np.uint8) for color in ("red", "green", "blue")}
PACKED = SHADES["red"].astype(np.uint32) << 16 | SHADES["green"].astype(np.uint32) << 8 | SHADES["blue"]


def write(
    source: CloudFile,
    path: Path,
    added: Mapping[str, np.ndarray] = ADDED,
    shades: Mapping[str, np.ndarray] | None = None,
    **options: Any,
) -> bytes:
    return write_cloud(source, path, added, shades, **options)


def fields(rgb: np.ndarray | None = None) -> list[tuple[str, np.ndarray]]:
    rng = np.random.default_rng(1)
    return [
        ("x", rng.normal(size=COUNT) + 412345.1234567), ("y", rng.normal(size=COUNT)), ("z", rng.normal(size=COUNT)),
        ("_", rng.integers(0, 256, (COUNT, 3)).astype(np.uint8)),
        ("normal", rng.normal(size=(COUNT, 3)).astype(np.float32)),
        *([] if rgb is None else [("rgba", rgb)]),
        ("Label", rng.integers(-9, 9, COUNT).astype(np.int16)),
        ("_", rng.integers(0, 256, COUNT).astype(np.uint8)),
        ("time", rng.integers(0, 2**63, COUNT, np.int64)),
    ]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_is_given_back_bit_for_bit(tmp_path: Path, kind: str) -> None:
    own = fields()
    lines = {"WIDTH": "23", "VIEWPOINT": "1 2 3 0 1 0 0"}
    end = "\r\n" if kind == "ascii" else "\n"
    before = f"# by a robot{end}#class 3 lamp{end}".encode() + pcd(own, kind, end, **lines)
    (tmp_path / "a.pcd").write_bytes(before)
    after = write(
        open_cloud(tmp_path / "a.pcd"),
        tmp_path / "b.pcd",
        comments=("by a test",),
        class_names={2: "ground", 1: "müll"},
    )
    head, comments, found = taken_apart(after)
    assert comments == ["# by a robot", "#class_input 3 lamp", "# by a test", "# class 1 m\\xfcll", "# class 2 ground"]
    names = ["x", "y", "z", "_", "normal", "Label_input", "_", "time", "label", "confidence"]
    assert head["FIELDS"] == names
    old = taken_apart(before)[0]
    for key in ("VERSION", "VIEWPOINT", "WIDTH", "HEIGHT", "POINTS", "DATA"):
        assert head[key] == old[key]
    assert [head[key][:-2] for key in ("SIZE", "TYPE", "COUNT")] == [old[key] for key in ("SIZE", "TYPE", "COUNT")]
    assert [head[key][-2:] for key in ("SIZE", "TYPE", "COUNT")] == [["1", "4"], ["U", "F"], ["1", "1"]]
    for (_, column), part in zip([*own, *ADDED.items()], found, strict=True):
        if kind == "ascii":
            part = np.array(part).astype(column.dtype)
        assert part.tobytes() == column.tobytes()
    assert kind != "ascii" or after.count(b"\r\n") == after.count(b"\n")


def test_lines_stay_as_they_stand(tmp_path: Path) -> None:
    head = "VERSION .5\nCOLUMNS x y z\nSIZE 4 4 4\nTYPE F F F\nWIDTH 3\nHEIGHT 1\n"
    (tmp_path / "a.pcd").write_text(head + "DATA ascii\n1.50 2  3e0\n\n+4\t5 6 \n7 8 9")
    added = {"label": np.array([5, 2, 9], np.uint8), "confidence": np.array([0.25, 1, 1 / 3], np.float32)}
    text = write(open_cloud(tmp_path / "a.pcd"), tmp_path / "b.pcd", added).decode()
    assert text == (
        "VERSION .5\nCOLUMNS x y z label confidence\nSIZE 4 4 4 1 4\nTYPE F F F U F\nWIDTH 3\nHEIGHT 1\n"
        "DATA ascii\n1.50 2  3e0 5 0.25\n\n+4\t5 6  2 1.0\n7 8 9 9 0.33333334\n"
    )
    columns = open_cloud(tmp_path / "b.pcd").read().columns
    assert columns["confidence"].tobytes() == added["confidence"].tobytes()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", ["u4", "i4", "f4"])
def test_colours_of_classes_leave_the_rest_of_packed_ones_alone(tmp_path: Path, kind: str, dtype: str) -> None:
    alpha = np.uint32(1 << 24 if dtype == "f4" else 200 << 24)
    own = fields((np.arange(COUNT, dtype=np.uint32) | alpha).view(dtype))
    (tmp_path / "a.pcd").write_bytes(pcd(own, kind))
    found = taken_apart(write(open_cloud(tmp_path / "a.pcd"), tmp_path / "b.pcd", shades=SHADES))[2]
    place = [name for name, _ in own].index("rgba")
    part = np.array(found.pop(place)).astype(dtype) if kind == "ascii" else found.pop(place)
    np.testing.assert_array_equal(part.view(np.uint32)[:, 0], PACKED | alpha)
    own.pop(place)
    for (_, column), other in zip([*own, *ADDED.items()], found, strict=True):
        assert np.array(other).astype(column.dtype).tobytes() == column.tobytes()


@pytest.mark.parametrize("words", ["4210752 255 4278190335", "1e-38 2e-39 3e-40", "66051 nan 255", "1e-38 nan nan"])
def test_colours_of_classes_in_the_manner_of_text(tmp_path: Path, words: str) -> None:
    head = "FIELDS x y z rgb\nSIZE 4 4 4 4\nTYPE F F F F\nWIDTH 3\nHEIGHT 1\nDATA ascii\n"
    (tmp_path / "a.pcd").write_text(head + "".join(f"0 0 0 {word}\n" for word in words.split()))
    shades = {"red": np.array([255, 0, 7]), "green": np.array([1, 2, 3]), "blue": np.array([9, 255, 0])}
    shades = {name: column.astype(np.uint8) for name, column in shades.items()}
    text = write(open_cloud(tmp_path / "a.pcd"), tmp_path / "b.pcd", {}, shades).decode()
    whole = "e-" not in words
    assert all(line.split()[3].isdigit() == whole for line in text.splitlines()[6:])
    columns = open_cloud(tmp_path / "b.pcd").read().columns
    assert all(columns[name].tolist() == column.tolist() for name, column in shades.items())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "dtype, colors, factor", [("u1", "255", 1), ("u2", "65535", 257), ("f4", "1", 1 / 255), ("f8", "255", 1)]
)
def test_colours_of_classes_in_separate_fields(
    tmp_path: Path, kind: str, dtype: str, colors: str, factor: float
) -> None:
    own = [*fields()[:3], *((name, np.zeros(COUNT, dtype)) for name in "rgb"), ("heat", np.ones(COUNT))]
    (tmp_path / "a.pcd").write_bytes(pcd(own, kind))
    write(open_cloud(tmp_path / "a.pcd"), tmp_path / "b.pcd", shades=SHADES, colors=colors)
    file = open_cloud(tmp_path / "b.pcd")
    assert [one.name for one in file.fields] == ["x", "y", "z", "r", "g", "b", "heat", "label", "confidence"]
    columns = file.read().columns
    for name, shade in SHADES.items():
        assert columns[name].dtype == dtype
        np.testing.assert_array_equal(columns[name], (shade * np.float64(factor)).astype(dtype))
    wide = [*fields()[:3], ("rgb", np.zeros((COUNT, 3), dtype))]
    (tmp_path / "a.pcd").write_bytes(pcd(wide, kind))
    write(open_cloud(tmp_path / "a.pcd"), tmp_path / "b.pcd", shades=SHADES, colors=colors)
    columns = open_cloud(tmp_path / "b.pcd").read().columns
    np.testing.assert_array_equal(columns["green"], (SHADES["green"] * np.float64(factor)).astype(dtype))


def test_colours_that_a_type_does_not_hold_are_refused_before_the_work(tmp_path: Path) -> None:
    own = [*fields()[:3], *((name, np.zeros(COUNT, np.int8)) for name in "rgb")]
    (tmp_path / "a.pcd").write_bytes(pcd(own))
    target = Target(open_cloud(tmp_path / "a.pcd"), (), recolored=True)
    with pytest.raises(InputError, match="a.pcd: the field 'r' has TYPE I and SIZE 1"):
        writer_of(tmp_path / "b.pcd", BytesIO(), target)


@pytest.mark.parametrize("kind", KINDS)
def test_colours_of_classes_where_there_were_none(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a.pcd").write_bytes(pcd(fields(), kind))
    head, _, found = taken_apart(write(open_cloud(tmp_path / "a.pcd"), tmp_path / "b.pcd", shades=SHADES))
    assert head["FIELDS"][-3:] == ["rgb", "label", "confidence"] and head["TYPE"][-3:] == ["U", "U", "F"]
    np.testing.assert_array_equal(np.array(found[-3]).astype(np.uint32)[:, 0], PACKED)


def test_compressed_files_become_binary_where_the_codec_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bscnet.clouds.formats.pcd import writer as pcd_writer

    (tmp_path / "a.pcd").write_bytes(pcd(fields(), "binary_compressed"))
    monkeypatch.setattr(pcd_writer, "can_compress", lambda *_: False)
    head, _, found = taken_apart(write(open_cloud(tmp_path / "a.pcd"), tmp_path / "b.pcd"))
    assert head["DATA"] == ["binary"]
    for (_, column), part in zip([*fields(), *ADDED.items()], found, strict=True):
        assert part.tobytes() == column.tobytes()


def other(color: str = "u1", scale: float = 1) -> ArrayCloud:
    rng = np.random.default_rng(2)
    rgb = (rng.integers(0, 256, (COUNT, 3)) * scale).astype(color)
    more = {
        "a heat": rng.normal(size=COUNT).astype(np.float16), "flag": rng.random(COUNT) < 0.5,
        "_": rng.normal(size=COUNT),
        "time": rng.integers(-(2**63), 2**63, COUNT, np.int64), "label": rng.integers(0, 9, COUNT).astype(np.uint16),
        "rgb": rng.integers(0, 2**32, COUNT, np.uint32),
    }  # fmt: skip
    return ArrayCloud(rng.normal(size=(COUNT, 3)) + 6_254_321, rgb, more)


@pytest.mark.parametrize("color, scale", [("u1", 1), ("f8", 1), ("i4", 1)])
def test_other_clouds_become_binary_with_packed_colours(tmp_path: Path, color: str, scale: float) -> None:
    source = other(color, scale)
    head, comments, found = taken_apart(write(source, tmp_path / "b.pcd", comments=("by a test",)))
    assert comments == ["# .PCD v0.7 - Point Cloud Data file format", "# by a test"]
    assert head["VERSION"] == ["0.7"] and head["DATA"] == ["binary"] and head["WIDTH"] == head["POINTS"] == ["23"]
    names = ["x", "y", "z", "rgb", "a_heat", "flag", "__", "time", "label_input", "rgb_input", "label", "confidence"]
    assert head["FIELDS"] == names
    assert "".join(head["TYPE"]) == "FFFUFUFIUUUF" and "".join(head["SIZE"]) == "888441882414"
    columns = source.read().columns
    bits = sum(columns[name].astype(np.uint32) << shift for name, shift in (("red", 16), ("green", 8), ("blue", 0)))
    np.testing.assert_array_equal(found[3][:, 0], bits)
    own = [columns[axis] for axis in "xyz"]
    own += [columns[name] for name in ("a heat", "flag", "_", "time", "label", "rgb")]
    for column, part in zip([*own, LABELS, SURE], [*found[:3], *found[4:]], strict=True):
        np.testing.assert_array_equal(part[:, 0], column)
    again = open_cloud(tmp_path / "b.pcd").read().columns
    assert all(again[name].tolist() == columns[name].tolist() for name in ("red", "green", "blue"))


@pytest.mark.parametrize("color, scale, colors", [("u2", 257, "65535"), ("f4", 1 / 255, "1"), ("f8", 0.99, "255")])
def test_colours_of_more_than_8_bits_stay_what_they_are(tmp_path: Path, color: str, scale: float, colors: str) -> None:
    source = other(color, scale)
    write(source, tmp_path / "b.pcd", colors=colors)
    before, after = source.read().columns, open_cloud(tmp_path / "b.pcd").read().columns
    for name in ("red", "green", "blue"):
        assert after[name].tobytes() == before[name].tobytes()


def test_other_clouds_with_the_colours_of_classes(tmp_path: Path) -> None:
    write(other("f4", 1 / 255), tmp_path / "b.pcd", shades=SHADES, colors="1")
    columns = open_cloud(tmp_path / "b.pcd").read().columns
    assert all(columns[name].tolist() == shade.tolist() for name, shade in SHADES.items())
    write(ArrayCloud(np.zeros((COUNT, 3), np.float32)), tmp_path / "c.pcd", shades=SHADES)
    assert taken_apart((tmp_path / "c.pcd").read_bytes())[0]["FIELDS"] == ["x", "y", "z", "rgb", "label", "confidence"]


def test_what_is_written_is_what_open3d_reads(tmp_path: Path) -> None:
    import open3d

    source = other()
    write(source, tmp_path / "b.pcd")
    columns = source.read().columns
    cloud = open3d.t.io.read_point_cloud(str(tmp_path / "b.pcd"))
    np.testing.assert_array_equal(cloud.point.positions.numpy(), np.stack([columns[axis] for axis in "xyz"], axis=1))
    np.testing.assert_array_equal(cloud.point.label.numpy()[:, 0], LABELS)
    colors = np.stack([columns[name] for name in ("red", "green", "blue")], axis=1)
    np.testing.assert_array_equal(cloud.point.colors.numpy(), colors)
    (tmp_path / "a.pcd").write_bytes(pcd([*fields()[:3], ("intensity", SURE)], "binary_compressed"))
    write(open_cloud(tmp_path / "a.pcd"), tmp_path / "c.pcd")
    cloud = open3d.t.io.read_point_cloud(str(tmp_path / "c.pcd"))
    np.testing.assert_array_equal(cloud.point.positions.numpy()[:, 0], fields()[0][1])
    np.testing.assert_array_equal(cloud.point.confidence.numpy()[:, 0], SURE)


@pytest.mark.parametrize(
    "names", [("r", "g", "b"), ("Diffuse_Red", "diffuse_green", "diffuse_blue"), ("Rf", "Gf", "Bf")]
)
@pytest.mark.parametrize("painted", [False, True])
def test_packed_colours_do_not_stand_beside_others_that_a_reader_takes_first(
    tmp_path: Path, names: tuple[str, ...], painted: bool
) -> None:
    rng = np.random.default_rng(5)
    rgb = rng.integers(0, 256, (COUNT, 3)).astype(np.float32)
    others = {name: rng.integers(0, 256, COUNT).astype(np.uint8) for name in names}
    source = ArrayCloud(rng.normal(size=(COUNT, 3)), rgb, others)
    after = write(source, tmp_path / "b.pcd", shades=SHADES if painted else None)
    head = taken_apart(after)[0]
    assert head["FIELDS"] == ["x", "y", "z", "red", "green", "blue", *names, "label", "confidence"]
    assert "".join(head["TYPE"])[3:6] == ("UUU" if painted else "FFF")
    columns = open_cloud(tmp_path / "b.pcd").read().columns
    for index, (name, shade) in enumerate(SHADES.items()):
        np.testing.assert_array_equal(columns[name], shade if painted else rgb[:, index])
    for name, column in others.items():
        np.testing.assert_array_equal(columns[name], column)


def test_two_of_three_other_colours_leave_packed_ones_as_they_are(tmp_path: Path) -> None:
    rgb = np.arange(COUNT * 3, dtype=np.uint8).reshape(COUNT, 3)
    source = ArrayCloud(np.zeros((COUNT, 3)), rgb, {"r": LABELS, "g": LABELS})
    assert taken_apart(write(source, tmp_path / "b.pcd"))[0]["FIELDS"][:6] == ["x", "y", "z", "rgb", "r", "g"]
    columns = open_cloud(tmp_path / "b.pcd").read().columns
    np.testing.assert_array_equal(columns["green"], rgb[:, 1])
