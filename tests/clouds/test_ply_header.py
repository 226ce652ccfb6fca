"""Headers of PLY files: their lines, whatever ends them, and what they promise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bscnet.clouds.formats.ply.header import parse_header, whole_header
from bscnet.clouds.formats.ply.reader import PlyFile
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


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_comments_are_kept_in_file_order(tmp_path: Path) -> None:
    path = written(tmp_path / "a.ply", binary([3]))
    assert parse_header(path).comments == ["class 0 a  wide table", "", "commented twice"]
    assert PlyFile(path).comments == ("class 0 a  wide table", "made by hand", "commented twice")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("form", ["binary", "text"])
def test_lines_may_end_in_three_ways(tmp_path: Path, end: str, form: str) -> None:
    path = written(tmp_path / "a.ply", binary([3, 3], end) if form == "binary" else text(end))
    header = whole_header(path)
    assert [(element.name, element.count) for element in header.elements] == [
        ("vertex", 3),
        ("face", 2 if form == "binary" else 1),
    ]
    assert header.comments[0] == "class 0 a  wide table"
    assert header.offset == path.read_bytes().index(b"end_header") + len("end_header" + end)
    assert PlyFile(path).start == header.offset
    assert np.array_equal(np.stack(PlyFile(path).read().axes, axis=1), POINTS)


def test_data_that_begins_with_a_line_feed_behind_a_carriage_return_is_data(tmp_path: Path) -> None:
    head = b"ply\rformat binary_little_endian 1.0\relement vertex 1\rproperty uchar x\rproperty uchar y\r"
    path = written(tmp_path / "a.ply", head + b"property uchar z\rend_header\r" + b"\n\r\n")
    assert [axis.tolist() for axis in PlyFile(path).read().axes] == [[10], [13], [10]]


@pytest.mark.parametrize("line", ["comment TextureFile Büro.jpg", "obj_info Büro größer 5 µm"])
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
@pytest.mark.parametrize("form", ["binary", "text"])
def test_comments_may_be_of_any_encoding(tmp_path: Path, line: str, encoding: str, form: str) -> None:
    content = (binary([3]) if form == "binary" else text("\n")).replace(b"obj_info made by hand", line.encode(encoding))
    file = PlyFile(written(tmp_path / "a.ply", content))
    assert file.comments[1] == line.split(maxsplit=1)[1]
    assert np.array_equal(np.stack(file.read().axes, axis=1), POINTS)


def test_every_byte_but_those_of_line_ends_may_stand_in_a_comment(tmp_path: Path) -> None:
    wild = bytes(set(range(256)) - {10, 13})
    content = binary([3]).replace(b"made by hand", wild).replace(b"class 0 a", b"\x81\x8d\xff")
    file = PlyFile(written(tmp_path / "a.ply", content))
    assert len(file.comments) == 3 and file.comments[0].startswith("\x81\x8d\xff")
    assert len(file.read()) == 3


def test_names_need_not_be_ascii(tmp_path: Path) -> None:
    for encoding in ("utf-8", "cp1252"):
        content = binary([3]).replace(b"property float z", "property float Höhe".encode(encoding))
        assert [one.name for one in PlyFile(written(tmp_path / "a.ply", content)).fields] == ["x", "y", "Höhe"]


def test_counts_may_have_zeros_before_them(tmp_path: Path) -> None:
    path = written(tmp_path / "a.ply", binary([3]).replace(b"vertex 3", b"vertex " + b"0" * 30 + b"3   "))
    assert PlyFile(path).count == 3


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_header_that_never_ends_is_refused(tmp_path: Path, end: str) -> None:
    path = tmp_path / "a.ply"
    for content in (f"ply{end}", f"ply{end}format ascii 1.0{end}comment {'x' * 20_000}", f"ply{end}end_header"):
        path.write_text(content, newline="")
        with pytest.raises(InputError, match="damaged or truncated PLY header, it has no end"):
            parse_header(path)
    path.write_text(f"ply{end}format ascii 1.0{end}" + f"comment{end}" * 10_000 + f"end_header{end}", newline="")
    with pytest.raises(InputError, match="it has no end"):
        parse_header(path)


def test_long_headers_are_read(tmp_path: Path) -> None:
    content = binary([3]).replace(b"made by hand", b"x" * 100_000).replace(b"comment\n", b"comment again\n" * 5000)
    assert np.array_equal(np.stack(PlyFile(written(tmp_path / "a.ply", content)).read().axes, axis=1), POINTS)


@pytest.mark.parametrize(
    "old, new, sentence",
    [
        (b"ply\n", b"plx\n", "this is no PLY file, its first line must be 'ply'"),
        (b"1.0", b"1.1", "it holds the line 'format binary_little_endian 1.1'"),
        (b"format binary_little_endian 1.0\n", b"", "it holds the line 'end_header'"),
        (b"binary_little", b"binary_middle", "binary_middle_endian"),
        (b"property float y", b"property half y", "property half y"),
        (b"property float y", b"property float y 2", "property float y 2"),
        (b"property float y", b"property float x", "property 'x' of 'vertex' is there twice"),
        (b"list uchar", b"list float", "list float int vertex_indices"),
        (b"element face", b"element vertex", "element 'vertex' is there twice"),
        (b"vertex 3", b"vertex -3", "element vertex -3"),
        (b"vertex 3", b"vertex 0x3", "element vertex 0x3"),
        (b"vertex 3", b"vertex 1" + b"0" * 15, "element vertex 1000"),
        (b"vertex 3", b"vertex 0", "the file has no vertices, but at least one is needed"),
        (b"element vertex", b"element point", "the file has no vertices, but at least one is needed"),
        (b"element vertex 3\n", b"", "it holds the line 'property float x'"),
        (b"comment\n", b"remark\n", "it holds the line 'remark'"),
        (b"float x", b"list uchar int x", "it ends within row 0 of the 1 of element 'face'"),
    ],
)
def test_damaged_headers_are_refused_in_a_sentence(tmp_path: Path, old: bytes, new: bytes, sentence: str) -> None:
    assert old in binary([3])
    path = written(tmp_path / "a.ply", binary([3]).replace(old, new, 1))
    with pytest.raises(InputError) as told:
        list(PlyFile(path).rows())
    assert str(told.value).startswith(f"{path}: ") and sentence in str(told.value)


def test_a_file_shorter_than_its_header_promises_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.ply"
    whole = binary([3, 3])
    path.write_bytes(whole[:-26])  # both faces are gone: their lists could be empty, but their lengths must be there
    with pytest.raises(InputError, match="promises at least 38 bytes of data, there are 36"):
        whole_header(path)
    path.write_bytes(whole[:-24])
    assert whole_header(path).least_bytes() == 38


def test_files_that_are_none_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.ply: no such file"):
        PlyFile(tmp_path / "absent.ply")
    with pytest.raises(InputError, match=r"empty\.ply: the file is empty"):
        PlyFile(written(tmp_path / "empty.ply", b""))


def test_vertices_without_properties_are_refused(tmp_path: Path) -> None:
    head = b"ply\nformat ascii 1.0\nelement vertex 2\nend_header\n\n\n"
    with pytest.raises(InputError, match="the vertices have no properties, but x, y and z are needed"):
        PlyFile(written(tmp_path / "a.ply", head))
