from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plyfile import PlyElement

from bscnet.datasets.scannet.mesh import count_vertices, read_corners, read_labels, read_mesh
from bscnet.errors import InputError
from fixtures.scannet_files import Scene, label_elements, make_scene, mesh_elements, write_ply


@pytest.mark.parametrize("text, byte_order", [(False, "<"), (False, ">"), (True, "=")])
def test_reads_back_exactly_what_was_written(tmp_path: Path, text: bool, byte_order: str) -> None:
    scene = make_scene()
    mesh = write_ply(tmp_path / "a.ply", mesh_elements(scene), text, byte_order)
    labels = write_ply(tmp_path / "a.labels.ply", label_elements(scene), text, byte_order)
    points, colors = read_mesh(mesh)
    np.testing.assert_array_equal(points, scene.points)
    np.testing.assert_array_equal(colors, scene.colors)
    np.testing.assert_array_equal(read_labels(labels, len(points)), scene.nyu40)
    assert (points.dtype, colors.dtype) == (np.float32, np.uint8)


def polygons(*corners: list[int]) -> PlyElement:
    faces = np.empty(len(corners), [("vertex_indices", object)])
    faces["vertex_indices"] = [np.array(numbers, dtype=np.int32) for numbers in corners]
    return PlyElement.describe(faces, "face")


def test_reads_faces_of_any_size(tmp_path: Path) -> None:
    scene = make_scene()
    path = write_ply(tmp_path / "a.ply", [mesh_elements(scene)[0], polygons([0, 1, 2, 3], [4, 5, 6])])
    np.testing.assert_array_equal(read_mesh(path)[0], scene.points)
    np.testing.assert_array_equal(read_corners(path, 200), [[0, 1, 2], [4, 5, 6]])


def test_vertices_stand_before_or_behind_the_faces(tmp_path: Path) -> None:
    scene = make_scene()
    vertex, face = mesh_elements(scene)
    for order in "<>":
        for elements in ([vertex, face], [face, vertex]):
            points, colors = read_mesh(write_ply(tmp_path / "a.ply", elements, byte_order=order))
            np.testing.assert_array_equal(points, scene.points)
            np.testing.assert_array_equal(colors, scene.colors)


def test_bytes_behind_the_mesh_make_no_matter(tmp_path: Path) -> None:
    scene = make_scene()
    path = write_ply(tmp_path / "longer.ply", mesh_elements(scene))
    with path.open("ab") as file:
        file.write(b"and more")
    np.testing.assert_array_equal(read_mesh(path)[0], scene.points)


def test_corners_of_triangles_in_every_form(tmp_path: Path) -> None:
    scene = make_scene(points=20)
    for text, order in ((False, "<"), (False, ">"), (True, "=")):
        path = write_ply(tmp_path / "a.ply", mesh_elements(scene), text, order)
        np.testing.assert_array_equal(read_corners(path, 20), scene.faces)
        assert count_vertices(path) == 20


@pytest.mark.parametrize(
    "face, sentence",
    [
        (polygons([0, 1, 2], [1, 2]), "face 1 has 2 corners, it must have at least 3"),
        (polygons([0, 1, 2], [1, 2, 20]), "the first is 20"),
        (polygons([0, 1, -1]), "no vertex has the number of 1 corner of faces, the first is -1"),
        (PlyElement.describe(np.zeros(2, [("vertex_indices", "i4")]), "face"), "no property 'vertex_indices'"),
        (PlyElement.describe(np.zeros(2, [("corners", "i4", (3,))]), "face"), "no property 'vertex_indices'"),
        (PlyElement.describe(np.zeros(2, [("vertex_indices", "f4", (3,))]), "face"), "no property 'vertex_indices'"),
    ],
)
def test_bad_faces_are_named(tmp_path: Path, face: PlyElement, sentence: str) -> None:
    path = write_ply(tmp_path / "bad.ply", [mesh_elements(make_scene(points=20))[0], face])
    with pytest.raises(InputError, match=sentence) as error:
        read_corners(path, 20)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("form", ["ascii", "binary_little_endian", "binary_big_endian"])
@pytest.mark.parametrize("element", ["vertex", "face"])
@pytest.mark.parametrize("body", [0, 4000])
def test_a_header_that_promises_too_much_is_refused_before_anything_is_allocated(
    tmp_path: Path, form: str, element: str, body: int
) -> None:
    counts = {"vertex": 10**12 if element == "vertex" else 3, "face": 10**12 if element == "face" else 1}
    channels = "".join(f"property uchar {name}\n" for name in ("red", "green", "blue"))
    path = tmp_path / "huge.ply"
    path.write_bytes(
        f"ply\nformat {form} 1.0\nelement vertex {counts['vertex']}\n"
        f"property float x\nproperty float y\nproperty float z\n{channels}property ushort label\n"
        f"element face {counts['face']}\nproperty list uchar int vertex_indices\nend_header\n".encode()
        + bytes(body)
    )
    for read in (read_mesh, lambda path: read_labels(path, 3), count_vertices, lambda path: read_corners(path, 3)):
        tracemalloc.start()
        with pytest.raises(InputError, match="its header promises at least"):
            read(path)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 2**20


def without(*names: str) -> Callable[[Scene], list[PlyElement]]:
    def elements(scene: Scene) -> list[PlyElement]:
        vertex, face = mesh_elements(scene)
        kept = [name for name in vertex.data.dtype.names if name not in names]
        data = np.empty(vertex.count, [(name, vertex.data.dtype[name]) for name in kept])
        for name in kept:
            data[name] = vertex.data[name]
        return [PlyElement.describe(data, "vertex"), face]

    return elements


def with_type(name: str, dtype: str) -> Callable[[Scene], list[PlyElement]]:
    def elements(scene: Scene) -> list[PlyElement]:
        vertex, face = mesh_elements(scene)
        kinds = [(field, dtype if field == name else vertex.data.dtype[field]) for field in vertex.data.dtype.names]
        return [PlyElement.describe(vertex.data.astype(kinds), "vertex"), face]

    return elements


def with_x(value: float) -> Callable[[Scene], list[PlyElement]]:
    def elements(scene: Scene) -> list[PlyElement]:
        scene.points[7, 0] = value
        return mesh_elements(scene)

    return elements


def without_faces(scene: Scene) -> list[PlyElement]:
    return mesh_elements(scene)[:1]


def with_empty_faces(scene: Scene) -> list[PlyElement]:
    scene.faces = scene.faces[:0]
    return mesh_elements(scene)


def without_vertices(scene: Scene) -> list[PlyElement]:
    return mesh_elements(scene)[1:]


def with_empty_vertices(scene: Scene) -> list[PlyElement]:
    return mesh_elements(make_scene(points=0))


@pytest.mark.parametrize(
    "elements, sentence",
    [
        (without_faces, "no faces"),
        (with_empty_faces, "no faces"),
        (without_vertices, "no vertices"),
        (with_empty_vertices, "no vertices"),
        (without("y"), "no property 'y'"),
        (without("red", "green", "blue"), "no property 'red'"),
        (with_type("blue", "f4"), "'blue' has the wrong type, it must be uchar"),
        (with_type("z", "i4"), "'z' has the wrong type, it must be float or double"),
        (with_x(np.nan), "not finite, the first is vertex 7"),
        (with_x(np.inf), "not finite, the first is vertex 7"),
    ],
)
@pytest.mark.parametrize("text", [False, True])
def test_a_bad_mesh_is_named(
    tmp_path: Path, elements: Callable[[Scene], list[PlyElement]], sentence: str, text: bool
) -> None:
    path = write_ply(tmp_path / "bad.ply", elements(make_scene()), text)
    with pytest.raises(InputError, match=sentence) as error:
        read_mesh(path)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_a_double_beyond_float_is_not_finite(tmp_path: Path) -> None:
    vertex, face = with_type("x", "f8")(make_scene())
    vertex.data["x"][0] = 1e300
    with pytest.raises(InputError, match="not finite"):
        read_mesh(write_ply(tmp_path / "bad.ply", [vertex, face]))


@pytest.mark.parametrize(
    "content", [b"", b"ply\n", b"\x00\xff" * 40, b"ply\nformat binary_little_endian 1.0\nend_header\n"]
)
def test_files_that_are_no_mesh_are_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.ply"
    path.write_bytes(content)
    for read in (read_mesh, lambda path: read_labels(path, 3)):
        with pytest.raises(InputError, match=r"bad\.ply"):
            read(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.ply: no such file"):
        read_mesh(tmp_path / "absent.ply")


@pytest.mark.parametrize(
    "labels, sentence",
    [
        ([1, 2], "2 labels for the 3 vertices"),
        ([1] * 4, "4 labels"),
    ],
)
def test_bad_labels_are_named(tmp_path: Path, labels: list[int], sentence: str) -> None:
    scene = make_scene(points=3)
    scene.nyu40 = np.array(labels, dtype=np.uint16)
    path = write_ply(tmp_path / "a.labels.ply", label_elements(scene))
    with pytest.raises(InputError, match=sentence) as error:
        read_labels(path, 3)
    assert str(path) in str(error.value)


def test_negative_and_fractional_labels_are_refused(tmp_path: Path) -> None:
    vertex, face = label_elements(make_scene(points=3))
    for dtype, sentence in (("i4", "label -1 of vertex 1 is negative"), ("f4", "an integer type")):
        data = vertex.data.astype(
            [(n, dtype if n == "label" else vertex.data.dtype[n]) for n in vertex.data.dtype.names]
        )
        data["label"] = [1, -1, 2]
        with pytest.raises(InputError, match=sentence):
            read_labels(write_ply(tmp_path / "a.ply", [PlyElement.describe(data, "vertex"), face]), 3)


def test_labels_without_the_property_are_refused(tmp_path: Path) -> None:
    path = write_ply(tmp_path / "a.ply", mesh_elements(make_scene(points=3)))
    with pytest.raises(InputError, match="no property 'label'"):
        read_labels(path, 3)


@pytest.mark.parametrize("text", [False, True])
def test_every_truncation_is_refused(tmp_path: Path, text: bool) -> None:
    whole = write_ply(tmp_path / "whole.ply", mesh_elements(make_scene(points=5)), text).read_bytes().rstrip(b"\n")
    path = tmp_path / "cut.ply"
    # In a text file the last digits of the last number can be cut off without a trace.
    for length in range(0, len(whole) - (2 if text else 0), 3):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match=r"cut\.ply"):
            read_mesh(path)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), text=st.booleans(), labelled=st.booleans())
def test_damaged_files_are_refused_or_valid(tmp_path: Path, data: st.DataObject, text: bool, labelled: bool) -> None:
    elements = (label_elements if labelled else mesh_elements)(make_scene(points=6))
    content = bytearray(write_ply(tmp_path / "whole.ply", elements, text).read_bytes())
    header = content.index(b"end_header") + 11
    for _ in range(data.draw(st.integers(1, 4))):
        # Half of the damage goes to the header, where it does most.
        place = data.draw(st.one_of(st.integers(0, header - 1), st.integers(0, len(content) - 1)))
        content[place] ^= 1 << data.draw(st.integers(0, 7))
    content = content[: data.draw(st.one_of(st.just(len(content)), st.integers(0, len(content))))]
    path = tmp_path / "damaged.ply"
    path.write_bytes(bytes(content))
    refusal = f"{path}:"
    try:
        if labelled:
            labels = read_labels(path, 6)
            assert labels.shape == (6,) and labels.min() >= 0
        else:
            points, colors = read_mesh(path)
            assert points.shape == colors.shape and len(points) and np.isfinite(points).all()
    except InputError as error:
        refusal = str(error)
    assert refusal.startswith(f"{path}:") and "\n" not in refusal
