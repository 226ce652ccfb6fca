"""Real scans from public packages as data sets: lidar sites cut into folds, and single views of one sensor.

None is an indoor room with labels, so none stands in for ScanNet, and no accuracy on them compares with ScanNet's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bscnet.lazy import lazy_names

if TYPE_CHECKING:
    from bscnet.data.real.datamodule import RealLidarDataModule, SingleCloudDataModule

__all__ = ["RealLidarDataModule", "SingleCloudDataModule"]

__getattr__ = lazy_names(__name__, dict.fromkeys(__all__, "datamodule"))
