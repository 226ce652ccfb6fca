"""The LightningDataModule of ScanNet v2."""

from __future__ import annotations

from collections.abc import Sequence

from bscnet.data.datamodule import ScanDataModule
from bscnet.data.scannet.check import check
from bscnet.data.scannet.classes import CLASS_NAMES
from bscnet.data.scannet.reader import ScanNet


class ScanNetDataModule(ScanDataModule):
    """Scenes of a folder in ScanNet's layout, 20 classes, scored at the vertices (method section 9)."""

    class_names: Sequence[str] = CLASS_NAMES

    def make_source(self) -> ScanNet:
        """The reader of the folder."""
        return ScanNet(self.root)

    def problems(self) -> list[str]:
        """See `ScanDataModule.problems`."""
        return check(self.root, workers=max(self.num_workers, 1))
