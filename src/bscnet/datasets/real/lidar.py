"""A place seen by lidar as a data set: one fold's training part and its held-out part are a scene each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bscnet.clouds.colors import grey
from bscnet.data.fingerprint import FileHasher
from bscnet.data.scan import Scan
from bscnet.datasets.real.clouds import CLOUDS, SensorCloud
from bscnet.datasets.real.files import cloud_files
from bscnet.datasets.real.height import HEIGHT_SCALE, above_ground
from bscnet.datasets.real.places import PLACES, Place, merged
from bscnet.datasets.real.split import HELD_OUT, TRAIN, spatial_fold
from bscnet.errors import InputError
from bscnet.ignore import IGNORE_INDEX

READER_VERSION = 2
"""Part of every cache key: raise it when the same file would be read as other arrays."""

MEASURED = ("intensity", "above_ground")
"""Values of a scan beside position and colour; the latter is the height above the ground of that very part."""

_PARTS = {"train": TRAIN, "val": HELD_OUT}


class RealLidarSource:
    """The two scenes of one fold of a place.

    Their measured values are `MEASURED`, each a feature only where one asks for it.
    root: folder of the fetched files. site: the name of one of `PLACES`. fold: the part to hold out. gap: metres around
    it that are neither trained on nor scored. building_ceiling: metres above the cloud's lowest point from where on
    "building" is ignored (None: nowhere).
    InputError: a value that is not allowed.
    """

    def __init__(
        self,
        root: str | Path,
        site: str = "lidar_block",
        fold: int = 0,
        gap: float = 1.0,
        building_ceiling: float | None = None,
    ) -> None:
        self.root, self.place = Path(root), _known(site)
        if not 0 <= fold < self.place.folds:
            raise InputError(f"data.fold={fold} is not there, {site} has the folds 0 to {self.place.folds - 1}")
        if not (math.isfinite(gap) and gap >= 0):
            raise InputError(f"data.gap={gap} is not allowed, it must be a number of metres from 0 up")
        if building_ceiling is not None:
            if "building" not in self.place.classes:
                raise InputError(f"data.building_ceiling={building_ceiling} has no meaning, {site} has no buildings")
            if not (math.isfinite(building_ceiling) and building_ceiling > 0):
                raise InputError(
                    f"data.building_ceiling={building_ceiling} is not allowed, it must be null or a positive number of "
                    "metres"
                )
        self.fold, self.gap, self.building_ceiling = fold, gap, building_ceiling
        self._hasher = FileHasher()
        self._cloud: SensorCloud | None = None

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names by class id."""
        return tuple(self.place.classes)

    def scenes(self, split: str) -> list[str]:
        """The one scene of "train" or "val"; InputError for any other split."""
        if split not in _PARTS:
            raise InputError(f"{self.place.cloud} has no split {split!r}, it must be one of {', '.join(_PARTS)}")
        return [f"{self.place.cloud}-fold{self.fold}-{split}"]

    def files(self, scene: str, labelled: bool = True) -> list[Path]:
        """The file of the whole cloud, fetched if it is not there; PackageUnavailableError if it cannot be."""
        return cloud_files(self.place.cloud, self.root)

    def require(self, scenes: Sequence[str], labelled: bool = True) -> None:
        """InputError unless the scenes are this fold's and the file is there or can be fetched."""
        for scene in scenes:
            self._part(scene)
        cloud_files(self.place.cloud, self.root)

    def read(self, scene: str, labelled: bool = True) -> Scan:
        """The points of one part in the order of the file, metres from the whole cloud's lowest corner."""
        cloud = self._whole()
        kept = np.flatnonzero(self.parts() == _PARTS[self._part(scene)])
        if len(kept) == 0:
            raise InputError(
                f"data.gap={self.gap:g} leaves no point of {self.place.cloud} to train on: take a smaller one"
            )
        points = cloud.points[kept]
        labels = self._labels(cloud, kept) if labelled else np.full(len(kept), IGNORE_INDEX, dtype=np.int16)
        colors = grey(len(kept)) if cloud.colors is None else cloud.colors[kept]
        assert cloud.intensity is not None
        intensity = self.place.reading.scaled("intensity", cloud.intensity[kept])
        height = above_ground(points) / HEIGHT_SCALE - 1
        extra = {name: values.astype(np.float32) for name, values in zip(MEASURED, (intensity, height), strict=True)}
        return Scan(scene, points, colors, labels, extra)

    def fingerprint(self, scene: str, labelled: bool = True) -> str:
        """Hash of all that decides what `read` returns."""
        how = f"lidar reader {READER_VERSION} {scene} {self.gap!r} {self.building_ceiling!r} {labelled}"
        return self._hasher.combined(how, self.files(scene))

    def parts(self) -> npt.NDArray[np.int8]:
        """TRAIN, HELD_OUT or GAP of every point of the cloud, in the order of the file; -1 for stray points."""
        cloud = self._whole()
        assert cloud.labels is not None
        part = spatial_fold(cloud.points[:, self.place.axis], self.place.cuts, self.fold, self.gap)
        part[np.isin(cloud.labels, self.place.strays)] = -1
        return part

    def _labels(self, cloud: SensorCloud, kept: npt.NDArray[np.int64]) -> npt.NDArray[np.int16]:
        assert cloud.labels is not None
        labels = merged(cloud.labels[kept], self.place)
        if self.building_ceiling is not None:
            high = cloud.points[kept, 2] > self.building_ceiling
            labels[high & (labels == self.class_names.index("building"))] = IGNORE_INDEX
        return labels

    def _whole(self) -> SensorCloud:
        if self._cloud is None:
            self._cloud = CLOUDS[self.place.cloud](self.root)
        return self._cloud

    def _part(self, scene: str) -> str:
        for split in _PARTS:
            if [scene] == self.scenes(split):
                return split
        raise InputError(f"{self.place.cloud} has no scene {scene!r} in fold {self.fold}")


def _known(site: str) -> Place:
    if site not in PLACES:
        raise InputError(f"lidar site {site!r} is not known, it must be one of {', '.join(PLACES)}")
    return PLACES[site]
