"""Reading, augmenting and voxelizing scans, and the LightningDataModules that serve them.

Names are loaded on first use: the label tables and the simulator need neither torch nor Lightning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bscnet.lazy import lazy_names

if TYPE_CHECKING:
    from bscnet.data.collate import Batch
    from bscnet.data.datamodule import ScanDataModule, SceneView
    from bscnet.data.labels import CLASS_NAMES, IGNORE_LABEL, NUM_CLASSES
    from bscnet.data.rooms import RoomsDataModule

__all__ = [
    "CLASS_NAMES",
    "IGNORE_LABEL",
    "NUM_CLASSES",
    "Batch",
    "RoomsDataModule",
    "ScanDataModule",
    "SceneView",
]

_MODULE_OF = {
    "CLASS_NAMES": "labels",
    "IGNORE_LABEL": "labels",
    "NUM_CLASSES": "labels",
    "Batch": "collate",
    "RoomsDataModule": "rooms",
    "ScanDataModule": "datamodule",
    "SceneView": "datamodule",
}

__getattr__ = lazy_names(__name__, _MODULE_OF)
