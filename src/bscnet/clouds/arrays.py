"""Arrays in memory as a cloud, so that they are read by the same rules as files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.clouds.columns import COLORS
from bscnet.clouds.fields import Field, Rows
from bscnet.clouds.file import CloudFile
from bscnet.errors import InputError


class ArrayCloud(CloudFile):
    """Points that a program has at hand.

    Args:
        points: (P, 3) numbers: x, y, z.
        colors: (P, 3) numbers: red, green, blue; None: there are none.
        values: further measured values by name, (P,) each.

    Raises:
        InputError: an array of another shape, or that holds no numbers.
    """

    def __init__(
        self, points: npt.ArrayLike, colors: npt.ArrayLike | None = None, values: Mapping[str, npt.ArrayLike] = {}
    ) -> None:
        name = Path("points")  # of the errors, where a file has its path
        xyz = np.asarray(points)
        arrays = {"points": xyz} | ({} if colors is None else {"colors": np.asarray(colors)})
        arrays |= {value: np.asarray(array) for value, array in values.items()}
        for key, array in arrays.items():
            shape = (len(xyz) if xyz.ndim else 0, 3)[: 2 if key in ("points", "colors") else 1]
            if array.shape != shape or array.dtype.kind not in "biuf":
                raise InputError(
                    f"{key} is of type {array.dtype} and shape {array.shape}, numbers of shape "
                    f"{'(P, 3)' if key == 'points' else shape} are needed"
                )
        self._arrays: dict[str, npt.NDArray[Any]] = dict(zip("xyz", xyz.T, strict=True))
        if colors is not None:
            self._arrays |= dict(zip(COLORS, arrays["colors"].T, strict=True))
        self._arrays |= {value: arrays[value] for value in values}
        super().__init__(name, len(xyz), tuple(Field(key, array.dtype) for key, array in self._arrays.items()))

    def _rows(self, size: int, names: frozenset[str]) -> Iterator[Rows]:
        for first in range(0, self.count, size):
            part = slice(first, first + size)
            yield Rows(first, {name: array[part] for name, array in self._arrays.items() if name in names})
