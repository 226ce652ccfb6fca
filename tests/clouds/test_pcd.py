"""PCD files of every version and kind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bscnet.clouds import open_cloud, read_cloud
from bscnet.errors import InputError
from fixtures.pcd_bytes import pcd

KINDS = ("ascii", "binary", "binary_compressed")
PROPERTY = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
TYPES = ("f4", "f8", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8")


def xyz(count: int, dtype: str = "f4") -> list[tuple[str, np.ndarray]]:
    rng = np.random.default_rng(0)
    return [(axis, rng.normal(size=count).astype(dtype)) for axis in "xyz"]


def values(rng: np.random.Generator, kind: str, shape: tuple[int, ...]) -> np.ndarray:
    """Of any bits, but for floats, which are finite."""
    raw = rng.integers(0, 256, (*shape, int(kind[1])), np.uint8).view(f"<{kind}")[..., 0]
    return raw if kind[0] != "f" else np.where(np.isfinite(raw), raw, rng.normal(size=shape)).astype(raw.dtype)


@PROPERTY
@given(
    st.sampled_from(KINDS),
    st.integers(1, 40),
    st.integers(1, 50),
    st.lists(st.tuples(st.sampled_from(TYPES), st.integers(1, 4), st.booleans()), max_size=5),
    st.integers(0, 99),
)
def test_parts_joined_are_the_fields_bit_for_bit(
    tmp_path: Path, kind: str, count: int, size: int, more: list[tuple[str, int, bool]], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    fields = xyz(count, "f8")
    for place, (dtype, wide, padding) in enumerate(more):
        fields.append(("_" if padding else f"v{place}", values(rng, dtype, (count, wide) if wide > 1 else (count,))))
    fields = [fields[place] for place in rng.permutation(len(fields))]
    path = tmp_path / "a.pcd"
    path.write_bytes(pcd(fields, kind))
    file = open_cloud(path)
    parts = list(file.rows(size))
    assert [part.first for part in parts] == list(range(0, count, size))
    kept = [(name, column) for name, column in fields if name != "_"]
    assert [one.name for one in file.fields] == [name for name, _ in kept]
    whole = file.read().columns
    for name, column in kept:
        joined = np.concatenate([part.fields[name] for part in parts])
        assert joined.dtype == column.dtype and joined.tobytes() == column.tobytes()
        for item in range(column.shape[1] if column.ndim > 1 else 0):
            np.testing.assert_array_equal(whole[f"{name}_{item}"], column[:, item])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", ["u4", "i4", "f4"])
@pytest.mark.parametrize("name, alpha", [("rgb", 0), ("rgb", 1), ("rgba", 0), ("rgba", 254)])
def test_packed_colours(tmp_path: Path, kind: str, dtype: str, name: str, alpha: int) -> None:
    rng = np.random.default_rng(1)
    rgb = rng.integers(0, 256, (30, 3)).astype(np.uint32)
    bits = (alpha << 24 | rgb[:, 0] << 16 | rgb[:, 1] << 8 | rgb[:, 2]).astype("<u4")
    path = tmp_path / "a.pcd"
    path.write_bytes(pcd([*xyz(30), (name, bits.view(f"<{dtype}")), ("v", rgb[:, 0])], kind))
    parts = list(open_cloud(path).chunks(7))
    opacity = ["alpha"] if name == "rgba" else []
    assert list(parts[0].columns) == ["x", "y", "z", "red", "green", "blue", *opacity, "v"]
    assert all(set(part.columns[column]) == {alpha} for part in parts for column in opacity)
    for index, color in enumerate(("red", "green", "blue")):
        column = np.concatenate([part.columns[color] for part in parts])
        assert column.dtype == np.uint8
        np.testing.assert_array_equal(column, rgb[:, index])


def test_packed_colours_of_which_every_bit_is_set_are_colours_in_binary_files(tmp_path: Path) -> None:
    bits = np.array([0xFFFF8001, 0x00010203, 0xFFFFFFFF], np.uint32)
    (tmp_path / "a.pcd").write_bytes(pcd([*xyz(3), ("rgba", bits.view(np.float32))]))
    columns = read_cloud(tmp_path / "a.pcd").columns
    assert [columns[color].tolist() for color in ("red", "green", "blue")] == [
        [255, 1, 255], [128, 2, 255], [1, 3, 255],
    ]  # fmt: skip


def ascii_file(words: list[str], kind: str = "F", name: str = "rgb") -> bytes:
    head = (
        f"VERSION .7\nFIELDS x y z {name}\nSIZE 4 4 4 4\nTYPE F F F {kind}\nWIDTH {len(words)}\nHEIGHT 1\nDATA ascii\n"
    )
    return (head + "".join(f"0 0 0 {word}\n" for word in words)).encode()


@pytest.mark.parametrize(
    "words, kind, expected",
    [
        (["4210752", "255"], "F", [[64, 0], [64, 0], [64, 255]]),
        (["4210752", "255"], "U", [[64, 0], [64, 0], [64, 255]]),
        (["4294967295", "4278190081"], "U", [[255, 0], [255, 0], [255, 1]]),
        (["-1", "-16777215"], "I", [[255, 0], [255, 0], [255, 1]]),
        (["4.2108e+06", "255.0"], "F", [[64, 0], [64, 0], [112, 255]]),
        (["5.9006e-39", "3.4e-43"], "F", None),
    ],
)
def test_packed_colours_of_text(tmp_path: Path, words: list[str], kind: str, expected: list[list[int]] | None) -> None:
    (tmp_path / "a.pcd").write_bytes(ascii_file(words, kind))
    if expected is None:  # the floats whose bits they are
        bits = np.array(list(map(float, words))).astype(np.float32).view(np.uint32)
        expected = [(bits >> shift & 255).tolist() for shift in (16, 8, 0)]
    columns = read_cloud(tmp_path / "a.pcd").columns
    assert [columns[color].tolist() for color in ("red", "green", "blue")] == expected


def test_how_packed_colours_are_written_is_seen_from_the_whole_column(tmp_path: Path) -> None:
    """The first ones alone might be either."""
    tiny = repr(float(np.array([0x010203], np.uint32).view(np.float32)[0]))
    (tmp_path / "a.pcd").write_bytes(ascii_file(["0"] * 40 + [tiny]))
    blues = np.concatenate([part.columns["blue"] for part in open_cloud(tmp_path / "a.pcd").chunks(3)])
    assert blues.tolist() == [0] * 40 + [3]
    (tmp_path / "a.pcd").write_bytes(ascii_file(["0"] * 40 + ["66051"]))
    assert read_cloud(tmp_path / "a.pcd").columns["blue"].tolist() == [0] * 40 + [3]


def test_points_without_a_colour_in_text(tmp_path: Path) -> None:
    (tmp_path / "a.pcd").write_bytes(ascii_file(["66051", "nan", "255"]))
    file = open_cloud(tmp_path / "a.pcd")
    assert [(one.name, one.dtype) for one in file.fields[3:]] == [(c, np.float32) for c in ("red", "green", "blue")]
    columns = file.read().columns
    np.testing.assert_array_equal(columns["red"], [1, np.nan, 0])
    np.testing.assert_array_equal(columns["blue"], [3, np.nan, 255])


@pytest.mark.parametrize("kind", KINDS)
def test_separate_colours_come_first(tmp_path: Path, kind: str) -> None:
    shades = [(name, np.array([1, 2, 3], np.uint8)) for name in ("r", "g", "b")]
    (tmp_path / "a.pcd").write_bytes(pcd([*xyz(3), ("rgb", np.zeros(3, np.float32)), *shades], kind))
    assert read_cloud(tmp_path / "a.pcd").columns["green"].tolist() == [1, 2, 3]
    (tmp_path / "a.pcd").write_bytes(pcd([*xyz(3), ("rgb", np.arange(9, dtype=np.uint8).reshape(3, 3))], kind))
    assert read_cloud(tmp_path / "a.pcd").columns["blue"].tolist() == [2, 5, 8]


@pytest.mark.parametrize("kind", KINDS)
def test_organised_clouds_with_points_without_a_place(tmp_path: Path, kind: str) -> None:
    fields = xyz(6)
    for _, column in fields:
        column[[1, 4]] = np.nan
    (tmp_path / "a.pcd").write_bytes(pcd(fields, kind, WIDTH="3", HEIGHT="2"))
    assert read_cloud(tmp_path / "a.pcd").finite.tolist() == [True, False, True, True, False, True]


def test_headers_as_old_and_other_programs_write_them(tmp_path: Path) -> None:
    path = tmp_path / "a.pcd"
    head = "VERSION .5\nCOLUMNS x y z _ normal\nSIZE 4 4 4 1 4\nTYPE F F F U F\n"
    path.write_text(
        head + "COUNT 1 1 1 2 3\nWIDTH 2\nHEIGHT 1\nDATA ascii\n1 2\t3 9 9 .1 .2 .3\n\n4 5 6 9 9 .4 .5 .6 \n"
    )
    columns = read_cloud(path).columns
    assert list(columns) == ["x", "y", "z", "normal_0", "normal_1", "normal_2"]
    np.testing.assert_array_equal(columns["normal_2"], np.float32([0.3, 0.6]))
    path.write_bytes(
        "# Büro\n# .PCD v.7 - x\n".encode("cp1252") + pcd(xyz(3), "ascii", "\r\n", COUNT=None, POINTS=None)
    )
    file = open_cloud(path)
    assert file.comments == ("Büro",)
    np.testing.assert_array_equal(file.read().columns["z"], xyz(3)[2][1])
    path.write_bytes(pcd([*xyz(3), ("höhe", np.arange(3, dtype=np.int16))]))
    assert read_cloud(path).columns["höhe"].tolist() == [0, 1, 2]


@pytest.mark.parametrize("kind", ["u8", "i8"])
def test_whole_numbers_of_text_are_exact(tmp_path: Path, kind: str) -> None:
    limits = np.iinfo(kind)
    column = np.array([limits.max, limits.min, 2**53 + 1, 7], f"<{kind}")
    (tmp_path / "a.pcd").write_bytes(pcd([*xyz(4), ("time", column)], "ascii"))
    assert read_cloud(tmp_path / "a.pcd").columns["time"].tolist() == column.tolist()


def test_doubles_of_text_are_exact(tmp_path: Path) -> None:
    places = np.array([412345.123456789, 6254321.0001, 1 / 3])
    (tmp_path / "a.pcd").write_bytes(pcd([(axis, places) for axis in "xyz"], "ascii"))
    assert read_cloud(tmp_path / "a.pcd").columns["y"].tobytes() == places.tobytes()


def test_only_what_is_asked_for_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.pcd"
    path.write_bytes(pcd([*xyz(3), ("v", np.arange(3.0))], "ascii").replace(b" 2.0\n", b" two\n"))
    assert len(open_cloud(path).read(["x"])) == 3
    with pytest.raises(InputError, match="line 13 has 'two' in the field 'v', a number is needed"):
        open_cloud(path).read()


def test_without_the_codec_compressed_files_ask_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    (tmp_path / "a.pcd").write_bytes(pcd(xyz(3), "binary_compressed"))
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    with pytest.raises(InputError, match="reading it needs imagecodecs: make setup"):
        read_cloud(tmp_path / "a.pcd")
