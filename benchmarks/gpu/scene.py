"""The scene that is trained on: a simulated room at 5 cm, copied in the batch axis until there are enough sites."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.common.arguments import ROOMS
from benchmarks.common.rooms import ensure_rooms

VOXEL_SIZE = 0.05


@dataclass(frozen=True)
class Scene:
    """coords: (N, 4) int32. feats: (N, 3). point_to_voxel, labels: (P,)."""

    coords: Tensor
    feats: Tensor
    point_to_voxel: Tensor
    labels: Tensor

    def to(self, device: str) -> Scene:
        """The same on a device."""
        return Scene(*(tensor.to(device) for tensor in vars(self).values()))

    def copies(self, sites: int) -> Scene:
        """So many copies, as further batch entries, that there are `sites` or a few more."""
        number, size = -(-sites // len(self.coords)), len(self.coords)
        entry = torch.arange(number, dtype=torch.int32, device=self.coords.device)
        coords = self.coords.repeat(number, 1)
        coords[:, 0] = entry.repeat_interleave(size)
        rows = self.point_to_voxel.repeat(number) + size * entry.repeat_interleave(len(self.point_to_voxel))
        return replace(
            self,
            coords=coords,
            feats=self.feats.repeat(number, 1),
            point_to_voxel=rows.to(self.point_to_voxel.dtype),
            labels=self.labels.repeat(number),
        )


def room(folder: Path = ROOMS) -> Scene:
    """The validation room of `benchmarks.training`; it is simulated once."""
    from bscnet.datasets.scannet.datamodule import ScanNetDataModule

    ensure_rooms(folder)
    module = ScanNetDataModule(folder, voxel_size=VOXEL_SIZE, eval_augment=False, num_workers=0)
    module.setup("fit")
    batch = module.val_scene(0).batch
    return Scene(batch.coords, batch.feats, batch.point_to_voxel, batch.labels)


def crate(edge: int = 5) -> Scene:
    """The walls and the floor of a crate, without random numbers: a scene for a dry run."""
    axis = torch.arange(edge)
    cells = torch.cartesian_prod(axis, axis, axis)
    cells = cells[(cells[:, :2] == 0).any(1) | (cells[:, :2] == edge - 1).any(1) | (cells[:, 2] == 0)]
    rows = torch.arange(len(cells)).repeat_interleave(2)
    return Scene(
        coords=torch.cat([torch.zeros_like(cells[:, :1]), cells], dim=1).int(),
        feats=torch.sin(torch.arange(3 * len(cells))).view(-1, 3),
        point_to_voxel=rows.int(),
        labels=torch.where(rows % 7 == 0, -100, cells[rows, 2] % 4).to(torch.int16),
    )
