"""One decoded scan: what every reader returns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Scan:
    """Labelled coloured points as they stand in the file, in file order.

    points: (P, 3) float32, metres. colors: (P, 3) uint8, RGB. labels: (P,) int16, class ids with -100 ignored
    (all -100 where the split has no labels). Arrays may be read-only views of a memory-mapped cache.
    """

    name: str
    points: npt.NDArray[np.float32]
    colors: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int16]
