"""The fields of a file's points, and consecutive points as the file holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Field:
    """One field of a file's points.

    Attributes:
        name: as the file has it.
        dtype: of one value, in this machine's byte order; of what is no number too.
        shape: () for one value a point, (K,) for several.
    """

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...] = ()


@dataclass(frozen=True)
class Rows:
    """Consecutive points as the file holds them.

    Attributes:
        first: number in the file of the first of them.
        fields: by the name of the field, (P, *shape).
        native: what a writer of the same format needs beside them to give them back as they are; see the formats.
    """

    first: int
    fields: Mapping[str, npt.NDArray[Any]]
    native: Any = None

    def __len__(self) -> int:
        return len(next(iter(self.fields.values())))
