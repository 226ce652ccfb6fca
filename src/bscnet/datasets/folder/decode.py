"""From a cloud's file to a scan: the points as the description reads them, with class ids."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bscnet.clouds.columns import LABELS, find_label
from bscnet.clouds.file import CloudFile
from bscnet.clouds.open import open_cloud
from bscnet.clouds.points import PointReader, Points, Survey
from bscnet.data.scan import Scan
from bscnet.data.voxelize import bounds
from bscnet.datasets.folder.description import Description
from bscnet.errors import InputError
from bscnet.ignore import IGNORE_INDEX

FAR = 1024.0
"""Metres from the origin from which on coordinates are counted from the scan's own corner: float32 steps there are
0.06 mm, while in a national grid, at millions of metres, they are half a metre."""


class DescribedCloud:
    """A file of a described folder, read once.

    Args:
        path: of the file.
        description: of the folder, its features completed.

    Raises:
        InputError: the file cannot be read as described, see `PointReader` and `Surveyor.result`.
    """

    def __init__(self, path: Path, description: Description) -> None:
        self.description = description
        self.file = open_cloud(path, description.reading.columns)
        self._reader = PointReader(self.file, description.reading, description.features)
        self._label = find_label(self.file.columns, description.label)
        names = self._reader.names if self._label is None else [*self._reader.names, self._label]
        self._cloud = self.file.read(names)
        surveyor = self._reader.surveyor()
        surveyor.add(self._cloud)
        self.survey: Survey = surveyor.result()

    @property
    def colored(self) -> bool:
        """Whether the points have colours."""
        return self._reader.colored

    @cached_property
    def _points(self) -> Points:
        return self._reader.points(self._cloud, self.survey)

    def scan(self, name: str, labelled: bool) -> Scan:
        """Every point in file order, but those that `invalid_points: drop` leaves out.

        Raises:
            InputError: coordinates beyond float32, no label column or a label that is not described.
        """
        found = self._points
        labels = np.full(len(found), IGNORE_INDEX, dtype=np.int16)
        if labelled:
            column = label_column(self.file, self.description)
            values = self._cloud.columns[column][found.rows]
            labels = self.description.classes(values, self.file.path, column, found.rows)
        extra = {value: column.astype(np.float32) for value, column in found.values.items()}
        return Scan(name, _near(self.file.path, np.stack(found.axes, axis=1)), found.colors, labels, extra)


def label_column(file: CloudFile, description: Description) -> str:
    """The column with the labels; InputError if there is none."""
    found = find_label(file.columns, description.label)
    if found is not None:
        return found
    wanted = f"'{description.label}'" if description.label else f"of the names {', '.join(LABELS)}"
    raise InputError(
        f"{file.path}: the points have no label column {wanted}, the columns are {', '.join(file.columns)} "
        f"('label:' in dataset.yaml names it)"
    )


def _near(path: Path, points: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Points in float32; far from the origin they are first counted from the whole metres of their lowest corner."""
    low, high = bounds(points)
    if max(-low.min(), high.max()) >= FAR:
        points -= np.floor(low)
    if not (high - low < np.finfo(np.float32).max).all():
        raise InputError(
            f"{path}: the coordinates reach from {low.min():g} to {high.max():g} m, beyond single precision"
        )
    return points.astype(np.float32)
