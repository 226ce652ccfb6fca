"""Labels in LAS files: what numbers fit into a point, and the names of classes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from bscnet.clouds.columns import LABELS, find_column
from bscnet.clouds.writer import LABEL, Target
from bscnet.errors import InputError

CLASSIFICATION = "classification"
"""The dimension that holds the labels."""

_ENTRY, _NAME = 16, 15
_CLASSES = 256


def check_labels(path: Path, target: Target, point_format: int) -> None:
    """See that a point can hold all labels.

    Args:
        path: of the file that is to be written.
        target: what is to be written.
        point_format: of its points.

    Raises:
        InputError: points of the formats 0 to 5 hold 0 to 31, those of 6 to 10 hold 0 to 255.
    """
    largest = largest_label(point_format)
    beyond = [label for label in target.labels if not 0 <= label <= largest]
    if beyond:
        indices = " and so do class indices (--indices)" if len(set(target.labels)) <= largest + 1 else ""
        raise InputError(
            f"{path}: points of LAS format {point_format} hold labels from 0 to {largest}, but there is {beyond[0]}: "
            f"another format holds it, .ply for example,{indices}".rstrip(",")
        )


def largest_label(point_format: int) -> int:
    """What a point can hold."""
    return 31 if point_format < 6 else _CLASSES - 1


def names_taken(columns: Collection[str], added: Collection[str]) -> list[str]:
    """The names that columns of a source must leave: of added dimensions, and of all that hold labels for a reader.

    A reader looks for `classification` last but for a few, so that labels of the source under a name that it looks for
    first would pass for those that are written.

    Args:
        columns: of the source.
        added: names of the added dimensions.
    """
    first = LABELS[: LABELS.index(CLASSIFICATION)]
    return [LABEL, CLASSIFICATION, *added, *(one for one in columns if any(find_column([one], name) for name in first))]


def table_names(table: bytes) -> dict[int, str]:
    """Names of classes in a table; entries without a name are left out, damaged signs are replaced."""
    entries = (table[start : start + _ENTRY] for start in range(0, len(table) - _ENTRY + 1, _ENTRY))
    named = ((entry[0], entry[1:].split(b"\0")[0].decode(errors="replace").strip()) for entry in entries)
    return {label: name for label, name in named if name}


def class_table(old: bytes, names: Mapping[int, str]) -> bytes:
    """The table of the names of all 256 classes.

    Args:
        old: the table of the source, empty where it has none; its names stay but for those that are given.
        names: of classes; 15 bytes of each are kept.
    """
    entries = dict.fromkeys(range(_CLASSES), b"")
    for start in range(0, len(old) - _ENTRY + 1, _ENTRY):
        entries[old[start]] = old[start + 1 : start + _ENTRY]
    for number, name in names.items():
        if number in entries:
            entries[number] = name.encode()[:_NAME].decode(errors="ignore").encode()
    return b"".join(bytes([number]) + name.ljust(_NAME, b"\0") for number, name in entries.items())
