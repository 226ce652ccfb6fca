"""The owners' table of raw categories, `scannetv2-labels.combined.tsv`: which NYU40 id each of them has."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from bscnet.datasets.scannet.classes import MAX_NYU40_ID
from bscnet.errors import InputError

TABLE_NAME = "scannetv2-labels.combined.tsv"
_CATEGORY, _ID = "raw_category", "nyu40id"


def read_label_table(path: Path) -> Mapping[str, int | None]:
    """NYU40 id (0..40) of each raw category; None where rows of one category give different ids.

    InputError: no such file, no table of tab-separated text, a column that is missing, an id outside 0..40.
    """
    try:
        stat = path.stat()
    except OSError as error:
        raise InputError(
            f"{path}: the table of raw categories cannot be read ({error.strerror}), labels by segment need it"
        ) from error
    return _parse(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=4)
def _parse(path: Path, size: int, changed: int) -> Mapping[str, int | None]:
    """size and changed, of the file as it is now, let the cache see that it is another one."""
    table: dict[str, int | None] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file, delimiter="\t")
            for column in (_CATEGORY, _ID):
                if column not in (rows.fieldnames or ()):
                    raise InputError(f"{path}: the table has no column '{column}', its first line must name it")
            for row in rows:
                category, number = row[_CATEGORY], _nyu40(row[_ID])
                if category is None or number is None:
                    raise InputError(
                        f"{path}: line {rows.line_num} gives {row[_ID]!r} as {_ID}, it must be 0..{MAX_NYU40_ID}"
                    )
                table[category] = number if table.get(category, number) == number else None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: this is no table of tab-separated text ({error})") from error
    return table


def _nyu40(text: str | None) -> int | None:
    """The id that a cell holds; None if it holds none."""
    digits = (text or "").strip()
    valid = digits.isascii() and digits.isdecimal() and len(digits) <= 2 and int(digits) <= MAX_NYU40_ID
    return int(digits) if valid else None
