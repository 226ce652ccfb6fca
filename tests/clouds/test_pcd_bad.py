"""PCD files that are damaged are one sentence."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from bscnet.clouds import open_cloud, read_cloud
from bscnet.errors import InputError
from fixtures.pcd_bytes import pcd
from fixtures.written_clouds import outcome

XYZ = [(axis, np.arange(5, dtype=np.float32)) for axis in "xyz"]
TEXT = (
    b"VERSION .7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\nWIDTH 1\nHEIGHT 1\nPOINTS 1\nDATA ascii\n1 2 3\n"
)


def refused(path: Path, sentence: str | None = None) -> None:
    with pytest.raises(InputError, match=sentence) as error:
        read_cloud(path)
    told = str(error.value)
    assert told.startswith(f"{path}: ") and "\n" not in told and len(told) < 600


@pytest.mark.parametrize(
    "old, new, sentence",
    [
        ("POINTS 1", "POINTS 2", "POINTS 2 are not WIDTH 1 times HEIGHT 1"),
        ("WIDTH 1", "WIDTH -1", "WIDTH must be followed by a whole number"),
        ("WIDTH 1", "WIDTH 1 1", "WIDTH must be followed by a whole number"),
        ("WIDTH 1\n", "", "WIDTH must be followed by a whole number"),
        ("SIZE 4 4 4", "SIZE 4 4", "must have one entry a field"),
        ("FIELDS x y z\n", "", "must have one entry a field"),
        ("TYPE F F F", "TYPE F F Q", "a type, size or count that PCD does not know"),
        ("SIZE 4 4 4", "SIZE 4 4 2", "a type, size or count that PCD does not know"),
        ("COUNT 1 1 1", "COUNT 1 1 99999", "a type, size or count that PCD does not know"),
        ("COUNT 1 1 1", "COUNT 1 1 0", "a type, size or count that PCD does not know"),
        ("COUNT 1 1 1", "COUNT 1 1 x", "COUNT must be followed by a whole number"),
        ("DATA ascii", "DATA zip", "DATA 'zip' is not known"),
        ("DATA ascii", "", "it has no line DATA"),
        ("1 2 3", "1 2 3\n4 5 6\n7 8 9", "the header tells of 1 points, but 3 follow"),
        ("1 2 3", "1 2", "truncated"),
        ("1 2 3", "1 2 3 4", "line 10 is no point, which has 3 values between blanks here"),
        ("1 2 3", "1 2 three", "line 10 has 'three' in the field 'z', a number is needed"),
        ("1 2 3", '1 "2 3', "line 10 is no point"),
        ("FIELDS x y z", "FIELDS x y y", "the field 'y' is there twice"),
        ("FIELDS x y z", "FIELDS x y w", "no column 'z'"),
        ("WIDTH 1\nHEIGHT 1\nPOINTS 1", "WIDTH 0\nHEIGHT 1\nPOINTS 0", "the file has no points"),
        ("WIDTH 1\nHEIGHT 1\nPOINTS 1", "WIDTH 2\nHEIGHT 1\nPOINTS 2", "truncated"),
        ("WIDTH 1\nHEIGHT 1\nPOINTS 1", "WIDTH 99999999999\nHEIGHT 99999999\nPOINTS 9", "are not WIDTH"),
    ],
)
def test_bad_headers_and_lines(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    path = tmp_path / "a.pcd"
    path.write_bytes(TEXT)
    assert len(read_cloud(path)) == 1
    assert old.encode() in TEXT
    path.write_bytes(TEXT.replace(old.encode(), new.encode()))
    refused(path, sentence)


@pytest.mark.parametrize(
    "kind, word, sentence",
    [
        ("U1", "256", "has '256' in the field 'v', a whole number that uint8 holds is needed"),
        ("U1", "-1", "a whole number that uint8 holds"),
        ("U1", "1.5", "a whole number that uint8 holds"),
        ("U1", "nan", "a whole number that uint8 holds"),
        ("I4", "1e30", "a whole number that int32 holds"),
        ("U8", "18446744073709551616", "a whole number that uint64 holds"),
        ("I8", "9007199254740993.5", "a whole number that int64 holds"),
        ("F4", "1_0", "has '1_0' in the field 'v', a number is needed"),
        ("F8", "0x10", "a number is needed"),
    ],
)
def test_values_that_a_field_of_text_does_not_hold(tmp_path: Path, kind: str, word: str, sentence: str) -> None:
    head = f"FIELDS x y z v\nSIZE 4 4 4 {kind[1]}\nTYPE F F F {kind[0]}\nWIDTH 1\nHEIGHT 1\nDATA ascii\n"
    (tmp_path / "a.pcd").write_text(f"{head}1 2 3 {word}\n")
    refused(tmp_path / "a.pcd", sentence)
    sound = "1e2" if kind[0] == "F" else "1.0"
    (tmp_path / "a.pcd").write_text(f"{head}1 2 3 {sound}\n")
    assert read_cloud(tmp_path / "a.pcd").columns["v"].tolist() == [float(sound)]


@pytest.mark.parametrize("kind", ["ascii", "binary", "binary_compressed"])
def test_a_file_cut_anywhere_is_refused(tmp_path: Path, kind: str) -> None:
    data = pcd(XYZ, kind)
    for end in range(len(data) - (6 if kind == "ascii" else 0)):
        (tmp_path / "a.pcd").write_bytes(data[:end])
        refused(tmp_path / "a.pcd")


def test_compressed_files_that_promise_what_they_do_not_hold(tmp_path: Path) -> None:
    path, data = tmp_path / "a.pcd", pcd(XYZ, "binary_compressed")
    start = data.index(b"DATA") + len(b"DATA binary_compressed\n")
    packed, full = struct.unpack_from("<II", data, start)

    def changed(sizes: tuple[int, int], body: bytes, sentence: str, head: bytes = data[:start]) -> None:
        path.write_bytes(head + struct.pack("<II", *sizes) + body)
        refused(path, sentence)

    changed((packed, full + 1), data[start + 8 :], f"unpack to {full + 1} bytes, but the header tells of {full}")
    changed((packed + 1, full), data[start + 8 :], "truncated")
    changed((packed - 1, full), data[start + 8 :], "damaged")
    changed((packed, full), b"\xff" * packed, "damaged")
    # four gigabytes that three bytes are said to hold are not even asked for
    many = data[:start].replace(b"WIDTH 5", b"WIDTH 300000000").replace(b"POINTS 5", b"POINTS 300000000")
    changed((3, 3_600_000_000), b"abc", "3 bytes of data cannot unpack to the 3600000000", many)


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize(
    "lines, sentence",
    [
        (["1 2 3", "1 2", "1 two 3", "1 2 3"], "line 8 is no point"),
        (["1 2 3", "1 two three", "1 2", "1 2 3"], "line 8 has 'two' in the field 'y'"),
        (["1 2 3", "1 2 3", "", "one 2 3", "1 2 3", "1 2 3"], "line 10 has 'one' in the field 'x'"),
        (["1 2 3", "1 2 3", "1 2 3", "1 2 3", "one 2 3"], "the header tells of 3 points, but 5 follow"),
    ],
)
def test_the_first_fault_is_told_in_whatever_parts_the_points_are_read(
    tmp_path: Path, lines: list[str], sentence: str, size: int
) -> None:
    head = "FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nWIDTH 3\nHEIGHT 1\nDATA ascii\n"
    (tmp_path / "a.pcd").write_text(head + "\n".join(lines))
    with pytest.raises(InputError, match=sentence):
        list(open_cloud(tmp_path / "a.pcd").chunks(size))
    refused(tmp_path / "a.pcd", sentence)


def test_mutated_bytes_are_points_or_a_sentence(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    fields = [*XYZ, ("_", np.zeros(5, np.uint8)), ("rgb", np.arange(5, dtype=np.float32) + 0.5)]
    seeds = [pcd(fields, kind) for kind in ("ascii", "binary", "binary_compressed")]
    path, points = tmp_path / "a.pcd", 0
    for turn in range(400):
        data = bytearray(seeds[turn % len(seeds)])
        for _ in range(rng.integers(1, 3)):
            data[rng.integers(len(data))] = rng.choice([*b"\n\r 0179.-#ex_\0\xff", rng.integers(256)])
        path.write_bytes(data[: rng.integers(1, len(data))] if turn % 7 == 0 else data)
        found = outcome(path)
        if isinstance(found, str):
            assert found.startswith(f"{path}: ") and "\n" not in found and len(found) < 600
            continue
        points += 1
        assert all(len(column) == len(found) for column in found.columns.values())
    assert 50 < points < 350, points
