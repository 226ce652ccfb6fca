"""Text given back with labels: every line as it stood, and any other cloud as text that gives its numbers back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bscnet.clouds import CloudFile, open_cloud
from bscnet.clouds.arrays import ArrayCloud
from fixtures.written_clouds import write_cloud

LABELS, SURE = np.array([5, 2, 9], np.uint8), np.array([0.25, 1.0, 1 / 3], np.float32)
ADDED = {"label": LABELS, "confidence": SURE}
THIRD = repr(float(np.float32(1 / 3)))  # as the double that the single equals
SHADES = {"red": np.array([255, 0, 7], np.uint8), "green": np.array([1, 2, 3], np.uint8), "blue": np.zeros(3, np.uint8)}


def write(
    source: CloudFile,
    path: Path,
    added: Mapping[str, np.ndarray] = ADDED,
    shades: Mapping[str, np.ndarray] | None = None,
    **options: Any,
) -> bytes:
    return write_cloud(source, path, added, shades, **{"size": 2, "comments": ("by a test",), **options})


def kept(
    tmp_path: Path, text: str | bytes, name: str = "a.txt", columns: list[str] | None = None, **options: object
) -> str:
    (tmp_path / name).write_bytes(text.encode() if isinstance(text, str) else text)
    source = open_cloud(tmp_path / name, columns)
    return write(source, tmp_path / f"out{Path(name).suffix}", **options).decode()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "before, after",
    [
        # a header line, blanks as they stand
        ("x y  z\n1.50 2 3e0\n+4 5 6\n7 8 9\n",
         f"x y  z label confidence\n1.50 2 3e0 5 0.25\n+4 5 6 2 1.0\n7 8 9 9 {THIRD}\n"),
        # a comment that names the columns, other comments, a count, empty lines
        ("# by a scanner\n//X Y Z R\n3\n1 2 3 4\n\n4 5 6 7\n7 8 9 0\n",
         f"# by a scanner\n//X Y Z R label confidence\n3\n1 2 3 4 5 0.25\n\n4 5 6 7 2 1.0\n7 8 9 0 9 {THIRD}\n"),
        # no names
        ("3\n1 2 3\n4 5 6\n7 8 9\n",
         f"3\n//x y z label confidence\n1 2 3 5 0.25\n4 5 6 2 1.0\n7 8 9 9 {THIRD}\n"),
        ("1\t2\t3\t0\t0\t9\n" * 3,
         "//x\ty\tz\tred\tgreen\tblue\tlabel\tconfidence\n1\t2\t3\t0\t0\t9\t5\t0.25\n1\t2\t3\t0\t0\t9\t2\t1.0\n"
         f"1\t2\t3\t0\t0\t9\t9\t{THIRD}\n"),
        # Windows, a separator behind the last value, a decimal comma
        ("x;y;z;\r\n1,5;2;3;\r\n4;5;6;\r\n7;8;9;",
         f"x;y;z;label;confidence;\r\n1,5;2;3;5;0,25;\r\n4;5;6;2;1,0;\r\n7;8;9;9;{THIRD.replace('.', ',')};\r\n"),
        (";1;2;3\n;4;5;6\n;7;8;9\n", f"//x;y;z;label;confidence\n;1;2;3;5;0.25\n;4;5;6;2;1.0\n;7;8;9;9;{THIRD}\n"),
        # quotes, words, and a name that is taken
        ('"X","Y","Z","Label"\n"1","2","3","a, b"\n"4","5","6","c"\n"7","8","9",""\n',
         '"X","Y","Z","Label_input","label","confidence"\n"1","2","3","a, b","5","0.25"\n"4","5","6","c","2","1.0"\n'
         f'"7","8","9","","9","{THIRD}"\n'),
        ('x,y,z\n"1,5",2,3\n4,"5,5",6\n7,8,9\n',
         f'x,y,z,label,confidence\n"1,5",2,3,"5","0,25"\n4,"5,5",6,"2","1,0"\n7,8,9,"9","{THIRD.replace(".", ",")}"\n'),
        ("x, y, z, label, label_input\n" + "1, 2, 3, 4, 5\n" * 3,
         "x, y, z, label_input2, label_input, label, confidence\n1, 2, 3, 4, 5, 5, 0.25\n1, 2, 3, 4, 5, 2, 1.0\n"
         f"1, 2, 3, 4, 5, 9, {THIRD}\n"),
        ("x\ty\tz\n" + "1 2 3\n" * 3, f"x\ty\tz\tlabel\tconfidence\n1 2 3 5 0.25\n1 2 3 2 1.0\n1 2 3 9 {THIRD}\n"),
        (",x,y,z\n0,1,2,3\n1,4,5,6\n2,7,8,9\n",
         f",x,y,z,label,confidence\n0,1,2,3,5,0.25\n1,4,5,6,2,1.0\n2,7,8,9,9,{THIRD}\n"),
        ("x y z\r1 2 3\r4 5 6\r7 8 9\r", f"x y z label confidence\r1 2 3 5 0.25\r4 5 6 2 1.0\r7 8 9 9 {THIRD}\r"),
    ],
)  # fmt: skip
def test_lines_stay_as_they_stand(tmp_path: Path, before: str, after: str) -> None:
    assert kept(tmp_path, before) == after
    found, own = open_cloud(tmp_path / "out.txt"), open_cloud(tmp_path / "a.txt").read().columns
    columns = found.read().columns
    assert columns["label"].tolist() == LABELS.tolist() and columns["confidence"].tolist() == SURE.tolist()
    for name, column in own.items():
        np.testing.assert_array_equal(columns[{"label": "label_input2"}.get(name, name)], column)


@pytest.mark.parametrize("codec, mark", [("utf-8-sig", b"\xef\xbb\xbf"), ("utf-16", b"\xff\xfe"), ("cp1252", b"")])
def test_the_encoding_stays(tmp_path: Path, codec: str, mark: bytes) -> None:
    kept_text = "x;y;z;Höhe\r\n" + "1;2;3;Büro\r\n" * 3
    (tmp_path / "a.csv").write_bytes(kept_text.encode(codec))
    found = write(open_cloud(tmp_path / "a.csv"), tmp_path / "out.csv")
    assert found.startswith(mark)
    lines = found.decode(codec).split("\r\n")
    assert lines[:2] == ["x;y;z;Höhe;label;confidence", "1;2;3;Büro;5;0.25"]


def test_columns_that_the_caller_named(tmp_path: Path) -> None:
    """The file's own names are lost neither where they are nobody's nor where they are the caller's no more."""
    names = ["x", "y", "z", "_"]
    found = kept(tmp_path, "East;North;Up;Code\n" + "1;2;3;4\n" * 3, columns=names).splitlines()
    assert found[:3] == ["# East;North;Up;Code", "x;y;z;Code;label;confidence", "1;2;3;4;5;0.25"]
    assert open_cloud(tmp_path / "out.txt").read().columns["Code"].tolist() == [4, 4, 4]
    found = kept(tmp_path, "1;2;3;4\n" * 3, columns=names).splitlines()
    assert found[:2] == ["//x;y;z;_;label;confidence", "1;2;3;4;5;0.25"]
    assert list(open_cloud(tmp_path / "out.txt").columns) == ["x", "y", "z", "label", "confidence"]
    found = kept(tmp_path, "# X Y Z V\n" + "1 2 3 4\n" * 3, columns=["z", "y", "x", "heat"]).splitlines()
    assert found[:3] == ["# X Y Z V", "//z y x heat label confidence", "1 2 3 4 5 0.25"]
    assert open_cloud(tmp_path / "out.txt").read().columns["z"].tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    "largest, line, painted",
    [
        ("255", '1 2 3 "9" 09 9.0 8', '1 2 3 "255" 1 0 8 5 0.25'),
        ("65535", "1 2 3 9 9 9 8", "1 2 3 65535 257 0 8 5 0.25"),
        ("1", "1 2 3 .9 .9 .9 8", "1 2 3 1.0 0.00392156862745098 0.0 8 5 0.25"),
        ("1", '1,"2,5",3,1,"0,5","0",8', '1,"2,5",3,"1,0","0,00392156862745098","0,0",8,"5","0,25"'),
        ("255", '"1","2","3","9","9","9","8"', '"1","2","3","255","1","0","8","5","0.25"'),
        ("1", "1;2;3;,9;,9;,9;8;", "1;2;3;1,0;0,00392156862745098;0,0;8;5;0,25;"),
    ],
)
def test_colours_of_classes_in_the_files_own_range(tmp_path: Path, largest: str, line: str, painted: str) -> None:
    sign = ";" if ";" in line else "," if "," in line else " "
    found = kept(tmp_path, sign.join("xyzrgbv") + "\n" + f"{line}\n" * 3, shades=SHADES, colors=largest)
    assert found.splitlines()[1] == painted


def test_colours_of_classes_where_there_were_none(tmp_path: Path) -> None:
    found = kept(tmp_path, "1 2 3\n" * 3, shades=SHADES).splitlines()
    assert found[:2] == ["//x y z red green blue label confidence", "1 2 3 255 1 0 5 0.25"]
    columns = open_cloud(tmp_path / "out.txt").read().columns
    assert all(columns[name].tolist() == shade.tolist() for name, shade in SHADES.items())


CLOUD = {
    "heat (°C)": np.array([0.1, -0.0, np.nan], np.float32),
    "time": np.array([2**62 + 1, -(2**53), 0], np.int64),
    "Label": np.array([1, 2, 3], np.int16),
    "a, \"b\"": np.array([True, False, True]),
    "_": np.array([1.5, 65504, np.inf], np.float16),
}  # fmt: skip


def cloud() -> ArrayCloud:
    points = np.array([[412345.123456, 6254321.0001, 0.1], [1e-300, 1e300, -0.0], [1, 2, 3]])
    return ArrayCloud(points, np.array([[255, 0, 1]] * 3, np.uint8), CLOUD)


@pytest.mark.parametrize("ending", [".txt", ".csv", ".asc", ".xyz", ".pts"])
def test_other_clouds_come_back_from_text(tmp_path: Path, ending: str) -> None:
    source, path = cloud(), tmp_path / f"out{ending}"
    lines = write(source, path).decode().splitlines()
    assert lines[0] == "3" if ending == ".pts" else lines[0].startswith("//x " if ending == ".xyz" else "x")
    found = open_cloud(path)
    assert [name for name in found.columns if name not in ("x", "y", "z")] == [
        "red", "green", "blue", "heat (°C)", "time", "Label_input", 'a, "b"', "__", "label", "confidence",
    ]  # fmt: skip
    columns = found.read().columns
    names = {"Label": "Label_input", "_": "__"}
    for name, column in {**source.read().columns, **ADDED}.items():
        assert columns[names.get(name, name)].astype(column.dtype).tobytes() == column.tobytes() or name == "time"
        np.testing.assert_array_equal(columns[names.get(name, name)], column.astype(np.float64))
    assert any(str(2**62 + 1) in line for line in lines)  # exact in the text, though not in a double


def test_other_clouds_with_the_colours_of_classes(tmp_path: Path) -> None:
    write(cloud(), tmp_path / "out.csv", shades=SHADES, colors="65535")
    columns = open_cloud(tmp_path / "out.csv").read().columns
    assert all(columns[name].tolist() == shade.tolist() for name, shade in SHADES.items())
    bare = ArrayCloud(np.eye(3))
    write(bare, tmp_path / "bare.csv", shades=SHADES)
    assert list(open_cloud(tmp_path / "bare.csv").columns) == ["x", "y", "z", *SHADES, *ADDED]


def test_nothing_need_be_added(tmp_path: Path) -> None:
    assert kept(tmp_path, "x;y;z\n1;2;3\n\n4;5;6\n", added={}) == "x;y;z\n1;2;3\n\n4;5;6\n"


def test_a_labelled_file_can_be_labelled_again(tmp_path: Path) -> None:
    kept(tmp_path, "1 2 3\n" * 3)
    write(open_cloud(tmp_path / "out.txt"), tmp_path / "again.txt")
    names = ["x", "y", "z", "label_input", "confidence_input", "label", "confidence"]
    assert list(open_cloud(tmp_path / "again.txt").columns) == names


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(st.tuples(*[st.floats(width=64)] * 3, st.integers(-(2**53), 2**53)), min_size=1, max_size=20),
    st.sampled_from([".csv", ".xyz"]),
    st.integers(1, 9),
)
def test_doubles_keep_every_bit(tmp_path: Path, rows: list[tuple[float, ...]], ending: str, size: int) -> None:
    points = np.array([row[:3] for row in rows], np.float64)
    source = ArrayCloud(points, values={"time": np.array([int(row[3]) for row in rows])})
    write(source, tmp_path / f"out{ending}", {}, size=size)
    columns = open_cloud(tmp_path / f"out{ending}").read().columns
    for index, axis in enumerate("xyz"):
        assert np.array_equal(columns[axis], points[:, index], equal_nan=True)
        assert np.array_equal(np.signbit(columns[axis]), np.signbit(points[:, index])) or np.isnan(points).any()
    assert columns["time"].tolist() == source.read().columns["time"].tolist()
