"""Vertices of PLY files in every form, against plyfile and against bytes made by hand."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plyfile import PlyData, PlyElement

from bscnet.clouds import Cloud, open_cloud, read_cloud
from bscnet.clouds.formats.ply.header import parse_header
from bscnet.clouds.formats.ply.reader import PlyFile
from bscnet.clouds.formats.ply.walk import blocks
from bscnet.errors import InputError
from fixtures.ply_bytes import FORMS, Element, faces, head, ply, points, seen_points

PLAIN, TRIANGLES = faces(), faces([0, 1, 2], [2, 3, 4], [4, 1, 0])
RAGGED = faces([0, 1, 2], [4, 3, 2, 1], [], [1], [0, 2, 4], name="strip")
SKIPPED = Element("camera", ["double f", "list ushort float k"], [(1.5, [0.5, 0.25]), (2.5, [])])


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def numbers(element: Element) -> dict[str, np.ndarray]:
    """What the rows' single values are, in the types that the header names."""
    kinds = {"uchar": "u1", "ushort": "u2", "uint": "u4", "int": "i4", "float": "f4", "double": "f8"}
    found = {}
    for place, one in enumerate(element.properties):
        kind, name = one.rsplit(" ", 1)
        if kind in kinds:
            found[name] = np.array([row[place] for row in element.rows], kinds[kind])
    return found


def same(fields: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    assert list(fields) == list(expected)
    for name, column in expected.items():
        assert fields[name].dtype == column.dtype
        np.testing.assert_array_equal(fields[name], column)


def all_fields(path: Path, size: int = 500_000) -> dict[str, np.ndarray]:
    file = PlyFile(path)
    parts = list(file.rows(size))
    assert [part.first for part in parts] == list(range(0, file.count, size))
    assert all(len(part) == size for part in parts[:-1])
    return {one.name: np.concatenate([part.fields[one.name] for part in parts]) for one in file.fields}


@pytest.mark.parametrize("text, order", [(True, "="), (False, "<"), (False, ">")])
def test_every_type_is_read_as_plyfile_reads_it(tmp_path: Path, text: bool, order: str) -> None:
    rng = np.random.default_rng(0)
    kinds = {"x": "f4", "y": "f8", "z": "f4", "a": "i1", "b": "u1", "c": "i2", "d": "u2", "e": "i4", "f": "u4"}
    table = np.empty(50, list(kinds.items()))
    for name, kind in kinds.items():
        limits = np.iinfo(kind) if kind[0] in "iu" else None
        table[name] = rng.normal(size=50) * 1e5 if limits is None else rng.integers(limits.min, limits.max, 50)
        if limits is not None:
            table[name][:2] = limits.min, limits.max
    path = tmp_path / "a.ply"
    PlyData([PlyElement.describe(table, "vertex")], text=text, byte_order=order).write(str(path))
    theirs = PlyData.read(str(path))["vertex"].data
    same(all_fields(path), {name: np.asarray(theirs[name], kind) for name, kind in kinds.items()})


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("vertices", [points(), seen_points()], ids=["plain", "lists"])
@pytest.mark.parametrize(
    "before, after",
    [
        ([], []),
        ([], [TRIANGLES]),
        ([TRIANGLES], []),
        ([RAGGED], [TRIANGLES]),
        ([SKIPPED, PLAIN], [RAGGED, Element("nothing", [], [[], []])]),
        ([Element("nothing", [], [[]]), RAGGED], [SKIPPED]),
    ],
    ids=["alone", "faces after", "faces before", "both", "several", "without properties"],
)
def test_vertices_stand_anywhere_among_the_elements(
    tmp_path: Path, form: str, vertices: Element, before: list[Element], after: list[Element]
) -> None:
    path = written(tmp_path / "a.ply", ply(form, [*before, vertices, *after]))
    for size in (1, 2, 500):
        same(all_fields(path, size), numbers(vertices))
    (path.parent / "b.ply").write_bytes(path.read_bytes() + b"\n and more behind it")
    same(all_fields(path.parent / "b.ply"), numbers(vertices))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("vertices", [points(23), seen_points(23)], ids=["plain", "lists"])
def test_chunks_joined_are_the_whole(tmp_path: Path, form: str, vertices: Element) -> None:
    file = open_cloud(written(tmp_path / "a.ply", ply(form, [RAGGED, vertices, TRIANGLES])))
    whole = file.read()
    assert len(whole) == 23

    @settings(max_examples=25, deadline=None, derandomize=True, database=None)
    @given(st.integers(1, 30), st.sets(st.sampled_from(sorted(file.columns))))
    def holds(size: int, names: set[str]) -> None:
        parts = list(file.chunks(size, names))
        assert [part.first for part in parts] == list(range(0, 23, size))
        for name in names | {"x", "y", "z"}:
            joined = np.concatenate([part.columns[name] for part in parts])
            np.testing.assert_array_equal(joined, whole.columns[name])
            assert joined.dtype == whole.columns[name].dtype
        assert all(set(part.columns) == names | {"x", "y", "z"} for part in parts)

    holds()


@pytest.mark.parametrize("form", ["binary_little_endian", "binary_big_endian"])
@pytest.mark.parametrize("read", [1, 7, 64])
def test_rows_that_cross_the_ends_of_what_is_read_at_once_are_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, read: int
) -> None:
    monkeypatch.setattr("bscnet.clouds.formats.ply.walk._READ", read)
    for vertices in (seen_points(23), Element("vertex", seen_points().properties, [seen_points().rows[5]] * 23)):
        path = written(tmp_path / "a.ply", ply(form, [RAGGED, vertices, TRIANGLES]))
        same(all_fields(path, 5), numbers(vertices))


@pytest.mark.parametrize("read", [1, 7, 64])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_that_cross_the_ends_of_what_is_read_at_once_are_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: int, end: str
) -> None:
    monkeypatch.setattr("bscnet.clouds.formats.ply.lines._READ", read)
    path = written(tmp_path / "a.ply", ply("ascii", [RAGGED, seen_points(23), TRIANGLES], end=end))
    same(all_fields(path, 5), numbers(seen_points(23)))


def test_lists_of_one_block_are_told_apart_from_those_of_equal_length(tmp_path: Path) -> None:
    """Both ways through a block, that of equal rows and that from row to row, give what was written."""
    for corners in ([[0, 1, 2]] * 4, [[0, 1, 2], [3, 4], [5, 6, 7], [8, 9, 1]]):
        element = faces(*corners)
        path = written(tmp_path / "a.ply", head("binary_big_endian", [element]))
        offset = path.stat().st_size
        written(path, ply("binary_big_endian", [element]))
        with path.open("rb") as stream:
            stream.seek(offset)
            (block,) = blocks(stream, parse_header(path).elements[0], ">", path)
        lengths, items = block.lists("vertex_indices")
        assert lengths.tolist() == list(map(len, corners)) and items.tolist() == [one for row in corners for one in row]
        assert block.numbers("group").tolist() == [0, -1, -2, -3]
        assert (block.record is None) == (corners[1] == [3, 4])
        assert block.part(1, 3).numbers("group").tolist() == [-1, -2]
        assert block.part(2, 4).lists("vertex_indices")[1].tolist() == corners[2] + corners[3]


def test_spellings_of_colours_and_labels_are_found(tmp_path: Path) -> None:
    names = ["float X", "float Y", "float Z", "uchar diffuse_red", "uchar diffuse_green", "uchar diffuse_blue"]
    vertices = Element("vertex", [*names, "float scalar_Label"], [(1.0, 2.0, 3.0, 4, 5, 6, 7.0)])
    cloud = read_cloud(written(tmp_path / "a.ply", ply("ascii", [vertices])))
    assert {name: column.tolist() for name, column in cloud.columns.items()} == {
        "x": [1], "y": [2], "z": [3], "red": [4], "green": [5], "blue": [6], "scalar_Label": [7]
    }  # fmt: skip


def of_text(path: Path, body: str | bytes, kind: str = "uchar") -> Cloud:
    count = len((body if isinstance(body, bytes) else body.encode()).split()) // 4
    names = "".join(f"property float {axis}\n" for axis in "xyz")
    start = f"ply\nformat ascii 1.0\nelement vertex {count}\n{names}property {kind} a\nend_header\n".encode()
    return read_cloud(written(path, start + (body if isinstance(body, bytes) else body.encode())))


@pytest.mark.parametrize(
    "body",
    [
        "1 2 3 4\n5 6 7 8\n",
        "1 2 3 4\n5 6 7 8",
        "1 2 3 4\r\n5 6 7 8\r\n",
        "1 2 3 4\r5 6 7 8\r",
        "\n\n1 2 3 4\n   \n\n5 6 7 8\n\n\n",
        "  1\t2  3 4  \n5 6 7 \t8 \n \n",
        "+1 2. 3e0 4\n5.0E+0 6 7 008\n",
        "1 2 3 4.0\n5 6 7 8.000\n",
        "1 2 3 4\n5 6 7 0.8e1\n",
    ],
)
def test_texts_as_programs_write_them(tmp_path: Path, body: str) -> None:
    columns = of_text(tmp_path / "a.ply", body).columns
    assert [columns[name].tolist() for name in "xyza"] == [[1, 5], [2, 6], [3, 7], [4, 8]]
    assert columns["a"].dtype == np.uint8


@pytest.mark.parametrize("word", ["nan", "-nan", "NaN", "-nan(ind)", "nan(snan)", "1.#QNAN", "-1.#IND", "1.#IND00"])
def test_what_is_no_number_has_many_spellings(tmp_path: Path, word: str) -> None:
    columns = of_text(tmp_path / "a.ply", f"1 {word} 3 4\n5 6 7 8\n").columns
    assert np.isnan(columns["y"][0]) and columns["y"][1] == 6 and columns["a"].tolist() == [4, 8]


@pytest.mark.parametrize(
    "word, value", [("inf", np.inf), ("-Infinity", -np.inf), ("1.#INF", np.inf), ("-1.#INF00", -np.inf)]
)
def test_so_has_what_is_infinite(tmp_path: Path, word: str, value: float) -> None:
    assert of_text(tmp_path / "a.ply", f"1 {word} 3 4\n").columns["y"][0] == value


@pytest.mark.parametrize(
    "line, kind, sentence",
    [
        (
            "1 2 3 256",
            "uchar",
            "'a' of row 1 of element 'vertex' is '256', it must be a whole number that its type holds",
        ),
        ("1 2 3 -1", "uint", "'a' of row 1 of element 'vertex' is '-1', it must be a whole number"),
        ("1 2 3 4294967296", "uint", "is '4294967296'"),
        ("1 2 3 1.5", "int", "is '1.5', it must be a whole number that its type holds"),
        ("1 2 3 nan", "int", "is 'nan', it must be a whole number that its type holds"),
        ("1 2 3 inf", "int", "is 'inf'"),
        ("1 2 3,5 4", "int", "'z' of row 1 of element 'vertex' is '3,5', it must be a number"),
        ("1 2 x 4", "int", "'z' of row 1 of element 'vertex' is 'x', it must be a number"),
        ("1 2 0x3 4", "int", "is '0x3', it must be a number"),
        ("1 2 3_0 4", "int", "is '3_0', it must be a number"),
        ("1 2 3\x00 4", "int", "it must be a number"),
        ("1 2\x1c3 4 5", "int", "'y' of row 1 of element 'vertex' is '2\\x1c3', it must be a number"),
        ("1 2 3 4\u00a0", "int", "'a' of row 1 of element 'vertex' is"),
        ("1 2 3 4 5 6 7 8", "int", "row 1 of element 'vertex' has 8 values, its line must have 4: x y z a"),
        ("1 2 3 4 # 6 7 8", "int", "row 1 of element 'vertex' has 8 values, its line must have 4: x y z a"),
    ],
)
def test_the_vertex_that_is_damaged_is_told(tmp_path: Path, line: str, kind: str, sentence: str) -> None:
    path = tmp_path / "a.ply"
    with pytest.raises(InputError) as told:
        of_text(path, f"0 0 0 0\n{line}\n", kind)
    assert str(told.value).startswith(f"{path}: ") and sentence in str(told.value)


def test_a_row_over_two_lines_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"row 0 of element 'vertex' has 3 values, its line must have 4: x y z a"):
        of_text(tmp_path / "a.ply", "1 2 3\n4\n5 6 7 8\n")


def test_the_number_of_a_damaged_vertex_is_that_in_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bscnet.clouds.formats.ply.reader._LINES", 3)
    with pytest.raises(InputError, match="'y' of row 7 of"):
        of_text(tmp_path / "a.ply", "\n0 0 0 0\n" * 7 + "0 - 0 0\n")
    body = ply("ascii", [seen_points(8)]).replace(b"1.75 -3.5 1 7", b"1.75 -3.5 2 7")
    with pytest.raises(InputError, match="row 7 of element 'vertex' has 8 values, which is not what its 6 properties"):
        list(PlyFile(written(tmp_path / "b.ply", body)).rows())


@pytest.mark.parametrize("form", ["binary_little_endian", "binary_big_endian"])
def test_lists_of_negative_length_are_refused(tmp_path: Path, form: str) -> None:
    vertices = Element("vertex", ["uchar x", "list char uchar l", "uchar y", "uchar z"], [(1, [5], 2, 3)] * 3)
    content = bytearray(ply(form, [vertices]))
    content[-4] = 0xFF
    with pytest.raises(
        InputError, match="a list in row 2 of element 'vertex' has the length -1, it must be at least 0"
    ):
        list(PlyFile(written(tmp_path / "a.ply", bytes(content))).rows())


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("vertices", [points(), seen_points()], ids=["plain", "lists"])
def test_files_that_are_cut_are_refused_wherever_that_is(tmp_path: Path, form: str, vertices: Element) -> None:
    path = tmp_path / "a.ply"
    for elements in ([vertices, TRIANGLES], [RAGGED, vertices], [vertices, RAGGED]):
        whole = ply(form, elements)
        # of a text's last number the last digits may be missing without a trace
        end = len(whole) if form != "ascii" else whole.rindex(b" ")
        for length in range(len(head(form, elements)), end, 3):
            path.write_bytes(whole[:length])
            with pytest.raises(InputError) as told:
                list(PlyFile(path).rows(2))
            assert str(told.value).startswith(f"{path}: ") and "\n" not in str(told.value)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kinds", ["float x", "list uchar int l"])
def test_a_promise_that_no_file_keeps_takes_no_memory(tmp_path: Path, form: str, kinds: str) -> None:
    start = f"ply\nformat {form} 1.0\nelement vertex {10**12}\nproperty {kinds}\nproperty float y\nend_header\n"
    path = written(tmp_path / "a.ply", start.encode() + bytes(4000))
    tracemalloc.start()
    with pytest.raises(InputError, match="its header promises at least"):
        list(PlyFile(path).rows())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20


def test_a_list_longer_than_the_file_is_refused_before_it_is_looked_for(tmp_path: Path) -> None:
    vertices = Element("vertex", ["list uint double l", "uchar x", "uchar y", "uchar z"], [([], 1, 2, 3)] * 3_000_000)
    content = bytearray(head("binary_little_endian", [vertices]))
    content += b"\xff\xff\xff\x0f\x01\x02\x03" + b"\0\0\0\0\x01\x02\x03" * 2_999_999
    path = written(tmp_path / "a.ply", bytes(content))
    tracemalloc.start()
    with pytest.raises(InputError, match="it ends within row 0 of the 3000000 of element 'vertex'"):
        list(PlyFile(path).rows())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 2**20


@pytest.mark.parametrize("form", ["ascii", "binary_little_endian", "lists"])
def test_chunks_take_little_memory_whatever_the_file(tmp_path: Path, form: str) -> None:
    count = 300_000
    names = ["list uchar float l", *(f"float {axis}" for axis in "xyz")][form != "lists" :]
    if form == "ascii":
        body = b"1.2345678 2.3456789 3.4567891\n" * count
    else:
        row = np.array([1.25, 2.5, 3.75], "<f4").tobytes()
        body = (row if form != "lists" else b"\x02" + row[:8] + row) * count
    start = head("ascii" if form == "ascii" else "binary_little_endian", [Element("vertex", names, [])])
    file = PlyFile(written(tmp_path / "a.ply", start.replace(b"vertex 0", b"vertex %d" % count) + body))
    tracemalloc.start()
    total = sum(part.columns["y"].sum() for part in file.chunks(1000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total == pytest.approx(count * (2.5 if form != "ascii" else 2.3456789), rel=1e-6)
    assert peak < 6 * 2**20, peak


@pytest.mark.parametrize("form", FORMS)
def test_mutated_files_give_clouds_or_a_sentence(tmp_path: Path, form: str) -> None:
    wholes = [
        ply(form, elements, ["comment a", "obj_info b"])
        for elements in ([points(), RAGGED], [TRIANGLES, seen_points()])
    ]
    path = tmp_path / "a.ply"

    @settings(max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        content = bytearray(data.draw(st.sampled_from(wholes)))
        header = content.index(b"end_header")
        for _ in range(data.draw(st.integers(1, 4))):
            # half of the damage goes to the header, where it does most
            place = data.draw(st.one_of(st.integers(0, header), st.integers(0, len(content) - 1)))
            content[place] = data.draw(st.integers(0, 255))
        path.write_bytes(content[: data.draw(st.one_of(st.just(len(content)), st.integers(0, len(content))))])
        try:
            file = open_cloud(path)
            cloud = file.read()
            assert len(cloud) == file.count and all(len(column) == file.count for column in cloud.columns.values())
        except InputError as error:
            assert str(error).startswith(f"{path}:") and "\n" not in str(error)  # noqa: PT017

    holds()


@pytest.mark.parametrize("order, form", [("<", "binary_little_endian"), (">", "binary_big_endian")])
def test_coordinates_that_are_signalling_nans_are_read_without_a_word(tmp_path: Path, order: str, form: str) -> None:
    odd = np.array([0x7FA00001], f"{order}u4").tobytes()
    vertices = Element("vertex", ["float x", "float y", "float z"], [(odd, 1.0, 2.0)])
    cloud = read_cloud(written(tmp_path / "a.ply", ply(form, [vertices])))
    assert np.isnan(cloud.columns["x"]) and cloud.columns["z"] == 2


XYZ = ["float x", "float y", "float z"]
NORMALS = ["float nx", "float ny", "float nz"]
RGB = ["uchar red", "uchar green", "uchar blue"]
CAMERA = Element("camera", [f"float view_p{axis}" for axis in "xyz"] + ["int viewportx"], [(0.0, 0.5, 1.0, 3)])
WRITERS = {
    "MeshLab": (
        ["comment VCGLIB generated", "comment TextureFile Büro.jpg"],
        [*XYZ, "int flags", *RGB, "uchar alpha", "float quality"],
        [Element("face", ["list uchar int vertex_indices", "list uchar float texcoord"], [([0, 1, 2], [0.5] * 6)] * 2)],
    ),
    "CloudCompare": (
        ["comment Author: CloudCompare", "obj_info Generated by CloudCompare!"],
        ["double x", "double y", "double z", *RGB, "float scalar_Intensity", "float scalar_Original_cloud_index"],
        [],
    ),
    "Blender": (["comment Created in Blender"], [*XYZ, *NORMALS, "float s", "float t", *RGB, "uchar alpha"], []),
    "Open3D": (
        ["comment Created by Open3D"],
        ["double x", "double y", "double z", "double nx", "double ny", "double nz", *RGB],
        [Element("face", ["list uchar uint vertex_indices"], [([0, 1, 2],)])],
    ),
    "COLMAP": ([], [*XYZ, *NORMALS, *RGB], []),
    "PCL": (["comment PCL generated", "obj_info num_cols 4"], [*XYZ, *RGB, "float intensity"], [CAMERA]),
    "OpenMVS": ([], [*XYZ, *RGB, *NORMALS, "list uchar uint view_indices", "list uchar float view_weights"], []),
    "Metashape": (
        [],
        [*XYZ, *NORMALS, *RGB, "uchar class", "float confidence"],
        [Element("face", ["list uchar int vertex_indices"], [])],
    ),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("writer", WRITERS)
def test_files_laid_out_as_programs_do(tmp_path: Path, form: str, writer: str) -> None:
    notes, names, others = WRITERS[writer]

    def value(one: str, row: int) -> object:
        kind = one.split()[0]
        return {"list": [row, 7], "float": row / 8 + 0.25, "double": row / 3}.get(kind, row * 50)

    vertices = Element("vertex", names, [[value(one, row) for one in names] for row in range(4)])
    content = ply(form, [vertices, *others], notes)
    for found in (
        content,
        content.replace(b"uchar", b"uint8").replace(b"float ", b"float32 ").replace(b"int ", b"int32 "),
    ):
        path = written(tmp_path / "a.ply", found)
        same(all_fields(path), numbers(vertices))
        cloud = read_cloud(path)
        assert cloud.has_colors and cloud.columns["x"].tolist() == [value(names[0], row) for row in range(4)]
        assert PlyFile(path).comments == tuple(note.split(" ", 1)[1] for note in notes)
