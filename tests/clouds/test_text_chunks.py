"""Text in parts: whatever the sizes of blocks and chunks, the points and their lines are those of the whole."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bscnet.clouds import open_cloud
from bscnet.clouds.formats.text import lines as text_lines
from bscnet.errors import InputError

PROPERTY = settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
NAMES = ["x", "y", "z", "heat", "class"]


@st.composite
def tables(draw: st.DrawFn) -> tuple[bytes, list[list[str]], str]:
    """A text file, the words of its points, and its sign of the broken part."""
    sign = draw(st.sampled_from([",", ";", "\t", " ", ", ", "   "]))
    point = draw(st.sampled_from(["."] if "," in sign else [".", ","]))
    number = (
        st.floats(-1e7, 1e7).map(repr) | st.decimals(-9999, 9999, places=3).map(str) | st.integers(-99, 99).map(str)
    )
    word = st.sampled_from(["wall", "a, b; c", 'the "hut"', "floor"])
    rows = draw(st.lists(st.tuples(number, number, number, number, word), min_size=1, max_size=30))
    rows = [[*(value.replace(".", point) for value in row[:4]), row[4]] for row in rows]
    always = draw(st.booleans())
    end = draw(st.sampled_from(["", sign.strip(" ")]))
    newline = draw(st.sampled_from(["\n", "\r\n", "\r"]))

    def cell(value: str) -> str:
        return f'"{value}"'.replace('the "hut"', 'the ""hut""') if always or any(c in value for c in ' ,;"') else value

    lines = ["# a comment, of no use", sign.join(cell(name) for name in NAMES)]
    for row in rows:
        lines += [""] * draw(st.integers(0, 1)) + [sign.join(map(cell, row)) + end]
    text = newline.join(lines) + draw(st.sampled_from(["", newline, newline * 3]))
    codec = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
    return text.encode(codec), rows, point


@PROPERTY
@given(tables(), st.integers(1, 40), st.sampled_from([7, 64, 1 << 18]))
def test_parts_joined_are_the_points_and_the_lines(
    tmp_path: Path, table: tuple[bytes, list[list[str]], str], size: int, block: int
) -> None:
    data, rows, point = table
    path = tmp_path / "a.txt"
    path.write_bytes(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_lines, "_BLOCK", block)
        file = open_cloud(path)
        parts = list(file.rows(size))
        whole = file.read()
    assert file.count == len(rows) == len(whole)
    assert [len(part) for part in parts[:-1]] == [size] * (len(parts) - 1) and 1 <= len(parts[-1]) <= size
    assert [part.first for part in parts] == list(range(0, len(rows), size))
    for place, name in enumerate(NAMES):
        joined = np.concatenate([part.fields[name] for part in parts])
        expected = [row[place] if name == "class" else float(row[place].replace(point, ".")) for row in rows]
        assert joined.tolist() == expected
        if name != "class":
            assert whole.columns[name].tolist() == expected
    text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    lines = [line for line in text.splitlines() if line][2:]
    kept = b"".join(part.native for part in parts).decode()
    assert [line for line in kept.split("\n") if line] == lines


@PROPERTY
@given(st.lists(st.tuples(*[st.floats(allow_nan=False)] * 3), min_size=1, max_size=20), st.integers(1, 7))
def test_doubles_as_python_writes_them_come_back(
    tmp_path: Path, rows: list[tuple[float, float, float]], size: int
) -> None:
    path = tmp_path / "a.csv"
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    joined = [np.stack(part.axes, axis=1) for part in open_cloud(path).chunks(size)]
    assert np.concatenate(joined).tobytes() == np.array(rows).tobytes()


def test_only_what_is_asked_for_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("x y z heat\n1 2 3 4\n4 5 6 seven\n")
    assert list(open_cloud(path).read(["x"]).columns) == ["x", "y", "z"]
    with pytest.raises(InputError, match="line 3 has 'seven' in the column 'heat'"):
        open_cloud(path).read()


def test_memory_is_that_of_a_part(tmp_path: Path) -> None:
    import tracemalloc

    path = tmp_path / "a.txt"
    path.write_text("412345.123 6254321.456 7.125\n" * 200_000)
    file = open_cloud(path)
    tracemalloc.start()
    assert sum(len(part) for part in file.chunks(10_000)) == 200_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.6 * path.stat().st_size * 8  # the block of 256 KiB that is taken apart, not the 5.6 MB
