"""What the columns of a text file are called, and which of them hold words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from bscnet.clouds.columns import AXES
from bscnet.clouds.formats.text.dialect import unquoted
from bscnet.clouds.formats.text.encoding import decoded
from bscnet.clouds.formats.text.head import Head
from bscnet.clouds.formats.text.values import is_missing, is_number
from bscnet.errors import InputError

SKIP = "_"
"""Name of a column that is not wanted."""

REMEDY = f"'columns:' of dataset.yaml or --columns ('{SKIP}' for one that is not wanted)"

_REFUSED = re.compile(rb"[-+]?(0[xX][0-9a-fA-F]+|\d(?:[\d.,'_ ]|(?:\xc2)?\xa0|\xe2\x80[\x99\xaf])*)")
_PLAIN = {3: AXES, 6: (*AXES, "red", "green", "blue")}
_PTS = {**_PLAIN, 4: (*AXES, "intensity"), 7: (*AXES, "intensity", "red", "green", "blue")}


def column_names(path: Path, head: Head, columns: Sequence[str] | None) -> tuple[str, ...]:
    """The name of each column.

    Args:
        path: of the file.
        head: of the file.
        columns: names that the caller gives.

    Raises:
        InputError: names for more or fewer columns than there are, one name twice, no x, y or z.
    """
    number = head.dialect.columns
    first = f"line {len(head.lines) + 1}, the first point, has {number} columns"
    if columns is not None:
        names, by = tuple(columns), "'columns:' or --columns names"
    elif head.named is not None:
        names = tuple(decoded(name) or SKIP for name in head.named.names)
        by = f"line {head.named.place + 1} names"
    else:
        defaults = _PTS if path.suffix.lower() == ".pts" else _PLAIN
        if number not in defaults:
            raise InputError(
                f"{path}: {first} whose meaning is not known, name them in a line before it or by {REMEDY}"
            )
        return defaults[number]
    if len(names) != number:
        raise InputError(
            f"{path}: {first}, but {by} {len(names)}: {', '.join(names)[:200]}; name all of them by {REMEDY}"
        )
    wanted = [name for name in names if name != SKIP]
    twice = next((name for place, name in enumerate(wanted) if name in wanted[:place]), None)
    if twice is not None:
        raise InputError(f"{path}: two columns are called '{twice[:40]}', name them apart by {REMEDY}")
    for axis in AXES:
        if axis not in map(str.lower, wanted):
            raise InputError(
                f"{path}: the points have no column '{axis}', the columns are {', '.join(names)[:200]}: name them by "
                f"{REMEDY}"
            )
    return names


def columns_of_words(head: Head, names: Sequence[str]) -> set[int]:
    """Places of the columns whose first value is a word.

    x, y and z are none of them, and neither is a column of numbers in a manner that is refused: hexadecimal, or with
    separators between thousands.
    """
    known = {place for place, name in enumerate(names) if name.lower() in AXES}
    words = set()
    for line in head.points:
        for place, (start, end) in enumerate(head.dialect.spans(line) or []):
            cell = unquoted(line[start:end])
            if place in known or is_missing(cell):
                continue
            known.add(place)
            if not is_number(cell) and not _REFUSED.fullmatch(cell):
                words.add(place)
        if len(known) == len(names):
            break
    return words
