"""The one scene that every case trains on, as arrays that a process reads without the data pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common.rooms import ensure_rooms

FIELDS = ("coords", "feats", "point_to_voxel", "labels")


def prepare_scene(folder: Path, voxel_size: float, file: Path) -> dict[str, Any]:
    """Voxelize the first validation scene of a ScanNet-layout folder into `file`; returns what the report says of it.

    A folder without split lists is filled with simulated rooms of the default size first, once.
    """
    from bscnet.datasets.scannet.datamodule import ScanNetDataModule
    from bscnet.sparse.torch import TorchSites

    ensure_rooms(folder)
    module = ScanNetDataModule(folder, voxel_size=voxel_size, eval_augment=False, num_workers=0)
    module.setup("fit")
    batch = module.val_scene(0).batch
    np.savez(file, **{name: getattr(batch, name).numpy() for name in FIELDS})
    sites = len(batch.coords)
    return {
        "scene": batch.scenes[0],
        "simulated": (folder / "simulated.json").is_file(),
        "voxel_size": voxel_size,
        "sites": sites,
        "neighbours": float(TorchSites(batch.coords).table(3).counts.sum()) / sites,
    }
