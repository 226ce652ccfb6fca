"""The scenes: a simulated room and a real cloud, voxelized, as arrays that a process reads by itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.common.rooms import fine_room

COUNTED_OFFSETS = 5  # edge of the cube of offsets whose pairs are counted


@dataclass(frozen=True)
class Scene:
    """A cloud (`room` or `motorcycle`) at a voxel size in metres."""

    cloud: str
    voxel_size: float

    @property
    def name(self) -> str:
        """For rows and files."""
        return f"{self.cloud} {100 * self.voxel_size:g} cm"


SCENES = (Scene("room", 0.05), Scene("room", 0.02), Scene("motorcycle", 0.02))
QUICK_SCENES = (Scene("room", 0.2), Scene("room", 0.1), Scene("motorcycle", 0.1))


def prepare_scene(scene: Scene, folder: Path, file: Path) -> dict[str, Any]:
    """Voxelize the scene into `file` (coords (N, 4) int32, feats (N, 3) float32); what the report says of it.

    `pairs` are the pairs of sites at each offset of a 5x5x5 cube, x fastest. InputError, PackageUnavailableError: the
    real cloud cannot be had.
    """
    from bscnet.data.voxelize import voxelize

    points, colors = scan_of(scene.cloud, folder)
    voxels = voxelize(points.astype(np.float64) / scene.voxel_size, colors.astype(np.float32) / 127.5 - 1)
    coords = np.zeros((len(voxels.coords), 4), dtype=np.int32)
    coords[:, 1:] = voxels.coords
    np.savez(file, coords=coords, feats=voxels.feats)
    pairs = count_pairs(coords)
    return {
        "scene": scene.name,
        "voxel_size": scene.voxel_size,
        "simulated": scene.cloud == "room",
        "points": len(points),
        "sites": len(coords),
        "neighbours": sum(pairs[i] for i in inner_cells()) / len(coords),
        "pairs": pairs,
    }


def scan_of(cloud: str, folder: Path) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.uint8]]:
    """Points in metres and colours of a scene's cloud; the folder keeps the room.

    Raises:
        InputError, PackageUnavailableError: the real cloud cannot be had.
    """
    from bscnet.datasets.real.clouds import CLOUDS

    if cloud == "room":
        return fine_room(folder)
    real = CLOUDS[cloud](None)
    assert real.colors is not None
    return real.points, real.colors


def count_pairs(coords: npt.NDArray[np.int32]) -> list[int]:
    """Pairs of sites at each offset of a 5x5x5 cube."""
    import torch

    from bscnet.sparse.torch import TorchSites

    return [int(n) for n in TorchSites(torch.from_numpy(coords)).table(COUNTED_OFFSETS).counts]


def inner_cells() -> list[int]:
    """Places of the offsets -1..1 in a 5x5x5 cube whose x runs fastest."""
    return [25 * z + 5 * y + x for z in (1, 2, 3) for y in (1, 2, 3) for x in (1, 2, 3)]
