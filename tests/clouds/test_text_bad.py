"""Text that is not understood is one sentence with the line and the remedy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bscnet.clouds import Cloud, open_cloud, read_cloud
from bscnet.errors import InputError

COLUMNS = "'columns:' of dataset.yaml or --columns"


def refused(path: Path, sentence: str, columns: list[str] | None = None) -> None:
    with pytest.raises(InputError, match=sentence) as error:
        read_cloud(path, columns)
    told = str(error.value)
    assert told.startswith(f"{path}: ") and "\n" not in told and len(told) < 600


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("1 2 3\n4 5\n", "line 2 is no point of 3 values between blanks as the first one is: '4 5'"),
        ("1 2 3\n4 1\x1087 6\n", r"line 2 is no point .* as the first one is: '4 1\\x1087 6'"),
        ("1 2 3\n4 5\u2028 6 7\n", r"line 2 is no point .*: '4 5\\u2028 6 7'"),
        ("1 2 3\n" + "4 " * 99 + "\n", f"line 2 is no point .*: '{'4 ' * 30}'$"),
        ("x,y,z\n1,2,3\n\n4,5,6,7\n", "line 4 is no point of 3 values between commas"),
        ("1;2;3\n4;5;6;\n", "line 2 is no point of 3 values between semicolons"),
        ("1;2;3;\n4;5;6\n", "line 2 is no point of 3 values"),
        ("1;2;3;\n4;5;6;7\n", "line 2 is no point of 3 values"),
        (";1;2;3\n4;5;6;7\n", "line 2 is no point of 3 values"),
        ('1,2,3\n4,"5,6\n', "line 2 has a quote that is not closed"),
        ('1,2,3\n4,"5,6\n"7,8,9\n', "line 2 has a quote that is not closed"),
        ('1 "2 3\n', "line 1 is no point"),
        ("1 2 3\n4 five 6\n", "line 2 has 'five' in the column 'y', a decimal number with '.'"),
        ("1 2 3\n# 4 5 6\n", "line 2 is no point of 3 values"),
        ("1 2 3\n4 5 6\n# end\n", "line 3 is no point of 3 values"),
        ("1 2 3\n4 5 6\n# the end\n", "line 3 has '#' in the column 'x'"),
        ("# 1 2 3\n4 5 6\n", "line 1 is a point behind a sign of comments"),
        ("//1;2;3\n4;5;6\n", "line 1 is a point behind a sign of comments"),
        ("1 two 3\n4 5 6\n", "line 1 is no point .* and not the line that names the columns"),
        ("x;y;z\n[m];[m];[m]\n1;2;3\n", "line 2 is no point"),
        ("1.234,5;2;3\n", "line 1 is no point .*without thousands separators"),
        ("1,234.5 2,000.1 3.0\n", "without thousands separators"),
        ("1,234,567;2;3\n", "without thousands separators"),
        ("1 234;2;3\n", "without thousands separators"),
        ("x;y;z\n1;2;3\n1 234;2;3\n", "line 3 has '1 234' in the column 'x', .*without thousands separators"),
        ("x;y;z;v\n1;2;3;1'234\n", f"line 2 has '1'234' in the column 'v', .*name the columns by {COLUMNS}"),
        ("x;y;z;v\n1;2;3;1\u202f234,5\n", "line 2 has '1\u202f234,5' in the column 'v'"),
        ("x y z v\n1 2 3 0x1F\n", "line 2 has '0x1F' in the column 'v'"),
        ("x y z v\n1 2 3 1_0\n", "line 2 has '1_0' in the column 'v'"),
        ("x y z v\n1 2 3 4\n1 2 3 1_0\n", "line 3 has '1_0' in the column 'v'"),
        ("1,5;2.5;3\n", "line 1 has '2.5' in the column 'y', a decimal number with ','"),
        ("1.5;2.5;3\n1.5;2,5;3\n", "line 2 has '2,5' in the column 'y', a decimal number with '.'"),
        ("1,5, 2,5, 3,5\n", "line 1 can be read in two ways, with commas between the values or in them as well"),
        ("x y z\n1,5, 2,5, 3,5\n", "line 2 can be read in two ways"),
        ("x,y,z,v\n1,,3,4\n", "line 2 has nothing in the column 'y'"),
        ("x,y,z,v\n1,2,3,4\n1,2,NA,4\n", "line 3 has 'NA' in the column 'z'"),
        ("x y z class\n1 2 3 0\n4 5 6 wall\n", f"line 3 has 'wall' in the column 'class', .*words, .*{COLUMNS}"),
        ("3\n1 2 3\n4 5 6\n", "a line tells of 3 points, but 2 follow"),
        ("1\n1 2 3\n4 5 6\n", "a line tells of 1 points, but 2 follow"),
        ("2\n2\n1 2 3\n4 5 6\n", "line 2 is no point"),
        ("1 2 3 4\n", f"line 1, the first point, has 4 columns whose meaning is not known, .*{COLUMNS}"),
        ("x y z v\n1 2 3\n", f"line 2, the first point, has 3 columns, but line 1 names 4: x, y, z, v; .*{COLUMNS}"),
        ("x y z x\n1 2 3 4\n", f"two columns are called 'x', name them apart by {COLUMNS}"),
        ("east north up\n1 2 3\n", f"no column 'x', the columns are east, north, up: name them by {COLUMNS}"),
        ("# nothing\n\n", "the file has no points"),
        ("x y z\n", "the file has no points"),
        ("\n" * 2000, "no point among the first 1000 lines"),
        ("1 2\n3 4\n", "line 1 is no point"),
    ],
)  # fmt: skip
def test_bad_text(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    refused(tmp_path / "a.txt", sentence)


def test_names_that_the_caller_gives(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("1 2 3 4\n")
    refused(tmp_path / "a.txt", "has 4 columns, but 'columns:' or --columns names 2: x, y", ["x", "y"])
    refused(tmp_path / "a.txt", "no column 'z'", ["x", "y", "a", "b"])
    refused(tmp_path / "a.txt", "two columns are called 'x'", ["x", "y", "z", "x"])


@pytest.mark.parametrize(
    "data, sentence",
    [
        ("1 2 3\n".encode("utf-32"), "stored as UTF-32"),
        ("1 2 3\n".encode("utf-16-le"), "no text, or UTF-16 without a byte-order mark"),
        ("1 2 3\n".encode("utf-16") + b"\0", "damaged, truncated or no TXT file .UnicodeDecodeError"),
        ("1 2 3\n".encode("utf-16") + b"\0\xdc", "damaged, truncated or no TXT file .UnicodeDecodeError"),
        (b"\xef\xbb\xbf", "the file has no points"),
        (b"1 2 3 " * 400_000, "a line has more than 1048576 characters"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(1, 256)) * 20, "no text|no point|no points"),
    ],
)
def test_bytes_that_are_no_text(tmp_path: Path, data: bytes, sentence: str) -> None:
    (tmp_path / "a.txt").write_bytes(data)
    refused(tmp_path / "a.txt", sentence)


def test_a_file_that_shrinks_while_it_is_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("1 2 3\n" * 10)
    file = open_cloud(path)
    path.write_text("1 2 3\n" * 9)
    with pytest.raises(InputError, match="truncated, 1 of its 10 points are missing"):
        file.read()


def outcome(path: Path, columns: list[str] | None) -> Cloud | str:
    try:
        return read_cloud(path, columns)
    except InputError as error:
        return str(error)


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize(
    "lines, sentence",
    [
        (["1 2 3 4", "1 2 3", "1 two 3 4"], "line 3 is no point"),
        (["1 2 3 4", "1 two 3 4", "1 2 3"], "line 3 has 'two' in the column 'y'"),
        (["1 2 3 4", "1 two 3 four", "one 2 3 4"], "line 3 has 'two' in the column 'y'"),
        (["1 2 3 4", "1 2 3 four", "one 2 3 4"], "line 3 has 'four' in the column 'v'"),
        (["1 2 3 4", "", "1 2 3 4", '1 2 3 "4', "1 2 3 4 5"], "line 5 has a quote that is not closed"),
    ],
)
def test_the_first_fault_is_told_in_whatever_parts_the_points_are_read(
    tmp_path: Path, lines: list[str], sentence: str, size: int
) -> None:
    path = tmp_path / "a.txt"
    path.write_text("\n".join(["x y z v", *lines]))
    with pytest.raises(InputError, match=sentence):
        list(open_cloud(path).chunks(size))
    refused(path, sentence)


def test_mutated_bytes_are_points_or_a_sentence(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    seeds = [
        b"//X Y Z R G B label\n50\n" + b"1.5 2.25 -3.125 255 0 7 1\n" * 50,
        b'x;y;z;"a b";\r\n' + b"1,5;2;3e2;nan;\r\n" * 50,
        "x\ty\tz\tclass\n".encode("utf-16") + ("1\t2.5\t3\twall\n" * 50).encode("utf-16-le"),
        b'"1.0","2","3","a, b"\r' * 50,
    ]
    path, points = tmp_path / "a.txt", 0
    for turn in range(400):
        data = bytearray(seeds[turn % len(seeds)])
        reach = 60 if turn % 3 else len(data)
        for _ in range(rng.integers(1, 3)):
            data[rng.integers(reach)] = rng.choice([*b'\n\r\t ",;.-#e/0\0\xff', rng.integers(256)])
        path.write_bytes(data[: rng.integers(1, len(data))] if turn % 5 == 0 else data)
        found = outcome(path, ["x", "y", "z", "class"] if turn % len(seeds) == 3 else None)
        if isinstance(found, str):
            assert found.startswith(f"{path}: ") and "\n" not in found
            continue
        points += 1
        assert len(found) >= 1 and {"x", "y", "z"} <= found.columns.keys()
        assert all(column.shape == (len(found),) and column.dtype == np.float64 for column in found.columns.values())
    assert 50 < points < 350, points
