"""NPZ archives: arrays of one row a point, and whatever stands beside them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bscnet.clouds import open_cloud, read_cloud
from bscnet.clouds.columns import find_label
from bscnet.errors import InputError
from fixtures.written_clouds import outcome

COUNT = 23
RNG = np.random.default_rng(0)
POINTS, COLORS = RNG.normal(size=(COUNT, 3)), RNG.integers(0, 256, (COUNT, 3)).astype(np.uint8)
PROPERTY = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def saved(path: Path, compressed: bool = False, **arrays: Any) -> Path:
    (np.savez_compressed if compressed else np.savez)(path, **arrays)
    return path


@PROPERTY
@given(
    st.sampled_from(["<f4", ">f4", "<f8", ">i2", "<u4", "<f2"]),
    st.lists(st.tuples(st.sampled_from([">i4", "<u1", "|b1", ">f8", "<i8"]), st.integers(0, 4)), max_size=4),
    st.booleans(),
    st.booleans(),
    st.integers(1, 30),
    st.integers(0, 99),
)
def test_parts_joined_are_the_arrays_bit_for_bit(
    tmp_path: Path, dtype: str, more: list[tuple[str, int]], fortran: bool, compressed: bool, size: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    arrays = {"points": rng.integers(-99, 99, (COUNT, 3)).astype(dtype)}
    for place, (kind, wide) in enumerate(more):
        arrays[f"v{place}"] = rng.integers(0, 2, (COUNT, wide) if wide else COUNT).astype(kind)
    if fortran:
        arrays = {name: np.asfortranarray(array) for name, array in arrays.items()}
    file = open_cloud(saved(tmp_path / "a.npz", compressed, **arrays))
    parts, whole = list(file.rows(size)), file.read()
    assert [part.first for part in parts] == list(range(0, COUNT, size))
    assert [one.name for one in file.fields] == list(arrays)
    for name, array in arrays.items():
        joined = np.concatenate([part.fields[name] for part in parts])
        expected = array[:, 0] if array.shape[1:] == (1,) else array
        assert joined.dtype == array.dtype.newbyteorder("=") and joined.shape == expected.shape
        np.testing.assert_array_equal(joined, expected)
    for index, axis in enumerate("xyz"):
        assert whole.columns[axis].dtype == np.float64
        np.testing.assert_array_equal(whole.columns[axis], arrays["points"][:, index].astype(np.float64))


@pytest.mark.parametrize("points", ["points", "xyz", "positions", "Coords"])
@pytest.mark.parametrize("colors", ["colors", "colours", "rgb", "Color"])
def test_spellings(tmp_path: Path, points: str, colors: str) -> None:
    cloud = read_cloud(saved(tmp_path / "a.npz", **{colors: COLORS, points: POINTS}))
    np.testing.assert_array_equal(np.stack(cloud.axes, axis=1), POINTS)
    np.testing.assert_array_equal(np.stack(cloud.colors, axis=1), COLORS)


def test_axes_by_themselves_and_columns_of_shape_p_1(tmp_path: Path) -> None:
    axes = {axis: np.arange(4, dtype=np.float32) + index for index, axis in enumerate("XYZ")}
    cloud = read_cloud(saved(tmp_path / "a.npz", **axes, labels=np.ones((4, 1), np.int8), normals=np.ones((4, 3))))
    assert list(cloud.columns) == ["x", "y", "z", "labels", "normals_0", "normals_1", "normals_2"]
    assert cloud.columns["labels"].dtype == np.int8 and cloud.columns["z"].tolist() == [2, 3, 4, 5]


def test_of_arrays_that_mean_the_same_the_best_named_one_counts(tmp_path: Path) -> None:
    voxels, heights = np.floor(POINTS).astype(np.int32), np.arange(float(COUNT))
    cloud = read_cloud(saved(tmp_path / "a.npz", coords=voxels, points=POINTS, x=heights))
    np.testing.assert_array_equal(np.stack(cloud.axes, axis=1), POINTS)
    np.testing.assert_array_equal(cloud.columns["coords_1"], voxels[:, 1])
    np.testing.assert_array_equal(cloud.columns["x alone"], heights)


def beside() -> dict[str, Any]:
    return {
        "names": np.array(["wall", None, {"a": 1}] + [0] * (COUNT - 3), object), "one": np.array(None),
        "site": np.array("a place"), "words": np.array(["wall"] * COUNT), "pose": np.eye(4), "number": np.array(7),
        "normals": np.zeros((COUNT, 3, 2)), "empty": np.zeros((COUNT, 0)), "times": np.zeros(COUNT, "M8[s]"),
        "record": np.zeros(COUNT, [("a", "i4")]), "complex": np.zeros(COUNT, np.complex64),
    }  # fmt: skip


def test_what_stands_beside_the_points_is_left_alone(tmp_path: Path) -> None:
    """Objects most of all: nothing unpickles them."""
    path = saved(tmp_path / "a.npz", **beside(), points=POINTS, label=np.arange(COUNT))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("readme.txt", "by hand")
        archive.writestr("odd.npy", b"no array")
    file = open_cloud(path)
    assert [one.name for one in file.fields] == ["points", "label"]
    assert sum(map(len, file.rows(5))) == COUNT


def test_arrays_of_another_length_do_not_pass_for_the_points(tmp_path: Path) -> None:
    cloud = read_cloud(saved(tmp_path / "a.npz", coords=np.zeros((4, 4)), points=POINTS, color=np.ones(3)))
    assert len(cloud) == COUNT and not cloud.has_colors


@pytest.mark.parametrize(
    "arrays, sentence",
    [
        ({"colors": np.zeros((3, 3))}, r"the array 'points' \(P, 3\) is missing, there are colors"),
        ({}, "there are no arrays"),
        ({"points": np.zeros((3, 2))}, r"'points' has shape \(3, 2\), \(P, 3\) is needed"),
        ({"points": np.zeros(3)}, r"'points' has shape \(3,\), \(P, 3\) is needed"),
        ({"points": np.zeros((0, 3))}, "the file has no points"),
        ({"points": np.array([["a", "b", "c"]])}, "'points' holds <U1, it must hold numbers"),
        ({"points": np.array([[None] * 3])}, "'points' holds Python objects, it must hold numbers"),
        ({"points": np.zeros((3, 3)), "colors": np.array([[None] * 3] * 3)}, "'colors' holds Python objects"),
        ({"points": np.zeros((3, 3)), "colors": np.array(None)}, "'colors' holds Python objects"),
        ({"points": np.zeros((3, 3)), "colors": np.zeros((2, 3))}, r"'colors' has shape \(2, 3\), .3, 3. or .3, 4."),
        ({"points": np.zeros((3, 3)), "colors": np.zeros((2, 4))}, r"'colors' has shape \(2, 4\), .3, 3. or .3, 4."),
        ({"points": np.zeros((3, 3)), "colors": np.zeros((3, 5))}, r"'colors' has shape \(3, 5\), .3, 3. or .3, 4."),
        ({"points": np.zeros((3, 3)), "red": np.zeros(3), "green": np.zeros(2), "blue": np.zeros(3)},
         r"'green' has shape \(2,\), \(3,\) is needed"),
        ({"x": np.zeros(3), "y": np.zeros(2), "z": np.zeros(3)}, r"'y' has shape \(2,\), \(3,\) is needed"),
        ({"x": np.array(1), "y": np.zeros(2), "z": np.zeros(3)}, r"'x' has shape \(\), \(P,\) is needed"),
        ({"x": np.zeros(3), "y": np.array([None] * 3), "z": np.zeros(3)}, "'y' holds Python objects"),
    ],
)  # fmt: skip
def test_arrays_that_are_not_the_points(tmp_path: Path, arrays: dict[str, Any], sentence: str) -> None:
    path = saved(tmp_path / "a.npz", **arrays)
    with pytest.raises(InputError, match=sentence) as error:
        read_cloud(path)
    assert str(error.value).startswith(f"{path}: ") and "\n" not in str(error.value)


def header(shape: tuple[int, ...], dtype: str = "<f8") -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": dtype, "fortran_order": False, "shape": shape})
    return stream.getvalue()


@pytest.mark.parametrize("body", [b"", bytes(71), bytes(73), bytes(72 * 4)])
def test_headers_that_promise_another_size(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("points.npy", header((3, 3)) + body)
    with pytest.raises(InputError, match=r"'points' of shape \(3, 3\) needs 200 bytes, the archive has \d+"):
        read_cloud(path)


def test_an_array_twice_and_an_archive_that_asks_for_a_password(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.npz", points=POINTS)
    raw = path.read_bytes()
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("points.npy", header((1, 3)) + bytes(24))
    with pytest.raises(InputError, match="the array 'points' is there twice"):
        read_cloud(path)
    central = raw.rindex(b"PK\1\2")
    path.write_bytes(raw[: central + 8] + b"\1" + raw[central + 9 :])
    with pytest.raises(InputError, match="RuntimeError: File .* is encrypted"):
        read_cloud(path)


@pytest.mark.parametrize("compressed", [True, False])
def test_a_file_cut_anywhere_or_with_a_changed_value_is_refused(tmp_path: Path, compressed: bool) -> None:
    path = saved(tmp_path / "a.npz", compressed, points=POINTS)
    raw = path.read_bytes()
    for end in range(0, len(raw), 7):
        path.write_bytes(raw[:end])
        with pytest.raises(InputError, match="empty|damaged, truncated or no NPZ file"):
            read_cloud(path)
    place = 200 if compressed else raw.index(POINTS.tobytes()[:64]) + 100
    path.write_bytes(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
    with pytest.raises(InputError, match="damaged, truncated or no NPZ file"):
        read_cloud(path)


def test_mutated_bytes_are_points_or_a_sentence(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    arrays = {"points": POINTS[:4], "colors": COLORS[:4], "names": np.array([None])}
    seeds = [saved(tmp_path / f"{packed}.npz", packed, **arrays).read_bytes() for packed in (False, True)]
    path, points = tmp_path / "a.npz", 0
    for turn in range(400):
        data = bytearray(seeds[turn % 2])
        for _ in range(rng.integers(1, 3)):
            data[rng.integers(len(data))] = rng.integers(256)
        path.write_bytes(data)
        found = outcome(path)
        if isinstance(found, str):
            assert found.startswith(f"{path}: ") and "\n" not in found and len(found) < 600
            continue
        points += 1
        np.testing.assert_array_equal(np.stack(found.axes, axis=1), POINTS[:4])
    assert 50 < points < 350, points


def test_memory_is_that_of_a_part(tmp_path: Path) -> None:
    import tracemalloc

    path = saved(tmp_path / "a.npz", True, points=np.zeros((400_000, 3)))
    file = open_cloud(path)
    tracemalloc.start()
    assert sum(len(part) for part in file.chunks(10_000)) == 400_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000  # of 9.6 MB


def test_colours_with_an_opacity(tmp_path: Path) -> None:
    rgba = np.concatenate([COLORS, np.full((COUNT, 1), 9, np.uint8)], axis=1)
    cloud = read_cloud(saved(tmp_path / "a.npz", points=POINTS, colors=rgba))
    np.testing.assert_array_equal(np.stack(cloud.colors, axis=1), COLORS)
    assert set(cloud.columns["alpha"]) == {9}


@pytest.mark.parametrize(
    "odd", [{"labels": np.zeros(2)}, {"Label": np.zeros((COUNT, 2))}, {"label": np.array(["wall"])}, {"x": np.zeros(5)}]
)
def test_arrays_of_another_length_are_left_alone_whatever_their_names(tmp_path: Path, odd: dict[str, Any]) -> None:
    """Nobody who needs no labels is held up by them; who does finds none."""
    cloud = read_cloud(saved(tmp_path / "a.npz", points=POINTS, **odd))
    np.testing.assert_array_equal(np.stack(cloud.axes, axis=1), POINTS)
    assert find_label(cloud.columns) is None
