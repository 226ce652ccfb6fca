"""Height above the ground, a feature."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

GROUND_PERCENTILE = 1.0
"""Of a part's heights: its ground. Not the lowest point, since lidar has some stray points below the ground."""
HEIGHT_SCALE = 8.0
"""Metres above the ground that become 0 in the feature "above_ground"; the ground becomes -1."""


def above_ground(points: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Metres of (P, 3) points above the level that `GROUND_PERCENTILE` of them stay below; for flat ground."""
    z = points[:, 2].astype(np.float64)
    return z - np.percentile(z, GROUND_PERCENTILE)
