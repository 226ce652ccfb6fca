"""The LightningDataModules of the real clouds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.clouds.reading import Reading
from bscnet.data.datamodule import ScanDataModule
from bscnet.data.sample import MeshPlacement, Placement
from bscnet.data.scan import Scan
from bscnet.data.source import SceneSource
from bscnet.data.transforms import Crop
from bscnet.datasets.real.files import cloud_files
from bscnet.datasets.real.lidar import MEASURED, RealLidarSource
from bscnet.datasets.real.single import VIEWS, SingleCloudSource, upright
from bscnet.errors import InputError


class OneSceneDataModule(ScanDataModule):
    """A `ScanDataModule` whose splits are parts of one cloud. cloud: its name. source: its reader."""

    def __init__(self, root: str | Path, cloud: str, source: SceneSource, **options: Any) -> None:
        super().__init__(root, **options)
        self.cloud, self.source = cloud, source

    def prepare_data(self) -> None:
        """Fetch the files, if they are not there; PackageUnavailableError if they cannot be had."""
        cloud_files(self.cloud, self.root)

    def problems(self) -> list[str]:
        """Why the files cannot be had, or nothing; fetches them if they are not there."""
        try:
            self.prepare_data()
        except InputError as error:
            return [str(error)]
        return []

    def condition(self) -> str:
        """See `ScanDataModule.condition`."""
        return f"the files of {self.cloud} in {self.root} have the right SHA-256"

    def make_source(self) -> SceneSource:
        """The one reader."""
        return self.source


class RealLidarDataModule(OneSceneDataModule):
    """One fold of a place seen by lidar; see `RealLidarSource`. The other options are those of `ScanDataModule`.

    repeats: pieces of the training part in an epoch. crop: their radius in metres, see `CroppedPlacement` (None: each
    is the whole part).
    """

    def __init__(
        self,
        root: str | Path,
        site: str = "lidar_block",
        fold: int = 0,
        gap: float = 1.0,
        building_ceiling: float | None = None,
        repeats: int = 16,
        crop: float | None = 4.0,
        features: Sequence[str] = ("intensity", "offset"),
        **options: Any,
    ) -> None:
        source = RealLidarSource(root, site, fold, gap, building_ceiling)
        super().__init__(root, site, source, repeats=repeats, features=features, **options)
        if crop is not None and not (math.isfinite(crop) and crop > 0):
            raise InputError(f"data.crop={crop} is not allowed, it must be null or a positive number of metres")
        self.crop = math.inf if crop is None else crop
        self.class_names = source.class_names
        self.reading, self.cloud_values = source.place.reading, ("intensity",)
        self.scan_values = MEASURED

    def make_placement(self) -> Placement:
        """Random pieces to train on, the whole held-out part to score."""
        pieces = (Crop(self.crop), *self.transforms)
        return MeshPlacement(self.voxel_size, self.features, pieces, eval_offset=self.eval_offset)


class SingleCloudDataModule(OneSceneDataModule):
    """One view of one sensor; see `SingleCloudSource`. Clouds without labels can only be looked at and labelled."""

    def __init__(self, root: str | Path, cloud: str, **options: Any) -> None:
        self._single = SingleCloudSource(root, cloud)
        super().__init__(root, cloud, self._single, **options)
        self.cloud_values = self.scan_values = tuple(VIEWS[cloud].reading.scale)

    @property
    def reading(self) -> Reading:  # type: ignore[override]
        """How its file is read, with the labels that the cloud's own files have; none where it has no labels."""
        return self._single.reading()

    @property
    def class_names(self) -> Sequence[str]:  # type: ignore[override]
        """Names by class id: the cloud's own, which stand in its files, or ScanNet's where it has no labels."""
        return self._single.class_names()

    @property
    def single_view(self) -> bool:  # type: ignore[override]
        """Whether the sensor looked more ahead than down."""
        return VIEWS[self.cloud].ahead

    def view_points(self, scan: Scan) -> npt.NDArray[np.float32]:
        """The points turned from the sensor's frame so that z points up."""
        return upright(scan.points, VIEWS[self.cloud].up)
