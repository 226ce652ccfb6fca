"""The features of a point: which of its measured values a network sees, as channels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bscnet.clouds.colors import NO_COLOUR
from bscnet.clouds.reading import COMPUTED
from bscnet.data.augment import colour_features
from bscnet.data.scan import Scan
from bscnet.errors import InputError


class FeatureRecipe:
    """Names of features, in the order of their channels.

    rgb: c / 127.5 - 1, and in training the scan's colour shift (method section 9). one: the constant 1, so that a site
    is told from an empty place. height: metres above the scan's lowest point, before any augmentation. offset: a
    point's place in its voxel, -0.5 to 0.5 on each axis. Any other name: the scan's measured value of that name.
    InputError: no name, or one twice.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(str(name) for name in names)
        self.channels = num_channels(self.names)

    def __call__(
        self,
        scan: Scan,
        positions: npt.NDArray[np.float64],
        color_shift: npt.NDArray[np.float32] | None = None,
    ) -> npt.NDArray[np.float32]:
        """(P, channels) of a scan whose points lie at `positions` (P, 3), in voxels; InputError: no such value."""
        parts = [self._feature(name, scan, positions, color_shift) for name in self.names]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

    @staticmethod
    def _feature(
        name: str, scan: Scan, positions: npt.NDArray[np.float64], color_shift: npt.NDArray[np.float32] | None
    ) -> npt.NDArray[np.float32]:
        if name == "rgb":
            if scan.colors.flat[0] == NO_COLOUR and (scan.colors == NO_COLOUR).all():
                raise InputError("the scan has no colours, so rgb cannot be among the features")
            colours = colour_features(scan.colors)
            return colours if color_shift is None else colours + color_shift
        if name == "one":
            return np.ones((len(scan.points), 1), dtype=np.float32)
        if name == "height":
            z = scan.points[:, 2]
            return (z - z.min())[:, None]
        if name == "offset":
            return (positions - np.floor(positions) - 0.5).astype(np.float32)
        if name not in scan.extra:
            known = ", ".join([*COMPUTED, *scan.extra])
            raise InputError(f"the scan has no values for the feature {name!r}, there are {known}")
        return np.asarray(scan.extra[name], dtype=np.float32)[:, None]


def num_channels(names: Sequence[str]) -> int:
    """Channels that features of these names make; InputError: no name, or one twice."""
    if not names or len(set(names)) < len(names):
        raise InputError(f"features={list(names)} is not allowed, it must name at least one feature and none twice")
    return sum(COMPUTED.get(name, 1) for name in names)
