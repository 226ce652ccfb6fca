"""Text (XYZ, TXT, CSV, ASC, PTS): one point a line, numbers between blanks, tabs, commas or semicolons."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bscnet.datasets.folder.cloud import Cloud, make_cloud
from bscnet.errors import InputError

_COMMENTS = ("#", "//")
_DEFAULTS = {3: ("x", "y", "z"), 6: ("x", "y", "z", "red", "green", "blue")}
_MAX_LINE = 10_000
_MAX_HEAD = 1000
_NAME = re.compile(r"[A-Za-z_][^,;]*")

SKIP = "_"
"""Name of a column that is not wanted."""


@dataclass(frozen=True)
class _Head:
    """What stands before the points. lines: how many lines that is. names: of a header line. count: of a PTS file."""

    lines: int
    first: list[str]
    delimiter: str | None
    names: list[str] | None
    count: int | None


def read(path: Path, columns: Sequence[str] | None = None) -> Cloud:
    """Columns as named by the caller, else by a header line, else x y z or x y z red green blue by their number.

    Comments (# or //) and a line with the number of points may stand before the first point, and nothing after it.
    InputError, or whatever NumPy raises on lines that are no points.
    """
    head = _head(path)
    names = _names(path, head, columns)
    with path.open(encoding="utf-8") as stream:
        # a comment among the points would leave out a point, so none is allowed there
        table = np.loadtxt(stream, comments=None, delimiter=head.delimiter, skiprows=head.lines, ndmin=2)
    if table.shape[1] != len(names):
        raise InputError(
            f"{path}: lines have {table.shape[1]} columns, but {len(names)} are named ({', '.join(names)})"
        )
    if head.count is not None and len(table) != head.count:
        raise InputError(f"{path}: the first line tells of {head.count} points, but {len(table)} follow")
    wanted = [(name, table[:, index]) for index, name in enumerate(names) if name != SKIP]
    if len({name for name, _ in wanted}) < len(wanted):
        raise InputError(f"{path}: two columns have the same name among {', '.join(names)}")
    return make_cloud(path, dict(wanted))


def column_names(path: Path, columns: Sequence[str] | None = None) -> list[str]:
    """The names by which `read` would give the columns, from the lines before the first point and that one."""
    return _names(path, _head(path), columns)


def _head(path: Path) -> _Head:
    names, count, comment = None, None, None
    with path.open(encoding="utf-8-sig") as stream:
        for number in range(_MAX_HEAD):
            line = stream.readline(_MAX_LINE)
            if not line:
                raise InputError(f"{path}: the file has no points, but at least one is needed")
            text = line.strip()
            if not text:
                continue
            if text.startswith(_COMMENTS):
                comment = text.lstrip("#/ ")
                if len(_words(comment)) > 2 and all(map(_is_number, _words(comment))):
                    raise InputError(
                        f"{path}: line {number + 1} is a point behind a comment sign, it must be one or none"
                    )
                continue
            words = _words(text)
            if all(map(_is_number, words)):
                if len(words) == 1 and words[0].isdecimal() and count is None:
                    count = int(words[0])
                    continue
                told = _words(comment or "")
                if names is None and len(told) == len(words) and all(_NAME.fullmatch(word) for word in told):
                    names = told
                return _Head(number, words, _delimiter(text), names, count)
            if names is not None or not all(_NAME.fullmatch(word) for word in words) or any(map(_is_number, words)):
                raise InputError(f"{path}: line {number + 1} holds neither numbers alone nor the names of the columns")
            names = words
    raise InputError(f"{path}: no line of numbers among the first {_MAX_HEAD}")


def _names(path: Path, head: _Head, columns: Sequence[str] | None) -> list[str]:
    names = columns or head.names or _DEFAULTS.get(len(head.first))
    if names is None:
        raise InputError(
            f"{path}: the meaning of its {len(head.first)} columns is not known, name them in a header line or as "
            f"'columns:' in dataset.yaml ('{SKIP}' for one that is not wanted)"
        )
    return list(names)


def _delimiter(text: str) -> str | None:
    return next((sign for sign in ",;" if sign in text), None)


def _words(text: str) -> list[str]:
    sign = _delimiter(text)
    return [word.strip().strip('"') for word in text.split(sign)] if sign else text.split()


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return "_" not in word
