"""Scenes side by side in one batch of plain tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from bscnet.data.sample import Sample
from bscnet.errors import InputError
from bscnet.sparse.prepared import PreparedMaps


@dataclass(frozen=True)
class Batch:
    """Voxels of one or more scenes, and the points they came from.

    coords: (N, 4) int32 [batch, x, y, z], unique. feats: (N, C) float32. point_to_voxel: (repeats * P,) int32, the row
    of each point's voxel. labels: (P,) int16 with -100 ignored; all of them may be ignored (no labels, or a scene that
    another rank already counts). Both are as narrow as they can be on their way to a GPU; who needs int64 widens them
    where they are used. scenes: their names. points_per_scene, dropped_per_scene: how many of the P
    points belong to each scene, and how many more fell outside the training cube. repeats: how often every scene is
    placed, for test-time augmentation; repeat r of scene s is batch entry r * len(scenes) + s. maps: kernel maps that a
    loading process has made for a backend on the CPU.
    """

    coords: Tensor
    feats: Tensor
    point_to_voxel: Tensor
    labels: Tensor
    scenes: list[str]
    points_per_scene: list[int]
    dropped_per_scene: list[int]
    repeats: int = 1
    maps: PreparedMaps | None = None

    def _map(self, change: Callable[[Tensor], Tensor], maps: PreparedMaps | None) -> Batch:
        return replace(
            self,
            maps=maps,
            coords=change(self.coords),
            feats=change(self.feats),
            point_to_voxel=change(self.point_to_voxel),
            labels=change(self.labels),
        )

    def to(self, device: torch.device | str, non_blocking: bool = False) -> Batch:
        """The same batch with its tensors on a device; prepared maps stay on the CPU, where alone they serve."""
        maps = self.maps if torch.device(device).type == "cpu" else None
        return self._map(lambda tensor: tensor.to(device, non_blocking=non_blocking), maps)

    def pin_memory(self) -> Batch:
        """The same batch in page-locked memory, for a GPU and so without prepared maps."""
        return self._map(lambda tensor: tensor.pin_memory(), None)


def collate(samples: Sequence[Sample]) -> Batch:
    """Samples in the order given, each placed equally often; the batch index is column 0 of the coordinates.

    InputError: a class id that int16 does not hold.
    """
    placed = [(sample.voxels, *sample.again) for sample in samples]
    entries = [voxels for repeat in zip(*placed, strict=True) for voxels in repeat]
    voxel_counts = [len(voxels.coords) for voxels in entries]
    starts = np.cumsum([0, *voxel_counts[:-1]])
    coords = np.empty((sum(voxel_counts), 4), dtype=np.int32)
    coords[:, 0] = np.repeat(np.arange(len(entries)), voxel_counts)
    np.concatenate([voxels.coords for voxels in entries], out=coords[:, 1:])
    rows = np.concatenate([voxels.point_to_voxel for voxels in entries], dtype=np.int32, casting="same_kind")
    rows += np.repeat(starts.astype(np.int32), [len(voxels.point_to_voxel) for voxels in entries])
    return Batch(
        coords=torch.from_numpy(coords),
        feats=torch.from_numpy(np.concatenate([voxels.feats for voxels in entries])),
        point_to_voxel=torch.from_numpy(rows),
        labels=torch.from_numpy(_narrow(np.concatenate([sample.labels for sample in samples]))),
        scenes=[sample.scene for sample in samples],
        points_per_scene=[len(sample.labels) for sample in samples],
        dropped_per_scene=[sample.dropped for sample in samples],
        repeats=len(placed[0]),
    )


def _narrow(labels: npt.NDArray[np.integer]) -> npt.NDArray[np.int16]:
    """Labels of any integer type as int16, the type that those of a `Sample` should have."""
    held = np.iinfo(np.int16)
    if labels.dtype != np.int16 and labels.size and not held.min <= labels.min() <= labels.max() <= held.max:
        raise InputError(f"class ids reach from {labels.min()} to {labels.max()}, at most {held.max} can be told apart")
    return labels.astype(np.int16, copy=False)
