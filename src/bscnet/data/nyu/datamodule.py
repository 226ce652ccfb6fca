"""The LightningDataModule of NYU Depth v2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.data.datamodule import ScanDataModule, SceneView
from bscnet.data.nyu.classes import class_names
from bscnet.data.nyu.placement import FEATURES, ImagePlacement
from bscnet.data.nyu.projection import metric_points
from bscnet.data.nyu.reader import DEPTH_UNIT, NyuDepth
from bscnet.errors import InputError


class NyuDepthDataModule(ScanDataModule):
    """The images of NYU Depth v2, 40 classes; "val" is the owners' test split, scored at all pixels of the crop.

    voxel_size: downscale / 100 (see `ImagePlacement`). whole_centimetres: see `image_points`. The other options are
    those of `ScanDataModule` but for elastic distortion, which this protocol lacks (InputError).
    """

    class_names: Sequence[str] = class_names()

    def __init__(
        self,
        root: str | Path,
        voxel_size: float = 0.02,
        features: Sequence[str] = FEATURES.names,
        whole_centimetres: bool = False,
        **options: Any,
    ) -> None:
        if options.get("elastic"):
            raise InputError("elastic=true is not allowed for NYU Depth v2, whose protocol has no elastic distortion")
        super().__init__(root, voxel_size=voxel_size, features=features, **options)
        self.whole_centimetres = whole_centimetres

    def make_source(self) -> NyuDepth:
        """The reader of the two MATLAB files."""
        return NyuDepth(self.root, self.whole_centimetres)

    def make_placement(self) -> ImagePlacement:
        """The protocol of this data set."""
        return ImagePlacement(self.voxel_size, self.features)

    def view_points(self, points: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Points as the network sees them, one pixel as one centimetre: (P, 3), x right, y forward, z up.

        A point does not hold the image's mean depth, which its place in metres would take; `voxelize_scene` knows it.
        """
        x, y, z = points.T / 100
        return np.stack([x, z, -y], axis=1)

    def voxelize_scene(self, name: str) -> SceneView:
        """One image by name, placed as for evaluation, its points where the camera saw them, in metres."""
        view = super().voxelize_scene(name)
        scan = self.val_dataset.store.scan(name)
        return replace(view, points=metric_points(scan.points, scan.extra["depth"] * np.float32(DEPTH_UNIT)))
