"""The LightningDataModule of ScanNet v2."""

from __future__ import annotations

from collections.abc import Sequence

from bscnet.clouds.reading import Reading
from bscnet.data.datamodule import ScanDataModule
from bscnet.data.dataset import EvalDataset, TrainDataset
from bscnet.datasets.scannet.check import check, splits_here
from bscnet.datasets.scannet.classes import CLASS_NAMES, NYU40_IDS
from bscnet.datasets.scannet.reader import SPLITS, ScanNet
from bscnet.errors import InputError


class ScanNetDataModule(ScanDataModule):
    """Scenes of a folder in ScanNet's layout, 20 classes, scored at the vertices (method section 9)."""

    class_names: Sequence[str] = CLASS_NAMES
    reading = Reading(labels=NYU40_IDS)
    scan_values = ()

    def make_source(self) -> ScanNet:
        """The reader of the folder."""
        return ScanNet(self.root)

    def problems(self) -> list[str]:
        """See `ScanDataModule.problems`."""
        return check(self.root, workers=max(self.num_workers, 1), voxel_size=self.voxel_size)

    def condition(self) -> str:
        """See `ScanDataModule.condition`; says how many scenes each split has."""
        source = self.make_source()
        here = splits_here(source)
        told = [f"{split} {len(source.scenes(split))}" if split in here else f"no {split} scans" for split in SPLITS]
        return f"{self.root} is complete: {', '.join(told)}"

    def _find(self) -> tuple[TrainDataset, EvalDataset]:
        source = self.make_source()
        both = set(source.scenes("train")) & set(source.scenes("val"))
        if both:
            raise InputError(
                f"{self.root}: scene {min(both)} is in both splits/scannetv2_train.txt and splits/scannetv2_val.txt "
                f"({len(both)} such scenes), a scan that is trained on must not be scored"
            )
        return super()._find()
