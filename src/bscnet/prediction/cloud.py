"""Clouds read a chunk at a time, so that a network labels ones larger than the memory.

The readers of training data, `bscnet.datasets.folder.formats`, hold whole clouds and take more formats.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Chunk:
    """Consecutive points.

    axes: x, y and z, each (P,) in the file's own type. colors: (P, 3) uint8, RGB. values: (P,) each, as in the file.
    """

    axes: tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]
    colors: npt.NDArray[np.uint8]
    values: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.colors)


class CloudFile(ABC):
    """A file of points.

    num_points: at least 1. dtype: of the coordinates. units: "m", "ft", "us-ft" or "degree" where the file states it.
    """

    units: str | None = None

    def __init__(self, path: Path, num_points: int, dtype: np.dtype[Any]) -> None:
        self.path, self.num_points, self.dtype = path, num_points, dtype

    @abstractmethod
    def chunks(self, size: int) -> Iterator[Chunk]:
        """All points in file order, `size` at a time. May be called again.

        Raises:
            InputError: the file ends early, or holds what is no number.
        """
