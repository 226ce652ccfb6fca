"""Headers of PLY files and their parsing as a whole, as all readers share them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bscnet.data.ply_header import parse_header, vertex_layout, whole_header
from bscnet.data.ply_parse import parse_ply
from bscnet.datasets.folder.formats import read_cloud
from bscnet.errors import InputError

HEAD = """ply
format {form} 1.0
comment class 0 a  wide table
obj_info made by hand
element vertex 3
comment
property float x
property float y
property float z
comment commented twice
element face {faces}
property list uchar int vertex_indices
end_header
"""
POINTS = np.arange(9, dtype="<f4").reshape(3, 3) / 8


def binary(corners: list[int], end: str = "\n") -> bytes:
    head = HEAD.format(form="binary_little_endian", faces=len(corners)).replace("\n", end).encode()
    faces = b"".join(bytes([n]) + np.arange(n, dtype="<i4").tobytes() for n in corners)
    return head + POINTS.tobytes() + faces


def text(end: str) -> bytes:
    rows = "".join(" ".join(map(str, row)) + "\n" for row in POINTS.tolist())
    return (HEAD.format(form="ascii", faces=1) + rows + "3 0 1 2\n").replace("\n", end).encode()


def test_comments_are_kept_in_file_order(tmp_path: Path) -> None:
    path = tmp_path / "a.ply"
    path.write_bytes(binary([3]))
    assert parse_header(path).comments == ["class 0 a  wide table", "", "commented twice"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("form", ["binary", "text"])
def test_lines_may_end_in_three_ways(tmp_path: Path, end: str, form: str) -> None:
    path = tmp_path / "a.ply"
    path.write_bytes(binary([3, 3], end) if form == "binary" else text(end))
    header = whole_header(path)
    assert [(element.name, element.count) for element in header.elements] == [
        ("vertex", 3),
        ("face", 2 if form == "binary" else 1),
    ]
    assert header.comments[0] == "class 0 a  wide table"
    assert vertex_layout(path).offset == path.read_bytes().index(b"end_header") + len("end_header" + end)
    cloud = read_cloud(path)
    assert np.array_equal(np.stack([cloud.columns[axis] for axis in "xyz"], axis=1), POINTS)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_header_that_never_ends_is_refused(tmp_path: Path, end: str) -> None:
    path = tmp_path / "a.ply"
    for content in (f"ply{end}", f"ply{end}format ascii 1.0{end}comment {'x' * 20_000}", f"ply{end}end_header"):
        path.write_text(content, newline="")
        with pytest.raises(InputError, match="damaged or truncated PLY header, it has no end"):
            parse_header(path)


def test_a_file_shorter_than_its_header_promises_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.ply"
    whole = binary([3, 3])
    path.write_bytes(whole[:-26])  # both faces are gone: their lists could be empty, but their lengths must be there
    with pytest.raises(InputError, match="promises at least 38 bytes of data, there are 36"):
        whole_header(path)
    path.write_bytes(whole[:-24])
    assert whole_header(path).least_bytes() == 38


@pytest.mark.parametrize("corners", [[3, 3], [4, 4], [3, 5]])
def test_faces_of_any_number_of_corners_are_parsed(tmp_path: Path, corners: list[int]) -> None:
    path = tmp_path / "a.ply"
    path.write_bytes(binary(corners))
    faces = parse_ply(path)["face"].data["vertex_indices"]
    assert [list(face) for face in faces] == [list(range(n)) for n in corners]


def test_the_first_error_of_two_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.ply"
    path.write_bytes(binary([3, 3])[:-4])
    with pytest.raises(Exception, match="element 'face': row 1") as told:
        parse_ply(path)
    assert told.value.__cause__ is None
