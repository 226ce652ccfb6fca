"""Points with their columns under the names that this package gives them, whatever a file calls them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.clouds.columns import AXES, COLORS, find_column

Column = npt.NDArray[Any]


@dataclass(frozen=True)
class Cloud:
    """Consecutive points of a file.

    Attributes:
        columns: by name, each (P,) in file order, of numbers. x, y, z: float64, in the file's own unit. red, green,
            blue: all three or none, in the file's own range. All others under the file's names.
        first: number in the file of the first point.
    """

    columns: Mapping[str, Column]
    first: int = 0

    def __len__(self) -> int:
        return len(self.columns["x"])

    @property
    def has_colors(self) -> bool:
        """Whether the points have colours."""
        return COLORS[0] in self.columns

    @property
    def axes(self) -> list[npt.NDArray[np.float64]]:
        """x, y and z."""
        return [self.columns[axis] for axis in AXES]

    @property
    def colors(self) -> list[Column]:
        """Red, green and blue in the file's range."""
        return [self.columns[color] for color in COLORS]

    def only(self, rows: npt.NDArray[np.int64]) -> Cloud:
        """The points at these places, with all their columns."""
        return replace(self, columns={name: column[rows] for name, column in self.columns.items()})

    def find(self, name: str) -> str | None:
        """The column's name in the file; see `find_column`."""
        return find_column(self.columns, name)

    @property
    def finite(self) -> npt.NDArray[np.bool_]:
        """(P,) mask of the points with three finite coordinates."""
        x, y, z = (np.isfinite(axis) for axis in self.axes)
        return x & y & z


def joined(parts: Sequence[Cloud]) -> Cloud:
    """Consecutive parts as one; at least one is needed."""
    if len(parts) == 1:
        return parts[0]
    names = parts[0].columns
    return Cloud({name: np.concatenate([part.columns[name] for part in parts]) for name in names}, parts[0].first)
