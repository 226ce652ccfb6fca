"""Faces of meshes, with whatever else a face has beside its corners."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bscnet.clouds.mesh import read_corners
from bscnet.errors import InputError
from fixtures.ply_bytes import FORMS, Element, faces, ply, points, seen_points

TRIANGLES = [[0, 1, 2], [2, 3, 4], [4, 1, 0]]
POLYGONS = [[0, 1, 2], [4, 3, 2, 1], [0, 2, 4], [1, 2, 3, 4, 0]]


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("corners", [TRIANGLES, POLYGONS, [[1, 2, 3, 4]]])
@pytest.mark.parametrize("first", [False, True])
def test_first_three_corners_of_every_face(tmp_path: Path, form: str, corners: list[list[int]], first: bool) -> None:
    elements = [faces(*corners), seen_points()] if first else [seen_points(), faces(*corners)]
    path = written(tmp_path / "a.ply", ply(form, elements))
    found = read_corners(path, 7)
    np.testing.assert_array_equal(found, [face[:3] for face in corners])
    assert found.dtype == np.int64 and found.shape == (len(corners), 3)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", ["uchar uchar", "int uint", "short ushort", "uint short"])
def test_the_list_may_be_of_any_whole_type_beside_other_lists(tmp_path: Path, form: str, kind: str) -> None:
    names = ["list uchar float texcoord", f"list {kind} vertex_index", "list uint uchar colors"]
    rows = [([0.5] * 6, [4, 3, 2], []), ([], [1, 2, 3, 0], [7, 8]), ([0.25], [0, 1, 2], [9])]
    path = written(tmp_path / "a.ply", ply(form, [points(), Element("face", names, rows)]))
    np.testing.assert_array_equal(read_corners(path, 5), [[4, 3, 2], [1, 2, 3], [0, 1, 2]])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "face, sentence",
    [
        (faces([0, 1, 2], [1, 2]), "face 1 has 2 corners, it must have at least 3"),
        (faces([0, 1, 2], [], [1]), "face 1 has 0 corners, it must have at least 3"),
        (faces([0, 1, 2], [1, 2, 5], [7, 1, 2]), "no vertex has the number of 2 corners of faces, the first is 5"),
        (faces([0, 1, 2, -1]), "no vertex has the number of 1 corner of faces, the first is -1"),
        (faces(), "the file has no faces, but at least one is needed"),
        (Element("face", ["list uchar float vertex_indices"], [([0.0, 1.0, 2.0],)]), "no property 'vertex_indices'"),
        (Element("face", ["list uchar int corners"], [([0, 1, 2],)]), "no property 'vertex_indices'"),
        (Element("face", ["int vertex_indices"], [(1,)]), "no property 'vertex_indices'"),
        (Element("tristrips", ["list int int vertex_indices"], [([0, 1, 2, -1],)]), "the file has no faces"),
    ],
)
def test_faces_that_are_none_are_told(tmp_path: Path, form: str, face: Element, sentence: str) -> None:
    path = written(tmp_path / "a.ply", ply(form, [points(), face]))
    with pytest.raises(InputError, match=sentence) as told:
        read_corners(path, 5)
    assert str(told.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    "line, sentence",
    [
        ("1 3 0 1 -1", "face 1 is '1 3 0 1 -1', it must be the values of its 3 properties"),
        ("1 3 0 1 x -1", "face 1 is"),
        ("1 3 0 1 2.5 -1", "face 1 is"),
        ("1 -3 0 1 2 -1", "face 1 is"),
        ("1 x 0 1 2 -1", "face 1 is"),
        ("1 3 0 1 2 -1 5", "face 1 is"),
        ("", "the file is truncated, 1 of its 3 faces are missing"),
    ],
)
def test_damaged_faces_of_a_text_are_told(tmp_path: Path, line: str, sentence: str) -> None:
    content = ply("ascii", [points(), faces(*TRIANGLES)]).replace(b"1 3 2 3 4 -1", line.encode())
    with pytest.raises(InputError, match=sentence):
        read_corners(written(tmp_path / "a.ply", content), 5)
