"""Reading, augmenting and voxelizing scans, and the LightningDataModules that serve them.

Names are loaded on first use: the readers and the simulator need neither torch nor Lightning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bscnet.lazy import lazy_names

if TYPE_CHECKING:
    from bscnet.data.collate import Batch
    from bscnet.data.datamodule import ScanDataModule, SceneView
    from bscnet.data.scannet.datamodule import ScanNetDataModule
    from bscnet.data.simulate.datamodule import RoomsDataModule

__all__ = ["Batch", "RoomsDataModule", "ScanDataModule", "ScanNetDataModule", "SceneView"]

_MODULE_OF = {
    "Batch": "collate",
    "RoomsDataModule": "simulate.datamodule",
    "ScanDataModule": "datamodule",
    "ScanNetDataModule": "scannet.datamodule",
    "SceneView": "datamodule",
}

__getattr__ = lazy_names(__name__, _MODULE_OF)
