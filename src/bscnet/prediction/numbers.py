"""The numbers that labels are written as: the data set's own, or the classes'."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.clouds.reading import Reading
from bscnet.ignore import IGNORE_INDEX

_TYPES = tuple(np.dtype(name) for name in ("uint8", "int16", "uint16", "int32", "uint32", "int64"))


@dataclass(frozen=True)
class LabelNumbers:
    """What a class is written as.

    Attributes:
        of_class: (classes,) in the smallest type that holds all of them.
        none: of points that were left out: 0, or -1 where 0 is a class's.
        names: of the classes, by number.
    """

    of_class: npt.NDArray[np.integer]
    none: int
    names: Mapping[int, str]

    @property
    def used(self) -> tuple[int, ...]:
        """Every number that may be written, if no point is left out."""
        return tuple(self.of_class.tolist())

    def classes(self, labels: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """Class of each label (P,), `IGNORE_INDEX` where it is no class's."""
        return places_among(labels, self.of_class)


def places_among(labels: npt.NDArray[Any], known: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Place of each label (P,) among those that are known, `IGNORE_INDEX` for any other."""
    order = np.argsort(known)
    if not len(order):
        return np.full(labels.shape, IGNORE_INDEX)
    ordered = np.asarray(known, dtype=np.float64)[order]
    places = np.minimum(np.searchsorted(ordered, labels), len(ordered) - 1)
    return np.where(ordered[places] == labels, order[places], IGNORE_INDEX)


def label_numbers(reading: Reading, class_names: Sequence[str], indices: bool = False) -> LabelNumbers:
    """The numbers of the labels in the data set's own files; indices: those of the classes, from 0, in their place."""
    known = reading.labels if reading.labels and not indices else tuple(range(len(class_names)))
    none = -1 if 0 in known else 0
    held = (*known, none) if reading.invalid_points == "drop" else known
    low, high = min(held), max(held)
    dtype = next(kind for kind in _TYPES if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max)
    return LabelNumbers(np.array(known, dtype=dtype), none, dict(zip(known, class_names, strict=True)))
