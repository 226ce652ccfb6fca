"""The two places under lidar: which classes they are scored by and where they are cut, as `lidar.py` reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bscnet.clouds.reading import Reading
from bscnet.ignore import IGNORE_INDEX


@dataclass(frozen=True)
class Place:
    """A labelled lidar cloud and how it is used.

    cloud: its name in `bscnet.datasets.real.clouds.CLOUDS`. classes: the ASPRS codes that each class is made of, in the
    order of the class ids; all other codes are ignored. axis: 0 for cuts across x, 1 across y. cuts: metres from the
    cloud's lowest corner, rising; n cuts make n + 1 folds. intensity_range: the raw value that becomes +1 (0 becomes
    -1), a property of the file and not of any part's points. strays: codes of points that are left out altogether.
    """

    cloud: str
    classes: Mapping[str, tuple[int, ...]]
    axis: int
    cuts: tuple[float, ...]
    intensity_range: float
    strays: tuple[int, ...] = ()

    @property
    def reading(self) -> Reading:
        """How its file is read; a class of several codes has the first of them."""
        labels = tuple(codes[0] for codes in self.classes.values())
        return Reading(scale={"intensity": (0.0, self.intensity_range)}, labels=labels)

    @property
    def folds(self) -> int:
        """How many parts there are to hold out in turn."""
        return len(self.cuts) + 1


BLOCK = Place(
    cloud="lidar_block",
    # 3, 4 and 5 are height bands of one vegetation: told apart, they would be the height and nothing else
    classes={"ground": (2,), "vegetation": (3, 4, 5), "building": (6,)},
    axis=0,
    cuts=(6.1, 12.2),  # thirds
    intensity_range=65535.0,  # all of its 16 bits
)

BRIDGE = Place(
    cloud="lidar_bridge",
    classes={"ground": (2,), "vegetation": (3, 4, 5), "bridge": (17,)},
    axis=1,
    cuts=(41.5,),  # halves of the one bridge: thirds of the cloud would leave two of them without it
    intensity_range=511.0,  # the file's values end at 445
    strays=(65,),  # 503 points spread over 161 m of height
)

PLACES: dict[str, Place] = {place.cloud: place for place in (BLOCK, BRIDGE)}


def merged(codes: npt.NDArray[np.integer], place: Place) -> npt.NDArray[np.int16]:
    """Class id of each ASPRS code, (P,); `IGNORE_INDEX` for codes of no class, such as noise."""
    labels = np.full(codes.shape, IGNORE_INDEX, dtype=np.int16)
    for number, members in enumerate(place.classes.values()):
        labels[np.isin(codes, members)] = number
    return labels
