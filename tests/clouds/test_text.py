"""Text files as spreadsheets, CloudCompare, PDAL and scanners write them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from bscnet.clouds import Cloud, open_cloud, read_cloud

RNG = np.random.default_rng(0)
POINTS = np.round(RNG.uniform(0, 5, (50, 3)), 3)
COLORS, LABELS = RNG.integers(0, 256, (50, 3)), RNG.integers(0, 3, 50)
WORDS = [
    [*(f"{value:.3f}" for value in point), *map(str, color), str(label)]
    for point, color, label in zip(POINTS, COLORS, LABELS, strict=True)
]
NAMES = ("x", "y", "z", "red", "green", "blue", "label")


def text(
    sign: str, head: str | None = None, end: str = "", wrap: str = "{}", columns: int = 7, newline: str = "\n"
) -> str:
    lines = [sign.join(wrap.format(word) for word in words[:columns]) + end for words in WORDS]
    return "".join(line + newline for line in ([] if head is None else [head]) + lines)


def read(tmp_path: Path, data: str | bytes, name: str = "a.txt", columns: list[str] | None = None) -> Cloud:
    path = tmp_path / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return read_cloud(path, columns)


def is_the_cloud(cloud: Cloud, columns: int = 7, last: str = "label") -> None:
    for index, axis in enumerate("xyz"):
        np.testing.assert_array_equal(cloud.columns[axis], POINTS[:, index])
    for index, color in enumerate(("red", "green", "blue")):
        np.testing.assert_array_equal(cloud.columns[color], COLORS[:, index])
    if columns == 7:
        np.testing.assert_array_equal(cloud.columns[last], LABELS)


CASES: dict[str, tuple[str | bytes, int, str]] = {
    "mark without header": ("\ufeff" + text(" ", columns=6), 6, ""),
    "mark and header": ("\ufeff" + text(";", ";".join(NAMES)), 7, "label"),
    "mark and count": ("\ufeff50\n" + text(" ", columns=6), 6, ""),
    "utf-16": (text("\t", "\t".join(NAMES), newline="\r\n").encode("utf-16"), 7, "label"),
    "utf-16 of another order": (("\ufeff" + text("\t", "\t".join(NAMES))).encode("utf-16-be"), 7, "label"),
    "trailing semicolon": (text(";", "x;y;z;red;green;blue;label;", ";"), 7, "label"),
    "trailing semicolon in the points alone": (text(";", "x;y;z;red;green;blue;label", ";"), 7, "label"),
    "trailing semicolon in the header alone": (text(";", "x;y;z;red;green;blue;label;"), 7, "label"),
    "trailing comma without header": (text(",", end=",", columns=6), 6, ""),
    "trailing tab": (text("\t", "\t".join(NAMES) + "\t", "\t"), 7, "label"),
    "trailing blanks": (text(" ", " ".join(NAMES), "  "), 7, "label"),
    "leading semicolon": ("".join(f";{line}\n" for line in text(";", ";".join(NAMES)).splitlines()), 7, "label"),
    "decimal comma": (text(";", ";".join(NAMES)).replace(".", ","), 7, "label"),
    "decimal comma and tabs": (text("\t", "\t".join(NAMES)).replace(".", ","), 7, "label"),
    "decimal comma and blanks": (text("  ", " ".join(NAMES)).replace(".", ","), 7, "label"),
    "decimal comma in quotes": (text(",", ",".join(NAMES), wrap='"{}"').replace(".", ","), 7, "label"),
    "name begins with a digit": (text(" ", "//X Y Z R G B 1st_eigenvalue_(0.1)"), 7, "1st_eigenvalue_(0.1)"),
    "name is not Latin": (text(",", "x,y,z,red,green,blue,标签"), 7, "标签"),
    "name in cp1252": (text(" ", "//X Y Z R G B Höhe").encode("cp1252"), 7, "Höhe"),
    "name with blanks": (text(";", "X;Y;Z;Red;Green;Blue;Scalar field #2"), 7, "Scalar field #2"),
    "name with the separator": (text(",", 'x,y,z,red,green,blue,"label, manual"'), 7, "label, manual"),
    "name with quotes": (text(",", 'x,y,z,red,green,blue,"the ""label"""'), 7, 'the "label"'),
    "name that is a number": (text(",", "x,y,z,red,green,blue,7"), 7, "7"),
    "quoted values": (text(",", '"x","y","z","red","green","blue","label"', wrap='"{}"'), 7, "label"),
    "quoted header": (text(",", '"X","Y","Z","Red","Green","Blue","Intensity"'), 7, "Intensity"),
    "quoted values and blanks": (text(" ", " ".join(NAMES), wrap='"{}"'), 7, "label"),
    "comma and blank": (text(", ", ", ".join(NAMES)), 7, "label"),
    "header with commas, points with blanks": (text(" ", ", ".join(NAMES)), 7, "label"),
    "header with blanks, points with commas": (text(",", " ".join(NAMES)), 7, "label"),
    "commas and columns of one width": (text(",", ",".join(NAMES), wrap="{:>4}"), 7, "label"),
    "columns of one width": (text(" ", " ".join(NAMES), wrap="{:>10}"), 7, "label"),
    "blanks around values": (text(";", " x ; y ; z ;red;green;blue; label ", wrap="  {} "), 7, "label"),
    "carriage returns": (text(" ", " ".join(NAMES), newline="\r"), 7, "label"),
    "Windows": (text("\t", "\t".join(NAMES), newline="\r\n"), 7, "label"),
    "no last line feed": (text(" ", " ".join(NAMES)).rstrip("\n"), 7, "label"),
    "count": ("50\n" + text(" ", columns=6), 6, ""),
    "header and count": ("//X Y Z R G B Label\n50\n" + text(" "), 7, "Label"),
    "count and header": ("50\n//X Y Z R G B Label\n" + text(" "), 7, "Label"),
    "comments": ("# by a scanner\n\n// x is east\n" + text(" ", columns=6), 6, ""),
    "other signs of comments": ("% by a program\n! another\n" + text(" ", columns=6), 6, ""),
    "header behind a comment": ("# by a scanner\n" + text(",", ",".join(NAMES)), 7, "label"),
    "names between comments": (
        "# a\n#" + " ".join(NAMES) + "\n# one two three four five six seven\n" + text(" "),
        7,
        "label",
    ),
    "blank lines between and at the end": (text(" ", columns=6).replace("\n", "\n\n", 20) + "\n \n\t\n", 6, ""),
    "lines of separators at the end": (text(";", ";".join(NAMES)) + ";;;;;;\n;;;;;;\n", 7, "label"),
    "the end mark of DOS": (text(" ", columns=6) + "\x1a", 6, ""),
}


@pytest.mark.parametrize("case", CASES)
def test_what_programs_write_is_read(tmp_path: Path, case: str) -> None:
    data, columns, last = CASES[case]
    cloud = read(tmp_path, data)
    assert len(cloud) == 50 and len(cloud.columns) == columns
    is_the_cloud(cloud, columns, last)


def test_colours_of_cloudcompare_between_0_and_1(tmp_path: Path) -> None:
    lines = ["//X;Y;Z;Rf;Gf;Bf;label"]
    lines += [";".join([*row[:3], *(f"{int(value) / 255:.6f}" for value in row[3:6]), row[6]]) for row in WORDS]
    cloud = read(tmp_path, "\n".join(lines))
    for index, color in enumerate(("red", "green", "blue")):
        np.testing.assert_array_equal(np.rint(cloud.columns[color] * 255), COLORS[:, index])


def test_columns_by_their_number_and_by_the_caller(tmp_path: Path) -> None:
    assert list(read(tmp_path, "1 2 3\n").columns) == ["x", "y", "z"]
    assert read(tmp_path, "9 1 2 3\n", columns=["_", "x", "y", "z"]).columns["x"].tolist() == [1]
    assert read(tmp_path, "a,b,c,d\n9,1,2,3\n", columns=["h", "x", "y", "z"]).columns["h"].tolist() == [9]
    four, seven = read(tmp_path, "1\n1 2 3 -40\n", "a.pts"), read(tmp_path, "1 2 3 -40 5 6 7\n", "a.pts")
    assert list(four.columns) == ["x", "y", "z", "intensity"]
    assert seven.columns["intensity"].tolist() == [-40] and seven.columns["blue"].tolist() == [7]


def test_columns_without_a_name_are_not_wanted(tmp_path: Path) -> None:
    cloud = read(tmp_path, ",x,y,z,\n0,1,2,3,8\n1,4,5,6,8\n")  # as pandas writes its index
    assert list(cloud.columns) == ["x", "y", "z"] and cloud.columns["z"].tolist() == [3, 6]


@pytest.mark.parametrize(
    "word, value",
    [
        ("nan", math.nan), ("NaN", math.nan), ("-nan", math.nan), ("-nan(ind)", math.nan), ("nan(snan)", math.nan),
        ("1.#QNAN", math.nan), ("-1.#IND00", math.nan), ("1.#SNAN0", math.nan), ("1.#INF", math.inf),
        ("-1.#INF00", -math.inf), ("inf", math.inf), ("-Infinity", -math.inf), ("", math.nan), ("NA", math.nan),
        ("n/a", math.nan), ("null", math.nan),
        ("None", math.nan), ("1e3", 1000.0), ("1.5E-03", 0.0015), ("+7", 7.0), (".5", 0.5), ("5.", 5.0), ("-0", -0.0),
        ("1e400", math.inf), ("0.1234567890123456789", 0.1234567890123456789), ("9007199254740993", 2.0**53),
        ("000000000000000000001", 1.0),
    ],
)  # fmt: skip
def test_values_of_a_column_however_they_are_spelled(tmp_path: Path, word: str, value: float) -> None:
    column = read(tmp_path, f"x,y,z,v\n1,2,3,4\n1,2,3,{word}\n").columns["v"]
    assert column[1:].tobytes() == np.array([value]).tobytes() or (math.isnan(value) and math.isnan(column[1]))
    assert column[0] == 4


def test_exponents_behind_a_decimal_comma(tmp_path: Path) -> None:
    cloud = read(tmp_path, "x;y;z;v\n1,5e-3;2;3E2;1,#QNAN\n")
    assert [cloud.columns[axis].tolist() for axis in "xyz"] == [[0.0015], [2], [300]]
    assert math.isnan(cloud.columns["v"][0])


def test_a_decimal_comma_that_comes_late(tmp_path: Path) -> None:
    lines = "0;0;0\n" * 1200 + "1,5;2,25;3\n"
    assert read(tmp_path, lines).columns["y"].tolist() == [0] * 1200 + [2.25]


@pytest.mark.parametrize("first", ["ground", "", '"low vegetation"'])
def test_a_column_of_words_is_no_number_and_in_no_ones_way(tmp_path: Path, first: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f'x,y,z,class,heat\n1,2,3,{first},7\n4,5,6,wall,8\n7,8,9,"a ""hut"", a shed",9\n')
    file = open_cloud(path)
    assert list(file.columns) == ["x", "y", "z", "heat"]
    assert file.read().columns["heat"].tolist() == [7, 8, 9]
    (rows,) = file.rows()
    assert rows.fields["class"].tolist() == [first.strip('"'), "wall", 'a "hut", a shed']


def test_points_without_a_place_are_kept(tmp_path: Path) -> None:
    cloud = read(tmp_path, "nan nan nan\n1 2 3\n")
    assert cloud.finite.tolist() == [False, True]


def test_digits_of_a_national_grid(tmp_path: Path) -> None:
    cloud = read(tmp_path, "412345.12345678 6254321.0001 -0.5\n412345.1234567890123 6254321.00010001 1\n")
    assert cloud.columns["x"].tolist() == [412345.12345678, 412345.1234567890123]
    assert cloud.columns["y"].tolist() == [6254321.0001, 6254321.00010001]


def test_comments_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("# Büro\n//X Y Z v\n// second\n1 2 3 4\n".encode("cp1252"))
    assert open_cloud(path).comments == ("Büro", "second")
