"""Does a scene have labels? Told from the beginning of its file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from bscnet.data.ply_header import parse_header
from bscnet.datasets.folder.convert import find_label, label_column
from bscnet.datasets.folder.description import FILE_NAME, Description
from bscnet.datasets.folder.formats import MODULES, one_sentence, read_cloud
from bscnet.errors import InputError

_SOME = 50_000
"""Points of a LAS file that are looked at: a chunk of a LAZ file."""

Columns = Sequence[str] | None


def require_labels(path: Path, description: Description) -> None:
    """InputError if the points of a file have no labels, or it is damaged.

    A file is read as a whole only where its beginning names no column of labels. LAS has such a column always: there
    the labels are missing where the first points are all 0, which stands for "never classified", and 0 is no label of
    the description.
    """
    kind = MODULES.get(path.suffix.lower(), "")
    with one_sentence(path):
        found = find_label(_NAMES[kind](path, description.columns), description) if kind in _NAMES else None
    if found is None:
        label_column(path, read_cloud(path, description.columns), description)
    elif kind == "las" and 0 not in dict(description.classes.pairs):
        with one_sentence(path):
            classified = _any_but_0(path, found)
        if not classified:
            raise InputError(
                f"{path}: the points have no labels, '{found}' is 0 in all that were looked at, and 0 is not among the "
                f"labels of {FILE_NAME}"
            )


def _of_ply(path: Path, _: Columns) -> list[str]:
    vertex = next((element for element in parse_header(path).elements if element.name == "vertex"), None)
    return [] if vertex is None else [name for name, _ in vertex.properties]


def _of_pcd(path: Path, _: Columns) -> list[str]:
    from bscnet.datasets.folder.formats.pcd import read_header

    return [name for name, _, count in read_header(path).fields if count == 1]


def _of_las(path: Path, _: Columns) -> list[str]:
    from bscnet.datasets.folder.formats.las import checked

    with checked(path) as reader:
        return list(reader.header.point_format.dimension_names)


def _of_npz(path: Path, _: Columns) -> list[str]:
    with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
        return list(archive.files)


def _of_text(path: Path, columns: Columns) -> list[str]:
    from bscnet.datasets.folder.formats.xyz import column_names

    return column_names(path, columns)


_NAMES: dict[str, Callable[[Path, Columns], list[str]]] = {
    "ply": _of_ply, "pcd": _of_pcd, "las": _of_las, "npz": _of_npz, "xyz": _of_text
}  # fmt: skip
"""Names of a file's columns, without those that are part of a wider one, by the module of its format."""


def _any_but_0(path: Path, column: str) -> bool:
    from bscnet.datasets.folder.formats.las import checked

    with checked(path) as reader:
        return bool(np.any(reader.read_points(_SOME)[column]))
