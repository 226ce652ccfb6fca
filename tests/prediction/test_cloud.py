"""Reading coloured clouds: every form of file, any chunk size, and every way a file can be wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from plyfile import PlyData, PlyElement

from bscnet.errors import InputError
from bscnet.prediction.formats import open_cloud
from fixtures.clouds import room, write_ply

FORMS = ("binary_little_endian", "binary_big_endian", "ascii")
COLOURS = ("red", "green", "blue")


def read(path: Path, size: int) -> tuple[np.ndarray, np.ndarray]:
    chunks = list(open_cloud(path).chunks(size))
    assert all(len(chunk) == size for chunk in chunks[:-1])
    axes = [np.concatenate([chunk.axes[axis] for chunk in chunks]) for axis in range(3)]
    return np.stack(axes, axis=1), np.concatenate([chunk.colors for chunk in chunks])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("size", [1, 7, 100, 1000])
def test_all_forms_and_chunk_sizes_give_the_same_points(form: str, size: int, tmp_path: Path) -> None:
    cloud = room(100)
    path = write_ply(tmp_path / "scan.ply", cloud, form)
    points, colors = read(path, size)
    np.testing.assert_array_equal(points, np.stack([cloud[axis] for axis in "xyz"], axis=1))
    np.testing.assert_array_equal(colors, np.stack([cloud[name] for name in COLOURS], axis=1))
    assert points.dtype == np.float32 and colors.dtype == np.uint8 and open_cloud(path).num_points == 100


@pytest.mark.parametrize("text", [False, True])
def test_files_of_another_writer_with_faces_and_more_properties(text: bool, tmp_path: Path) -> None:
    cloud = room(50)
    wide = np.zeros(50, dtype=[("nx", "f4"), ("x", "f8"), ("y", "f8"), ("z", "f8"), ("id", "i4"),
                               ("red", "u1"), ("alpha", "u1"), ("green", "u1"), ("blue", "u1")])  # fmt: skip
    for name in cloud.dtype.names or ():
        wide[name] = cloud[name]
    faces = np.array([([0, 1, 2],), ([2, 3, 4],)], dtype=[("vertex_indices", "O")])
    path = tmp_path / "scan.ply"
    elements = [PlyElement.describe(wide, "vertex"), PlyElement.describe(faces, "face")]
    PlyData(elements, text=text, byte_order="<").write(str(path))
    points, colors = read(path, 20)
    assert points.dtype == np.float64
    np.testing.assert_array_equal(points, np.stack([wide[axis] for axis in "xyz"], axis=1))
    np.testing.assert_array_equal(colors, np.stack([wide[name] for name in COLOURS], axis=1))


@pytest.mark.parametrize("form", FORMS)
def test_elements_before_the_vertices_are_passed_over(form: str, tmp_path: Path) -> None:
    cloud = room(30)
    path = write_ply(tmp_path / "scan.ply", cloud, form, before="element camera 2\nproperty float a\nproperty uchar b")
    head, tail = path.read_bytes().split(b"end_header\n", 1)
    cameras = b"1.5 2\n3.5 4\n" if form == "ascii" else bytes(10)
    path.write_bytes(head + b"end_header\n" + cameras + tail)
    np.testing.assert_array_equal(read(path, 8)[0][:, 0], cloud["x"])


def test_line_ends_of_windows_and_other_colour_names(tmp_path: Path) -> None:
    cloud = room(10)
    path = write_ply(tmp_path / "scan.PLY", cloud, "ascii")
    text = path.read_text().replace("uchar red", "uint8 diffuse_red").replace("uchar green", "uint8 diffuse_green")
    path.write_bytes(text.replace("uchar blue", "uint8 diffuse_blue").replace("\n", "\r\n").encode())
    np.testing.assert_array_equal(read(path, 4)[1][:, 2], cloud["blue"])


def test_arrays_in_npz(tmp_path: Path) -> None:
    cloud = room(40)
    points = np.stack([cloud[axis] for axis in "xyz"], axis=1).astype(np.float64)
    colors = np.stack([cloud[name] for name in COLOURS], axis=1)
    np.savez_compressed(tmp_path / "scan.npz", points=points, colors=colors)
    found, seen = read(tmp_path / "scan.npz", 9)
    np.testing.assert_array_equal(found, points)
    np.testing.assert_array_equal(seen, colors)


def measured(path: Path, size: int, colored: bool, *values: str) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    chunks = list(open_cloud(path, colored, values).chunks(size))
    joined = {name: np.concatenate([chunk.values[name] for chunk in chunks]) for name in values}
    return np.concatenate([chunk.colors for chunk in chunks]), joined


@pytest.mark.parametrize("form", FORMS)
def test_values_that_are_asked_for(form: str, tmp_path: Path) -> None:
    points = room(20)
    names = points.dtype.names or ()
    wide = np.zeros(20, dtype=[*((n, points.dtype[n]) for n in names), ("scalar_Intensity", "<u2"), ("echo", "<f4")])
    for name in names:
        wide[name] = points[name]
    wide["scalar_Intensity"], wide["echo"] = np.arange(20) * 3000, np.linspace(-1, 1, 20)
    path = write_ply(tmp_path / "scan.ply", wide, form)
    colors, values = measured(path, 7, True, "echo", "intensity")
    np.testing.assert_array_equal(values["intensity"], wide["scalar_Intensity"])
    np.testing.assert_array_equal(values["echo"], wide["echo"])
    np.testing.assert_array_equal(colors[:, 1], wide["green"])
    with pytest.raises(InputError, match="no property 'depth', the network needs it"):
        open_cloud(path, True, ["depth"])


def test_points_without_colours_where_none_are_needed(tmp_path: Path) -> None:
    bare = room(10)[["x", "y", "z"]].astype([(axis, "<f4") for axis in "xyz"])
    path = write_ply(tmp_path / "scan.ply", bare)
    assert (measured(path, 4, False)[0] == 128).all()
    with pytest.raises(InputError, match="no colours"):
        open_cloud(path)
    for path in (tmp_path / "scan.npz", tmp_path / "wide.npz"):
        np.savez(path, points=np.zeros((10, 3)), i=np.arange(10), **({"colors": 7} if "wide" in path.name else {}))
        colors, values = measured(path, 4, False, "i")
        assert (colors == 128).all() and values["i"].tolist() == list(range(10))
    with pytest.raises(InputError, match="the array 'colors' is missing, points, colors, i are needed"):
        open_cloud(tmp_path / "scan.npz", True, ["i"])
    np.savez(tmp_path / "odd.npz", points=np.zeros((10, 3)), i=np.zeros((10, 2)))
    with pytest.raises(InputError, match=r"i is float64 of shape \(10, 2\), numbers of shape \(10,\) are needed"):
        open_cloud(tmp_path / "odd.npz", False, ["i"])


def test_colours_that_are_not_needed_may_be_of_any_type(tmp_path: Path) -> None:
    path = write_ply(tmp_path / "scan.ply", room(5), "ascii")
    path.write_text(path.read_text().replace("uchar red", "float red"))
    assert (measured(path, 5, False)[0] == 128).all()


def refused(path: Path, size: int = 10) -> str:
    with pytest.raises(InputError) as told:
        read(path, size)
    sentence = str(told.value)
    assert sentence.startswith(str(path)) and "\n" not in sentence and len(sentence) < 400
    return sentence


@pytest.mark.parametrize("form", FORMS)
def test_every_truncation_is_refused(form: str, tmp_path: Path) -> None:
    whole = write_ply(tmp_path / "scan.ply", room(12), form).read_bytes()
    path = tmp_path / "cut.ply"
    # a text file may lack its last line end, and then part of its last number
    for length in range(len(whole) - (4 if form == "ascii" else 0)):
        path.write_bytes(whole[:length])
        assert any(word in refused(path) for word in ("truncated", "empty", "no PLY", "damaged"))


def test_every_flipped_bit_reads_or_is_refused(tmp_path: Path) -> None:
    """PLY has no checksum: a flip may give other points, but never anything but points or one sentence."""
    whole = write_ply(tmp_path / "scan.ply", room(4), "ascii").read_bytes()
    path = tmp_path / "flipped.ply"
    outcomes = {"read": 0, "refused": 0}
    for place in range(len(whole)):
        for bit in range(8):
            flipped = bytearray(whole)
            flipped[place] ^= 1 << bit
            path.write_bytes(flipped)
            try:
                read(path, 3)
            except InputError:
                outcomes["refused"] += 1
            else:
                outcomes["read"] += 1
    assert outcomes["read"] > 100 and outcomes["refused"] > 1000


@pytest.mark.parametrize(
    "old, new, part",
    [
        ("ply\n", "plx\n", "no PLY file"),
        ("format ascii 1.0", "format utf8 1.0", "damaged"),
        ("format ascii 1.0\n", "", "damaged"),
        ("end_header", "end", "damaged"),
        ("element vertex 5", "element vertex 0", "no vertices"),
        ("element vertex 5", "element vertex -5", "damaged"),
        ("element vertex 5", "element vertex 99999999999999", "truncated"),
        ("element vertex 5", "element vertex 9999999999999999999", "damaged"),
        ("element vertex 5", "element vertex 6", "truncated"),
        ("element vertex", "element point", "no vertices"),
        ("property float x", "property float u", "'x'"),
        ("property float y", "property float x", "twice"),
        ("property float x", "property float128 x", "damaged"),
        ("property float x", "property list uchar float x", "lists"),
        ("property uchar red", "property uchar rot", "no colours"),
        ("property uchar red", "property float red", "uchar"),
        ("property uchar red", "property ushort red", "uchar"),
    ],
)
def test_wrong_headers_are_told(old: str, new: str, part: str, tmp_path: Path) -> None:
    path = write_ply(tmp_path / "scan.ply", room(5), "ascii")
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    assert part in refused(path)


@pytest.mark.parametrize("word", ["256", "-1", "1.5", "x", "", "1 2", "9" * 400])
def test_wrong_numbers_in_text_are_told(word: str, tmp_path: Path) -> None:
    path = write_ply(tmp_path / "scan.ply", room(25), "ascii")
    lines = path.read_text().splitlines()
    lines[-3] = " ".join([*lines[-3].split()[:-1], word])
    path.write_text("\n".join(lines) + "\n")
    assert "damaged vertex" in refused(path)


def test_wrong_arrays_are_told(tmp_path: Path) -> None:
    points, colors = np.zeros((4, 3)), np.zeros((4, 3), np.uint8)
    cases = [
        {"points": points}, {"colors": colors}, {"points": points[:, :2], "colors": colors},
        {"points": points, "colors": colors[:3]}, {"points": points, "colors": colors.astype(float)},
        {"points": points[:0], "colors": colors[:0]}, {"points": points.astype(complex), "colors": colors},
        {"points": points.astype(object), "colors": colors}, {"points": np.zeros(()), "colors": colors},
    ]  # fmt: skip
    for case in cases:
        path = tmp_path / "scan.npz"
        np.savez(path, **case)  # type: ignore[arg-type]
        refused(path)
    whole = (tmp_path / "scan.npz").read_bytes()
    for content in (b"x", whole[: len(whole) // 2], whole[:-30]):
        path.write_bytes(content)
        refused(path)
    np.save(tmp_path / "array.npy", points)
    (tmp_path / "array.npy").rename(path)
    refused(path)


def test_what_is_no_cloud_at_all(tmp_path: Path) -> None:
    (tmp_path / "empty.ply").touch()
    (tmp_path / "folder.ply").mkdir()
    (tmp_path / "scan.las").write_bytes(b"LASF")
    (tmp_path / "scan").write_bytes(b"ply\n")
    parts = {"missing.ply": "no such file", "empty.ply": "empty", "folder.ply": "no such file", "scan.las": ".las",
             "scan": "without ending"}  # fmt: skip
    for name, part in parts.items():
        assert part in refused(tmp_path / name)
