"""PLY files given back with properties added, and other clouds as PLY, against bytes made by hand and plyfile."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plyfile import PlyData

from bscnet.clouds import CloudFile, Field, Rows, open_cloud
from bscnet.clouds.formats.ply.writer import PlyWriter
from bscnet.clouds.points import Survey
from bscnet.clouds.writer import Target, writer_of
from bscnet.errors import InputError
from fixtures.ply_bytes import FORMS, Element, body, faces, head, ply, points, seen_points

NOTES = ["comment made by hand", "obj_info num_cols 3", "comment TextureFile Büro.jpg".encode("cp1252"), "comment"]
LABELS = [3, 0, 41, 7, 3, 2, 1]
CONFIDENCE = [0.5, 0.25, 1.0, 0.0, 0.1, 0.7, 0.3]
LABEL, SURE = Field("label", np.dtype(np.int32)), Field("confidence", np.dtype(np.float32))
TRIANGLES, OTHERS = faces([0, 1, 2], [2, 3, 4]), faces([0, 1], [4, 3, 2, 1], [], name="strip")


def survey(count: int, colors: str = "255") -> Survey:
    return Survey(np.zeros(3), np.ones(3), count, 0, colors)


def given_back(
    target: Target, added: Mapping[str, Sequence[Any] | np.ndarray], size: int = 3, colors: str = "255"
) -> bytes:
    """What the writer of a PLY makes of a cloud, given `size` points at a time."""
    stream = io.BytesIO()
    writer = writer_of(Path("out.ply"), stream, target)
    assert stream.getvalue() == b""
    writer.begin(survey(target.source.count, colors), (1.0, 1.0, 1.0))
    kinds = {one.name: one.dtype for one in target.added} | dict.fromkeys(("red", "green", "blue"), np.dtype(np.uint8))
    for rows in target.source.rows(size):
        part = slice(rows.first, rows.first + len(rows))
        writer.write(rows, {name: np.asarray(column)[part].astype(kinds[name]) for name, column in added.items()})
    writer.finish()
    assert not stream.closed
    return stream.getvalue()


def opened(path: Path, content: bytes) -> CloudFile:
    path.write_bytes(content)
    return open_cloud(path)


def singles(values: Sequence[float]) -> list[float]:
    """Numbers whose shortest text is that of the single-precision numbers that they become."""
    return [float(str(np.float32(value))) for value in values]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("vertices", [points(7), seen_points(7)], ids=["plain", "lists"])
@pytest.mark.parametrize(
    "before, after", [([], []), ([], [TRIANGLES]), ([OTHERS, TRIANGLES], []), ([TRIANGLES], [OTHERS])]
)
def test_every_byte_of_a_ply_comes_back_with_properties_behind_the_vertices_own(
    tmp_path: Path, form: str, end: str, vertices: Element, before: list[Element], after: list[Element]
) -> None:
    vertices = replace(vertices, properties=[one.replace(" label", " other") for one in vertices.properties])
    source = opened(tmp_path / "a.ply", ply(form, [*before, vertices, *after], NOTES, end))
    target = Target(source, (LABEL, SURE), labels=tuple(range(42)))
    wider = vertices.wider(["int label", "float confidence"], [LABELS, singles(CONFIDENCE)])
    expected = ply(form, [*before, wider, *after], NOTES, end)
    for size in (1, 3, 100):
        assert given_back(target, {"label": LABELS, "confidence": CONFIDENCE}, size) == expected


@pytest.mark.parametrize("form", ["binary_little_endian", "binary_big_endian"])
def test_bits_that_are_no_number_come_back(tmp_path: Path, form: str) -> None:
    """NaNs carry bits of their own, quiet and signalling ones."""
    odd = [b"\x7f\xa0\x00\x01", b"\x01\x00\xa0\x7f", b"\xff\xff\xff\xff", b"\x7f\x80\x00\x00", b"\x80\x00\x00\x00"]
    vertices = Element("vertex", ["float x", "float y", "float z"], [(one, one, 1.0) for one in odd])
    source = opened(tmp_path / "a.ply", ply(form, [vertices]))
    expected = ply(form, [vertices.wider(["int label"], [LABELS[:5]])])
    assert given_back(Target(source, (LABEL,)), {"label": LABELS[:5]}) == expected


@pytest.mark.parametrize("form", FORMS)
def test_what_is_given_back_is_a_ply_to_others(tmp_path: Path, form: str) -> None:
    source = opened(tmp_path / "a.ply", ply(form, [points(7), faces([0, 1, 2], [3, 4, 5])]))
    theirs = PlyData.read(str(tmp_path / "a.ply"))
    path = tmp_path / "b.ply"
    path.write_bytes(given_back(Target(source, (LABEL, SURE)), {"label": LABELS, "confidence": CONFIDENCE}))
    found = PlyData.read(str(path))
    assert [one.name for one in found.elements] == ["vertex", "face"] and found.text == theirs.text
    for name in theirs["vertex"].data.dtype.names:
        np.testing.assert_array_equal(found["vertex"][name], theirs["vertex"][name])
        assert found["vertex"][name].dtype == theirs["vertex"][name].dtype
    np.testing.assert_array_equal(found["vertex"]["label"], LABELS)
    np.testing.assert_array_equal(found["vertex"]["confidence"], np.float32(CONFIDENCE))
    assert [list(one) for one in found["face"]["vertex_indices"]] == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize("form", FORMS)
def test_coordinates_come_back_to_the_last_digit(tmp_path: Path, form: str) -> None:
    rng = np.random.default_rng(0)
    rows = [(500_000 + 1000 * a, 5_200_000 + 1000 * b, c) for a, b, c in rng.random((50, 3)).tolist()]
    vertices = Element("vertex", ["double x", "double y", "double z"], rows)
    source = opened(tmp_path / "a.ply", ply(form, [vertices]))
    path = tmp_path / "b.ply"
    path.write_bytes(given_back(Target(source, (LABEL,)), {"label": np.arange(50)}, 7))
    assert open_cloud(path).read().columns["x"].tolist() == [row[0] for row in rows]
    theirs = PlyData.read(str(path))["vertex"]
    assert [theirs[axis].tolist() for axis in "xyz"] == [list(axis) for axis in zip(*rows, strict=True)]


@pytest.mark.parametrize("form", FORMS)
def test_names_that_an_added_property_takes_make_room(tmp_path: Path, form: str) -> None:
    names = ["float x", "float y", "float z", "uchar Label", "list uchar int CONFIDENCE", "short label_input"]
    vertices = Element("vertex", names, [(0.5, 1.5, 2.5, 9, [1, 2], -3), (0.25, 1.25, 2.25, 8, [], -4)])
    notes = ["comment class 0 old wall", "comment class 12 old floor", "obj_info class 1 x", "comment classy"]
    source = opened(tmp_path / "a.ply", ply(form, [TRIANGLES, vertices], notes))
    target = Target(
        source, (LABEL, SURE), (0, 1), comments=("labelled by\n a network", "µ"), class_names={1: "Tür", 0: "wall"}
    )
    moved = [one.replace("Label", "Label_input2").replace("CONFIDENCE", "CONFIDENCE_input") for one in names]
    wider = replace(vertices, properties=moved).wider(["int label", "float confidence"], [[1, 0], [0.5, 0.25]])
    lines = [
        *notes[2:],
        "comment labelled by",
        "comment a network",
        "comment \\xb5",
        "comment class 0 wall",
        "comment class 1 T\\xfcr",
    ]
    start = head(
        form, [TRIANGLES, wider], ["comment class_input 0 old wall", "comment class_input 12 old floor", *notes[2:]]
    )
    start = start.replace(b"end_header", "\n".join([*lines[2:], "end_header"]).encode())
    assert given_back(target, {"label": [1, 0], "confidence": [0.5, 0.25]}) == start + body(form, TRIANGLES) + body(
        form, wider
    )


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "kind, colors, scale",
    [("uchar", "255", 1), ("ushort", "65535", 257), ("ushort", "255", 1), ("float", "1", 1 / 255),
     ("double", "1", 1 / 255), ("float", "255", 1), ("uint", "65535", 257), ("int", "255", 1)],
)  # fmt: skip
@pytest.mark.parametrize("lists", [False, True])
def test_colours_are_painted_over_in_their_own_type(
    tmp_path: Path, form: str, kind: str, colors: str, scale: float, lists: bool
) -> None:
    names = [
        f"{kind} g",
        "float x",
        *["list uchar short l"][: int(lists)],
        f"{kind} B",
        "float y",
        "float z",
        f"{kind} R",
    ]
    real = kind in ("float", "double")
    old = 0.5 if real else 7
    rows = [(old, 0.5, *[[1] * row][: int(lists)], old, 1.5, 2.5, old) for row in range(3)]
    source = opened(tmp_path / "a.ply", ply(form, [Element("vertex", names, rows), TRIANGLES]))
    shades = {"red": [0, 128, 255], "green": [1, 2, 3], "blue": [9, 200, 17]}

    def own(shade: int) -> float:
        if kind == "float":
            return singles([np.float32(shade * scale)])[0]
        return shade * scale if real else int(shade * scale)

    new = [
        (own(g), *row[1:-4], own(b), 1.5, 2.5, own(r), label)
        for row, r, g, b, label in zip(rows, *shades.values(), (4, 5, 6), strict=True)
    ]
    expected = ply(form, [Element("vertex", [*names, "int label"], new), TRIANGLES])
    target = Target(source, (LABEL,), recolored=True)
    assert given_back(target, {"label": [4, 5, 6], **shades}, 2, colors) == expected


@pytest.mark.parametrize("form", FORMS)
def test_colours_are_added_where_there_are_none(tmp_path: Path, form: str) -> None:
    names = ["float x", "float y", "float z", "float red"]  # without green and blue it is no colour
    vertices = Element("vertex", names, [(0.5, 1.5, 2.5, 3.5), (0.25, 1.25, 2.25, 4.5)])
    source = opened(tmp_path / "a.ply", ply(form, [vertices]))
    wider = replace(vertices, properties=[*names[:3], "float red_input"]).wider(
        ["uchar red", "uchar green", "uchar blue", "int label"], [[1, 2], [3, 4], [5, 255], [7, 8]]
    )
    added = {"red": [1, 2], "green": [3, 4], "blue": [5, 255], "label": [7, 8]}
    assert given_back(Target(source, (LABEL,), recolored=True), added) == ply(form, [wider])


def test_colours_that_no_char_holds_are_refused(tmp_path: Path) -> None:
    names = ["float x", "float y", "float z", "char red", "char green", "char blue"]
    source = opened(tmp_path / "a.ply", ply("ascii", [Element("vertex", names, [(0.5, 1.5, 2.5, 1, 2, 3)])]))
    with pytest.raises(InputError, match=r"a\.ply: property 'red' is of type char, which does not hold"):
        PlyWriter(Path("b.ply"), io.BytesIO(), Target(source, (LABEL,), recolored=True))
    PlyWriter(Path("b.ply"), io.BytesIO(), Target(source, (LABEL,)))


def test_a_text_as_programs_write_it_keeps_its_words(tmp_path: Path) -> None:
    start = head("ascii", [Element("vertex", ["float x", "float y", "float z"], [[]] * 3)])
    wide = head("ascii", [Element("vertex", ["float x", "float y", "float z", "int label"], [[]] * 3)])
    source = opened(tmp_path / "a.ply", start + b"\n 1.50  2\t0003.25 \r\n\r\n-nan(ind) 1e5 +7\n0 0 0")
    assert given_back(Target(source, (LABEL,)), {"label": [5, 6, 7]}, 2) == (
        wide + b"1.50  2\t0003.25 5\n-nan(ind) 1e5 +7 6\n0 0 0 7\n"
    )


def test_what_stands_behind_the_last_element_comes_back(tmp_path: Path) -> None:
    for form in FORMS:
        for vertices in (points(3), seen_points(3)):
            vertices = replace(vertices, properties=[one.replace(" label", " other") for one in vertices.properties])
            content = ply(form, [vertices, TRIANGLES]) + b"\n\nand more\n"
            source = opened(tmp_path / "a.ply", content)
            expected = ply(form, [vertices.wider(["int label"], [LABELS[:3]]), TRIANGLES]) + b"\n\nand more\n"
            assert given_back(Target(source, (LABEL,)), {"label": LABELS[:3]}) == expected


class Other(CloudFile):
    """A cloud of another format."""

    def __init__(self, table: Mapping[str, np.ndarray], **about: Any) -> None:
        fields = tuple(Field(name, column.dtype, column.shape[1:]) for name, column in table.items())
        super().__init__(Path("other.npz"), len(next(iter(table.values()))), fields)
        self._table = table
        for name, value in about.items():
            setattr(self, name, value)

    def _rows(self, size: int, names: frozenset[str]) -> Iterator[Rows]:
        for first in range(0, self.count, size):
            yield Rows(first, {name: self._table[name][first : first + size] for name in names})


def from_plyfile(path: Path, content: bytes) -> dict[str, np.ndarray]:
    path.write_bytes(content)
    (vertices,) = PlyData.read(str(path)).elements
    return {name: np.array(vertices[name]) for name in vertices.data.dtype.names}


PLACES = np.array([[0.5, 1.25, -2], [500_000.123456789, 2, 3], [4, 5, 6]])


def test_a_cloud_of_another_format_becomes_little_endian_vertices(tmp_path: Path) -> None:
    table = {
        "points": PLACES,
        "RGB": np.array([[1, 2, 3], [4, 5, 65535], [7, 8, 9]], np.uint16),
        "gps time": np.array([1e9 + 0.1, 2.0, np.nan]),
        "gps_time": np.array([7, 8, 9], np.int8),
        "Höhe": np.float32([1, 2, 3]),
        "label": np.uint8([1, 2, 3]),
        "wave": np.arange(6, dtype=np.int16).reshape(3, 2),
    }
    other = Other(table, comments=("from afar",))
    target = Target(other, (LABEL, SURE), (1, 2), comments=("done",), class_names={1: "wall"})
    content = given_back(target, {"label": LABELS[:3], "confidence": CONFIDENCE[:3]}, 2)
    assert content.startswith(
        b"ply\nformat binary_little_endian 1.0\ncomment from afar\ncomment done\ncomment class 1 wall\n"
        b"comment property gps_time_2 is column gps time\ncomment property Hohe is column H\\xf6he\n"
        b"comment property label_input is column label\nelement vertex 3\n"
        b"property double x\nproperty double y\nproperty double z\nproperty ushort red\n"
    )
    path = tmp_path / "a.ply"
    path.write_bytes(content)
    found = open_cloud(path).read().columns
    expected = {"x": PLACES[:, 0], "y": PLACES[:, 1], "z": PLACES[:, 2]}
    expected |= {color: table["RGB"][:, place] for place, color in enumerate(("red", "green", "blue"))}
    expected |= {"gps_time_2": table["gps time"], "gps_time": table["gps_time"], "Hohe": table["Höhe"]}
    expected |= {"label_input": table["label"], "wave_0": table["wave"][:, 0], "wave_1": table["wave"][:, 1]}
    expected |= {"label": np.int32(LABELS[:3]), "confidence": np.float32(CONFIDENCE[:3])}
    assert list(found) == list(expected)
    for name, column in expected.items():
        np.testing.assert_array_equal(found[name], column)
        assert found[name].dtype == column.dtype


def test_painted_colours_of_another_format_are_of_eight_bits(tmp_path: Path) -> None:
    table = {"xyz": PLACES.astype(np.float32), "rgb": PLACES.astype(np.float32)}
    shades = {"red": [1, 2, 3], "green": [4, 5, 6], "blue": [7, 8, 255]}
    target = Target(Other(table), (LABEL,), recolored=True)
    found = from_plyfile(tmp_path / "a.ply", given_back(target, {"label": [1, 2, 3], **shades}))
    assert list(found) == ["x", "y", "z", "red", "green", "blue", "label"]
    assert [found[color].tolist() for color in shades] == list(shades.values())
    assert found["red"].dtype == np.uint8 and found["x"].dtype == np.float32
    del table["rgb"]
    bare = from_plyfile(
        tmp_path / "a.ply", given_back(replace(target, source=Other(table)), {"label": [1, 2, 3], **shades})
    )
    assert list(bare) == list(found) and bare["blue"].tolist() == [7, 8, 255]


@pytest.mark.parametrize(
    "column, kind",
    [
        (np.array([True, False, True]), "u1"),
        (np.float16([1.5, np.nan, 65504]), "f4"),
        (np.int64([0, 127, -128]), "i1"),
        (np.uint64([0, 255, 1]), "u1"),
        (np.int64([0, -1, 255]), "i2"),
        (np.int64([0, 65535, 255]), "u2"),
        (np.int64([-32769, 0, 0]), "i4"),
        (np.uint64([2**32 - 1, 0, 0]), "u4"),
        (np.int64([2**32, 0, -(2**53)]), "f8"),
        (np.uint64([2**63, 2**53, 1]), "f8"),
        (np.longdouble([1.5, np.nan, -np.inf]), "f8"),
    ],
)
def test_types_that_ply_lacks_become_the_smallest_that_holds_them(
    tmp_path: Path, column: np.ndarray, kind: str
) -> None:
    target = Target(Other({"points": PLACES, "a": column}), ())
    found = from_plyfile(tmp_path / "a.ply", given_back(target, {}, 1))["a"]
    assert found.dtype == np.dtype(f"<{kind}")
    np.testing.assert_array_equal(found.astype(column.dtype), column)


@pytest.mark.parametrize(
    "column",
    [
        np.int64([2**53 + 1, 0, 0]),
        np.int64([2**63 - 1, 0, 0]),
        np.uint64([2**64 - 1, 0, 0]),
        np.longdouble([0, 1, 0]) + np.finfo(np.longdouble).eps,
    ],
)
def test_values_that_no_type_of_ply_holds_are_refused_before_anything_is_written(column: np.ndarray) -> None:
    if column.dtype.kind == "f" and np.finfo(np.longdouble).eps == np.finfo(float).eps:
        pytest.skip("long double is double here")
    stream = io.BytesIO()
    writer = PlyWriter(Path("out.ply"), stream, Target(Other({"points": PLACES, "a": column}), ()))
    with pytest.raises(InputError, match=r"out\.ply: PLY has no type that holds column 'a' of other\.npz exactly"):
        writer.begin(survey(3), (1.0, 1.0, 1.0))
    assert stream.getvalue() == b""


@pytest.mark.parametrize(
    "labels, kind", [((0, 19), "char"), ((0, 255), "uchar"), ((-1, 255), "short"), ((0, 2**40), "double")]
)
@pytest.mark.parametrize("form", FORMS)
def test_labels_of_64_bits_get_the_type_that_all_of_them_need(
    tmp_path: Path, form: str, labels: tuple[int, ...], kind: str
) -> None:
    source = opened(tmp_path / "a.ply", ply(form, [points(2)]))
    target = Target(source, (Field("label", np.dtype(np.int64)),), labels)
    values = [float(one) if kind == "double" else one for one in labels]
    assert given_back(target, {"label": labels}) == ply(form, [points(2).wider([f"{kind} label"], [values])])


def test_values_that_the_promised_type_does_not_hold_are_refused(tmp_path: Path) -> None:
    source = opened(tmp_path / "a.ply", ply("ascii", [points(2)]))
    target = Target(source, (Field("label", np.dtype(np.int64)),), (0, 1))
    with pytest.raises(
        InputError, match=r"out\.ply: the column 'label' has a value that its type in PLY, char, does not hold"
    ):
        given_back(target, {"label": [0, 300]})


def test_names_that_ply_cannot_hold_get_underscores_and_stay_apart(tmp_path: Path) -> None:
    names = ["a b", "a_b", "a\tb", " a b ", "a_b_2", "\x00", "  ", "高さ", "ä_b"]
    table = {"points": PLACES} | {name: np.uint8([place] * 3) for place, name in enumerate(names)}
    found = from_plyfile(tmp_path / "a.ply", given_back(Target(Other(table), ()), {}))
    assert len(found) == 3 + len(names)
    assert {name: int(column[0]) for name, column in found.items() if name in ("a_b", "a_b_2")} == {
        "a_b": 1,
        "a_b_2": 4,
    }
    assert sorted(int(column[0]) for name, column in found.items() if name not in "xyz") == list(range(len(names)))


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(st.data())
def test_whatever_is_added_comes_back(data: st.DataObject) -> None:
    """Random vertices with lists, any form, chunks of any size."""
    form, count = data.draw(st.sampled_from(list(FORMS))), data.draw(st.integers(1, 12))
    whole = st.integers(-128, 127)
    real = st.floats(width=64, allow_nan=False, allow_infinity=False)
    row = st.tuples(real, st.lists(whole, max_size=5), real, real, st.lists(real, max_size=3), whole)
    names = ["double x", "list uchar char a", "double y", "double z", "list ushort double b", "char c"]
    vertices = Element("vertex", names, data.draw(st.lists(row, min_size=count, max_size=count)))
    labels = data.draw(st.lists(st.integers(-(2**31), 2**31 - 1), min_size=count, max_size=count))
    with tempfile.TemporaryDirectory() as folder:
        source = opened(Path(folder) / "a.ply", ply(form, [OTHERS, vertices, TRIANGLES]))
        expected = ply(form, [OTHERS, vertices.wider(["int label"], [labels]), TRIANGLES])
        assert given_back(Target(source, (LABEL,)), {"label": labels}, data.draw(st.integers(1, 15))) == expected
