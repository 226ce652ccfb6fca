"""Every way a file can be wrong is one sentence that names the file."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from bscnet.clouds.open import ENDINGS, read_cloud
from bscnet.errors import InputError
from fixtures.folder_files import WRITERS, make_points, write_las, write_npz, write_ply, write_xyz


def refused(path: Path, sentence: str | None = None) -> None:
    with pytest.raises(InputError, match=sentence) as error:
        read_cloud(path)
    assert str(error.value).startswith(f"{path}: ") and "\n" not in str(error.value)


@pytest.mark.parametrize("suffix", ENDINGS)
def test_missing_empty_and_foreign_files(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    refused(path, "no such file")
    path.write_bytes(b"")
    refused(path, "the file is empty")
    path.write_bytes(bytes(range(256)) * 8)
    refused(path)


@pytest.mark.parametrize(
    "name", [name for name in WRITERS if Path(name).suffix not in (".xyz", ".csv", ".txt", ".asc")]
)
def test_a_file_cut_anywhere_is_refused(tmp_path: Path, name: str) -> None:
    path = WRITERS[name](tmp_path / name, make_points())
    raw = path.read_bytes()
    # a number in text that lost its last digits is a number still
    points_end = len(raw) - (8 if "text" in name or "ascii" in name else 1)
    for end in np.linspace(1, points_end - 1, 23).astype(int):
        path.write_bytes(raw[:end])
        refused(path)


def test_text_cut_within_a_line_is_refused(tmp_path: Path) -> None:
    path = write_xyz(tmp_path / "a.xyz", make_points())
    path.write_text(path.read_text().rstrip("\n").rpartition(" ")[0])
    refused(path, "line 61 is no point of 8 values between blanks as the first one is")


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("1 2 3\n4 5\n", "line 2 is no point of 3 values between blanks"),
        ("1 2 3\n4 five 6\n", "line 2 has 'five' in the column 'y'"),
        ("1 2 3\n# 4 5 6\n", "line 2 is no point of 3 values"),
        ("#1 2 3\n4 5 6\n", "line 1 is a point behind a sign of comments"),
        ("1 two 3\n4 5 6\n", "line 1 is no point .* and not the line that names the columns"),
        ("3\n1 2 3\n4 5 6\n", "tells of 3 points, but 2 follow"),
        ("1 2 3 4\n", "line 1, the first point, has 4 columns whose meaning is not known"),
        ("x y z x\n1 2 3 4\n", "two columns are called 'x'"),
        ("a b c\n1 2 3\n", "no column 'x', the columns are a, b, c"),
        ("# nothing\n\n", "the file has no points"),
    ],
)
def test_bad_text(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "a.txt").write_text(text)
    refused(tmp_path / "a.txt", sentence)


@pytest.mark.parametrize(
    "arrays, sentence",
    [
        ({"colors": np.zeros((3, 3))}, "the array 'points' \\(P, 3\\) is missing"),
        ({"points": np.zeros((3, 2))}, "'points' has shape \\(3, 2\\)"),
        ({"points": np.zeros((0, 3))}, "the file has no points"),
        ({"points": np.array([["a", "b", "c"]])}, "'points' holds .U1, it must hold numbers"),
        (
            {"points": np.zeros((3, 3)), "colors": np.zeros((2, 3))},
            "'colors' has shape .2, 3., .3, 3. or .3, 4. is needed",
        ),
        ({"points": np.array([[None] * 3])}, "'points' holds Python objects, it must hold numbers"),
    ],
)
def test_bad_npz(tmp_path: Path, arrays: dict[str, np.ndarray], sentence: str) -> None:
    np.savez(tmp_path / "a.npz", **arrays)
    refused(tmp_path / "a.npz", sentence)


HEAD = "VERSION .7\nFIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\nWIDTH 1\nHEIGHT 1\nPOINTS 1\nDATA ascii\n1 2 3\n"


@pytest.mark.parametrize(
    "old, new, sentence",
    [
        ("POINTS 1", "POINTS 2", "POINTS 2 are not WIDTH 1 times HEIGHT 1"),
        ("WIDTH 1", "WIDTH -1", "WIDTH must be followed by a whole number"),
        ("SIZE 4 4 4", "SIZE 4 4", "must have one entry a field"),
        ("TYPE F F F", "TYPE F F Q", "a type, size or count that PCD does not know"),
        ("COUNT 1 1 1", "COUNT 1 1 99999", "a type, size or count that PCD does not know"),
        ("DATA ascii", "DATA zip", "DATA 'zip' is not known"),
        ("DATA ascii", "", "it has no line DATA"),
        ("1 2 3", "1 2 3\n4 5 6", "tells of 1 points, but 2 follow"),
        ("FIELDS x y z", "FIELDS x y y", "the field 'y' is there twice"),
        ("FIELDS x y z", "FIELDS x y w", "no column 'z'"),
    ],
)
def test_bad_pcd(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    path = tmp_path / "a.pcd"
    path.write_text(HEAD)
    assert len(read_cloud(path)) == 1
    path.write_text(HEAD.replace(old, new))
    refused(path, sentence)


def test_bad_ply(tmp_path: Path) -> None:
    path = write_ply(tmp_path / "a.ply", make_points())
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b"element vertex 60", b"element vertex 99999999999999"))
    refused(path, r"damaged or truncated PLY file, its header promises at least \d{15,} bytes of data")
    path.write_bytes(raw.replace(b"double z", b"double w"))
    refused(path, "no column 'z'")
    path.write_bytes(raw.replace(b"element vertex 60", b"element corner 60"))
    refused(path, "the file has no vertices")


@pytest.mark.parametrize("name", ["cloud.las", "cloud.laz", "cloud_14.laz"])
def test_headers_of_las_that_promise_too_much(tmp_path: Path, name: str) -> None:
    """laspy would loop over the records, and lazrs would end the process, if these were believed."""
    path = WRITERS[name](tmp_path / name, make_points())
    raw = path.read_bytes()

    def changed(offset: int, kind: str, value: int) -> None:
        edited = bytearray(raw)
        struct.pack_into(kind, edited, offset, value)
        path.write_bytes(edited)
        refused(path)

    changed(100, "<I", 2**32 - 1)  # variable length records
    changed(96, "<I", 2**31)  # where the points begin
    # the points; LAS 1.4 has another number of them, beside which the old one may be anything
    changed(*((247, "<Q", 2**40) if name == "cloud_14.laz" else (107, "<I", 2**32 - 1)))
    if name.endswith(".laz"):
        start = struct.unpack_from("<I", raw, 96)[0]
        table = struct.unpack_from("<q", raw, start)[0]
        changed(table + 4, "<I", 2**32 - 1)  # chunks
        changed(start, "<q", 2**40)  # the table of chunks
    if name == "cloud_14.laz":
        changed(247, "<Q", 59)
        changed(start + 8 + 36 + 4, "<I", 2**32 - 1)  # the length of a layer


def test_a_las_without_points(tmp_path: Path) -> None:
    path = write_las(tmp_path / "a.las", make_points())
    raw = bytearray(path.read_bytes())
    struct.pack_into("<I", raw, 107, 0)
    path.write_bytes(raw)
    refused(path, "its header counts 0 points, but 60 are in the file")
    path.write_bytes(raw[: struct.unpack_from("<I", raw, 96)[0]])
    refused(path, "the file has no points")


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_npz(tmp_path / "a.npz", make_points())

    def closed(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", closed)
    refused(path, "cannot be read \\(Permission denied\\)")
