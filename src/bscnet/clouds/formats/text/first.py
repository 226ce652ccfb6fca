"""What the first points of a text file tell of how all are written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bscnet.clouds.formats.text.dialect import Dialect, cells, joint_of
from bscnet.clouds.formats.text.values import is_number
from bscnet.errors import InputError

_COMMA_AND_COMMA = re.compile(rb"\s*[-+]?\d+,\d+(,[ \t]+[-+]?\d+,\d+){2,}\s*")


def dialect_of(
    path: Path, number: int, points: Sequence[bytes], separator: bytes, names: Sequence[str | bytes]
) -> Dialect:
    """The dialect of a file's points; its sign of the broken part is empty where the first points have none.

    Args:
        path: of the file, for the errors.
        number: of the line of the first point.
        points: the first ones, as lines.
        separator: of the first of them.
        names: of the columns as far as they are known, those without one among them.

    Raises:
        InputError: the first point can be read in two ways, or not at all.
    """
    first = points[0]
    raw = cells(first, separator)
    if raw is None:
        raise InputError(f"{path}: line {number} has a quote that is not closed")
    if separator == b"," and len(names) != len(raw) and _COMMA_AND_COMMA.fullmatch(first):
        raise InputError(
            f"{path}: line {number} can be read in two ways, with commas between the values or in them as well: "
            "put semicolons between them, or points into them"
        )
    # a separator at the end sets nothing apart, unless as many columns as that are named
    leading, trailing = (
        separator != b"" and not raw[place] and not (len(names) == len(raw) and names[place]) for place in (0, -1)
    )
    dialect = Dialect(separator, len(raw) - leading - trailing, leading, trailing)
    quoted = all(first[start:end].startswith(b'"') for start, end in dialect.spans(first) or [])
    return replace(dialect, quoted=quoted, joint=joint_of(first, separator), point=_point(points, separator))


def _point(points: Sequence[bytes], separator: bytes) -> bytes:
    for line in points:
        for word in cells(line, separator) or []:
            if is_number(word) and (b"," in word or b"." in word):
                return b"," if b"," in word else b"."
    return b""
