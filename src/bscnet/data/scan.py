"""One decoded scan: what every reader returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Scan:
    """Labelled points as they stand in the file, in file order.

    points: (P, 3) float32, metres unless the reader says otherwise. colors: (P, 3) uint8, RGB, grey
    (`clouds.colors.NO_COLOUR`) where there are none. labels: (P,) int16, class ids with -100 ignored (all -100 where
    the split has no labels). extra: further measured values by name, (P,) float32 each, such as "intensity", brought
    to about [-1, 1] by the reader.
    Arrays may be read-only views of a memory-mapped cache.
    """

    name: str
    points: npt.NDArray[np.float32]
    colors: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int16]
    extra: Mapping[str, npt.NDArray[np.float32]] = field(default_factory=dict)
