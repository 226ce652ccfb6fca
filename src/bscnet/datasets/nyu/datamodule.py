"""The LightningDataModule of NYU Depth v2."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.clouds.reading import Reading
from bscnet.data.datamodule import ScanDataModule
from bscnet.data.scan import Scan
from bscnet.datasets.nyu.classes import NYU40_IDS, class_names
from bscnet.datasets.nyu.placement import FEATURES, ImagePlacement
from bscnet.datasets.nyu.projection import metric_points
from bscnet.datasets.nyu.reader import DEPTH_UNIT, NUM_IMAGES, NyuDepth, check
from bscnet.errors import InputError


class NyuDepthDataModule(ScanDataModule):
    """The images of NYU Depth v2, 40 classes; "val" is the owners' test split, scored at all pixels of the crop.

    voxel_size: downscale / 100 (see `ImagePlacement`). whole_centimetres: see `image_points`. The other options are
    those of `ScanDataModule` but for `augmentations` and `eval_offset`, which this protocol lacks (InputError).
    """

    class_names: Sequence[str] = class_names()
    reading = Reading(colors="255", labels=NYU40_IDS)
    scan_values = ("depth",)
    single_view = True

    def __init__(
        self,
        root: str | Path,
        voxel_size: float = 0.02,
        features: Sequence[str] = FEATURES.names,
        whole_centimetres: bool = False,
        **options: Any,
    ) -> None:
        if options.get("eval_offset"):
            raise InputError(
                "eval_offset=true is not allowed for NYU Depth v2, whose protocol has no further offset in evaluation"
            )
        if options.get("augmentations") is not None:
            raise InputError(
                "a list of augmentations is not for NYU Depth v2, whose protocol has its own: augmentation=protocol"
            )
        super().__init__(root, voxel_size=voxel_size, features=features, **options)
        self.whole_centimetres = whole_centimetres

    def make_source(self) -> NyuDepth:
        """The reader of the two MATLAB files."""
        return NyuDepth(self.root, self.whole_centimetres)

    def make_placement(self) -> ImagePlacement:
        """The protocol of this data set."""
        return ImagePlacement(self.voxel_size, self.features)

    def takes_clouds(self) -> bool:
        """No: scans are placed in pixels and centimetres, as no cloud's file is."""
        return False

    def view_points(self, scan: Scan) -> npt.NDArray[np.float32]:
        """Where the camera saw the pixels: (P, 3), metres, x right, y forward, z up."""
        return metric_points(scan.points, scan.extra["depth"] * np.float32(DEPTH_UNIT))

    def problems(self) -> list[str]:
        """One sentence for each missing or damaged file or image; reads every image."""
        return check(self.root)

    def condition(self) -> str:
        """See `ScanDataModule.condition`; says how many images there are, and how many there should be."""
        source = self.make_source()
        count = source.labeled.count()
        told = f"{count} images, " + ", ".join(f"{split} {len(source.scenes(split))}" for split in ("train", "val"))
        if count == NUM_IMAGES:
            return f"{self.root} is complete: {told}"
        return f"{self.root} is sound: {told}, but the owners' file has {NUM_IMAGES} images"
