"""A real cloud as a data set of one scene: labelled, to train and score on itself, or without labels, to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bscnet.clouds.colors import grey
from bscnet.clouds.reading import Reading
from bscnet.data.fingerprint import FileHasher
from bscnet.data.scan import Scan
from bscnet.datasets.real.clouds import CLOUDS, SensorCloud
from bscnet.datasets.real.files import cloud_files
from bscnet.datasets.scannet.classes import CLASS_NAMES
from bscnet.errors import InputError
from bscnet.ignore import IGNORE_INDEX

READER_VERSION = 2
"""Part of every cache key: raise it when the same file would be read as other arrays."""


@dataclass(frozen=True)
class View:
    """A cloud that one sensor took from one place.

    up: y and z of the direction away from the ground, in the cloud's own frame (x is level); of unit length, read off
    the largest plane in the cloud. depth: metres from the camera beyond which points are left out (None: nowhere).
    reading: of its file; the scale of the intensity, where there is any, is part of it. ahead: whether the sensor
    looked more ahead than down, which is along y once the cloud stands upright.
    """

    up: tuple[float, float]
    depth: float | None = None
    reading: Reading = field(default_factory=Reading)
    ahead: bool = True


VIEWS: dict[str, View] = {
    "arc2017": View(up=(0.0, -1.0), depth=2.0, ahead=False),  # the camera looks down; what lies further is stray depth
    "motorcycle": View(up=(-0.966, -0.259)),
    "milk_cartoon": View(up=(0.821, 0.571)),
    "table_scene": View(up=(0.876, 0.483), reading=Reading(scale={"intensity": (0.0, 255.0)})),
}


class SingleCloudSource:
    """One scene: a labelled cloud as "train" and as "val", and any cloud as "test".

    root: folder of the fetched files. cloud: a name in `VIEWS`. InputError: the cloud is not known.
    """

    def __init__(self, root: str | Path, cloud: str) -> None:
        if cloud not in VIEWS:
            raise InputError(f"real cloud {cloud!r} is not known, it must be one of {', '.join(VIEWS)}")
        self.root, self.cloud = Path(root), cloud
        self._hasher = FileHasher()
        self._decoded: SensorCloud | None = None

    @property
    def labelled(self) -> bool:
        """Whether the cloud has labels."""
        return self.cloud == "arc2017"

    def class_names(self) -> tuple[str, ...]:
        """Names by class id: the cloud's own, or ScanNet's where it has no labels, for a network that is to label it.

        PackageUnavailableError: the names stand in files that cannot be fetched.
        """
        if not self.labelled:
            return CLASS_NAMES
        return tuple(self._whole().class_names.values())

    def reading(self) -> Reading:
        """How its file is read; class n of the cloud's own labels has the number that it has there."""
        known = VIEWS[self.cloud].reading
        return replace(known, labels=tuple(self._whole().class_names)) if self.labelled else known

    def scenes(self, split: str) -> list[str]:
        """The scene; InputError: no such split, or one that needs labels which the cloud does not have."""
        if split not in ("train", "val", "test"):
            raise InputError(f"unknown split {split!r}, it must be one of train, val, test")
        if split != "test" and not self.labelled:
            raise InputError(
                f"{self.cloud} has no labels, so nothing can be trained or scored on it: look at it or label it as "
                "split test"
            )
        return [self.cloud]

    def files(self, scene: str, labelled: bool = True) -> list[Path]:
        """The cloud's files, fetched if they are not there; PackageUnavailableError if they cannot be."""
        return cloud_files(self.cloud, self.root)

    def require(self, scenes: Sequence[str], labelled: bool = True) -> None:
        """InputError unless the cloud is meant, has labels where they are asked for, and can be had."""
        for scene in scenes:
            if scene != self.cloud:
                raise InputError(f"there is no scene {scene!r} here, the only one is {self.cloud}")
        if labelled and not self.labelled:
            raise InputError(f"{self.cloud} has no labels, so it cannot be scored")
        cloud_files(self.cloud, self.root)

    def read(self, scene: str, labelled: bool = True) -> Scan:
        """The points in the sensor's own frame, metres, in the order of the file."""
        cloud, view = self._whole(), VIEWS[self.cloud]
        kept = np.ones(len(cloud.points), dtype=bool) if view.depth is None else cloud.points[:, 2] < view.depth
        points = cloud.points[kept]
        colors = grey(len(points)) if cloud.colors is None else cloud.colors[kept]
        labels = np.full(len(points), IGNORE_INDEX, dtype=np.int16)
        if labelled and cloud.labels is not None:
            labels = cloud.labels[kept]
        extra = {}
        if cloud.intensity is not None and "intensity" in view.reading.scale:
            extra["intensity"] = view.reading.scaled("intensity", cloud.intensity[kept]).astype(np.float32)
        return Scan(scene, points, colors, labels, extra)

    def fingerprint(self, scene: str, labelled: bool = True) -> str:
        """Hash of all that decides what `read` returns."""
        return self._hasher.combined(f"single cloud reader {READER_VERSION} {scene} {labelled}", self.files(scene))

    def _whole(self) -> SensorCloud:
        if self._decoded is None:
            self._decoded = CLOUDS[self.cloud](self.root)
        return self._decoded


def upright(points: npt.NDArray[np.floating], up: tuple[float, float]) -> npt.NDArray[np.float32]:
    """Points (P, 3) turned about x so that the direction (0, up[0], up[1]) becomes z."""
    x, y, z = points[:, 0], points[:, 1], points[:, 2]
    a, b = up[0] / np.hypot(*up), up[1] / np.hypot(*up)
    return np.stack([x, b * y - a * z, a * y + b * z], axis=1).astype(np.float32)
