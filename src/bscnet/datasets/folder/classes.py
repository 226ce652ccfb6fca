"""From the labels in files to class ids."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.counted import counted
from bscnet.datasets.folder.strict_yaml import shown
from bscnet.errors import InputError
from bscnet.ignore import IGNORE_INDEX

MAX_CLASSES = 1000

INVALID_LABELS = ("error", "ignore")
"""What may be done with labels that are not finite: refuse the file, or ignore their points."""

_WIDEST = 2**53


@dataclass(frozen=True)
class ClassMap:
    """From labels to class ids.

    Attributes:
        names: of class 0, 1, …
        pairs: (label in a file, class id or `IGNORE_INDEX`), in order of labels.
        labels: of class 0, 1, …: the first that is described where a class has several.
        invalid: a word of `INVALID_LABELS`.
    """

    names: tuple[str, ...] = ()
    pairs: tuple[tuple[int, int], ...] = ()
    labels: tuple[int, ...] = ()
    invalid: str = "error"

    def __call__(
        self, labels: npt.NDArray[Any], path: Path, column: str, rows: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int16]:
        """Class ids (P,) of file labels (P,); rows (P,): numbers in the file of those points.

        InputError: no whole number, or a label that is not listed.
        """
        if labels.dtype.kind != "f" or self.invalid != "ignore":
            return self._ids(labels, path, column, rows)
        ids, finite = np.full(labels.shape, IGNORE_INDEX, dtype=np.int16), np.isfinite(labels)
        ids[finite] = self._ids(labels[finite], path, column, rows[finite])
        return ids

    def _ids(
        self, labels: npt.NDArray[Any], path: Path, column: str, rows: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int16]:
        if labels.dtype.kind == "f":
            whole = np.isfinite(labels) & (np.abs(labels) < _WIDEST)
            whole[whole] = labels[whole] == np.floor(labels[whole])
            if not whole.all():
                first = int(np.flatnonzero(~whole)[0])
                remedy = "" if np.isfinite(labels[first]) else " ('invalid_labels: ignore' in dataset.yaml ignores it)"
                raise InputError(
                    f"{path}: the label {labels[first]} of point {rows[first]} (column '{column}') is no whole number"
                    f"{remedy}"
                )
        values, of_point = np.unique(labels, return_inverse=True)
        known = dict(self.pairs)
        for value in values:
            if int(value) not in known:
                self._refuse(rows[labels == value], int(value), path, column)
        ids = np.array([known[int(value)] for value in values], dtype=np.int16)
        return ids[of_point]

    def _refuse(self, hits: npt.NDArray[np.int64], value: int, path: Path, column: str) -> None:
        listed = [str(label) for label, _ in self.pairs]
        allowed = ", ".join(listed[:20]) + (" …" if len(listed) > 20 else "")
        raise InputError(
            f"{path}: label {value} (column '{column}', {counted(len(hits), 'point')}, the first is {hits[0]}) is not "
            f"among the classes or under 'ignore' of dataset.yaml, which list {allowed or 'none'}"
        )


def parse_classes(path: Path, classes: Any, ignore: Any, invalid: str = "error") -> ClassMap:
    """The `classes` and `ignore` of a description.

    classes: [name, …] for labels 0, 1, …; {label: name, …}, where labels of one name are one class; or
    {name: label or [label, …], …}. ignore: [label, …]. invalid: see `ClassMap`.
    InputError: another form, a name or label twice, no name at all.
    """
    if not isinstance(ignore, list) or not all(map(_is_label, ignore)):
        raise InputError(f"{path}: 'ignore' must be a list of labels (whole numbers), not {shown(ignore)}")
    by_label = _by_label(path, classes)
    names = tuple(dict.fromkeys(by_label.values()))
    if not names:
        raise InputError(f"{path}: 'classes' must name at least one class")
    if len(names) > MAX_CLASSES:
        raise InputError(f"{path}: 'classes' names {len(names)} classes, at most {MAX_CLASSES} are allowed")
    ids = {label: names.index(name) for label, name in by_label.items()}
    both = sorted(set(ids) & set(ignore))
    if both:
        raise InputError(f"{path}: label {both[0]} stands under 'classes' and under 'ignore', only one is allowed")
    first = {name: label for label, name in reversed(by_label.items())}
    pairs = tuple(sorted((ids | dict.fromkeys(ignore, IGNORE_INDEX)).items()))
    return ClassMap(names, pairs, tuple(first[name] for name in names), invalid)


def _by_label(path: Path, classes: Any) -> dict[int, str]:
    if isinstance(classes, list):
        names = [_name(path, name) for name in classes]
        if len(set(names)) < len(names):
            raise InputError(f"{path}: 'classes' names a class twice, write {{label: name}} for labels of one class")
        return dict(enumerate(names))
    if not isinstance(classes, dict):
        raise InputError(f"{path}: 'classes' must be a list of names or a map {{label: name}}, not {shown(classes)}")
    if all(map(_is_label, classes)):
        return {label: _name(path, name) for label, name in classes.items()}
    by_label: dict[int, str] = {}
    for name, labels in classes.items():
        for label in labels if isinstance(labels, list) and labels else [labels]:
            if not _is_label(label):
                raise InputError(
                    f"{path}: class {shown(name)} must have a label or a list of labels, not {shown(label)}"
                )
            if label in by_label:
                raise InputError(f"{path}: label {label} stands under two classes")
            by_label[label] = _name(path, name)
    return by_label


def _name(path: Path, name: Any) -> str:
    if not isinstance(name, str) or not name.strip() or len(name) > 100 or not name.isprintable():
        raise InputError(f"{path}: {shown(name)} is no name of a class, it must be a short text (write it in quotes)")
    return name


def _is_label(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _WIDEST
