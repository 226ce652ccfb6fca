"""The scenes that cases train on, as arrays that a process reads without the data pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.common.rooms import ensure_rooms
from benchmarks.runtime.growth import rooms
from benchmarks.runtime.scenes import count_pairs, inner_cells

FIELDS = ("coords", "feats", "point_to_voxel", "labels")
CLASSES = 20
Scene = dict[str, Tensor]
"""The tensors of FIELDS."""


def prepare_scene(folder: Path, voxel_size: float, file: Path) -> dict[str, Any]:
    """Voxelize the first validation scene of a ScanNet-layout folder into `file`; returns what the report says of it.

    A folder without split lists is filled with simulated rooms of the default size first, once. `pairs` are the pairs
    of sites at each offset of a 5x5x5 cube, x fastest.
    """
    from bscnet.datasets.scannet.datamodule import ScanNetDataModule

    ensure_rooms(folder)
    module = ScanNetDataModule(folder, voxel_size=voxel_size, eval_augment=False, num_workers=0)
    module.setup("fit")
    batch = module.val_scene(0).batch
    np.savez(file, **{name: getattr(batch, name).numpy() for name in FIELDS})
    sites, pairs = len(batch.coords), count_pairs(batch.coords.numpy())
    return {
        "scene": batch.scenes[0],
        "simulated": (folder / "simulated.json").is_file(),
        "voxel_size": voxel_size,
        "sites": sites,
        "neighbours": sum(pairs[cell] for cell in inner_cells()) / sites,
        "pairs": pairs,
    }


def prepare_rooms(sites: int, file: Path) -> None:
    """Synthetic rooms side by side with so many sites in `file`, a point a voxel, with made-up colours and labels."""
    rng = np.random.default_rng(1)
    np.savez(
        file,
        coords=rooms(sites),
        feats=rng.uniform(-1, 1, (sites, 3)).astype(np.float32),
        point_to_voxel=np.arange(sites),
        labels=rng.integers(0, CLASSES, sites),
    )


def first_sites(scene: Scene, sites: int) -> Scene:
    """A scene's first sites, a point a voxel."""
    coords = scene["coords"][:sites]
    points = torch.arange(len(coords))
    labels = scene["labels"].new_zeros(len(coords))
    return {"coords": coords, "feats": scene["feats"][:sites], "point_to_voxel": points, "labels": labels}
