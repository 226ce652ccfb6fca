"""Does a mesh look as if it were in metres?"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_MILLIMETRES, _CENTIMETRES, _TINY = 2000.0, 150.0, 0.3
_TALL, _COARSE = 6.0, 0.06


def units_problem(points: npt.NDArray[np.float32], corners: npt.NDArray[np.int64]) -> str | None:
    """What is odd about the size of an indoor mesh that should be in metres, or None.

    points: (P, 3), z up. corners: (F, 3) vertex numbers. A room is some metres long, so coordinates 100 or 1000 times
    as large show by the extent alone. Feet are only 3.3 times as large: they are told by a height of more than one
    storey together with edges longer than those of ScanNet's meshes, which are 2 to 4 cm.
    """
    sides = points.max(axis=0).astype(np.float64) - points.min(axis=0)
    longest, height = sides.max(), sides[2]
    told = f"the mesh is {longest:.4g} long and {height:.4g} high"
    if longest > _CENTIMETRES:
        unit = "millimetres" if longest > _MILLIMETRES else "centimetres"
        return f"{told}, which looks like {unit}, but coordinates must be in metres"
    if longest < _TINY:
        return f"{told}, which is no room: coordinates must be in metres"
    starts, ends = points[corners[:, 0]].astype(np.float64), points[corners[:, 1]]
    edge = float(np.median(np.sqrt(((ends - starts) ** 2).sum(axis=1))))
    if height > _TALL and edge > _COARSE:
        return f"{told} with edges of {edge:.2g}, which looks like feet, but coordinates must be in metres"
    return None
