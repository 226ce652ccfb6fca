"""A data set and networks small enough to train in a test: boxes of voxels whose class follows from where they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch

from bscnet.data.collate import Batch
from bscnet.models import FCN, LayerFactory, UNet
from bscnet.training.stage import StageSpec

CLASSES = ("low", "left", "right")


def scene(seed: int, sites: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(coords (N, 3), feats (N, 3), point_to_voxel (P,), labels (P,)), a tenth of the labels ignored."""
    rng = np.random.default_rng(seed)
    cells = np.stack(np.unravel_index(rng.choice(8 * 8 * 4, sites, replace=False), (8, 8, 4)), axis=1)
    labels = np.where(cells[:, 2] == 0, 0, np.where(cells[:, 0] < 4, 1, 2))
    feats = np.eye(3)[labels] + rng.normal(0, 0.7, (sites, 3))
    points = rng.integers(0, sites, 2 * sites)
    truth = labels[points]
    truth[rng.random(len(points)) < 0.1] = -100
    return cells, feats.astype(np.float32), points, truth


def batch_of(seeds: list[int]) -> Batch:
    """Scenes side by side."""
    coords, feats, rows, labels, start = [], [], [], [], 0
    for b, seed in enumerate(seeds):
        xyz, f, p, t = scene(seed)
        coords.append(np.concatenate([np.full((len(xyz), 1), b), xyz], axis=1))
        feats.append(f)
        rows.append(p + start)
        labels.append(t)
        start += len(xyz)
    return Batch(
        coords=torch.from_numpy(np.concatenate(coords)).int(),
        feats=torch.from_numpy(np.concatenate(feats)),
        point_to_voxel=torch.from_numpy(np.concatenate(rows)),
        labels=torch.from_numpy(np.concatenate(labels)),
        scenes=[f"scene{seed}" for seed in seeds],
        points_per_scene=[len(t) for t in labels],
        dropped_per_scene=[0 for _ in labels],
    )


class _Epoch:
    """The sampler that the Trainer tells the epoch."""

    def __init__(self) -> None:
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch


class _Loader:
    """Batches that are a function of the seeds and, for training, of the epoch."""

    batch_sampler = None

    def __init__(self, seeds: list[list[int]], per_epoch: int = 0) -> None:
        self.seeds, self.per_epoch = seeds, per_epoch
        self.sampler = _Epoch()

    def __len__(self) -> int:
        return len(self.seeds)

    def __iter__(self) -> Iterator[Batch]:
        offset = self.per_epoch * self.sampler.epoch
        for seeds in self.seeds:
            yield batch_of([seed + offset for seed in seeds])


class TinyData(pl.LightningDataModule):
    """A training epoch is `steps` batches of two scenes, other ones in every epoch; `val_scenes` are always the same.

    With several processes each gets training batches of its own, and every second validation scene: an odd number of
    them leaves the processes with different numbers of batches.
    """

    num_classes, in_channels, class_names = 3, 3, CLASSES

    def __init__(self, steps: int = 2, val_scenes: int = 3, seed: int = 1) -> None:
        super().__init__()
        self.steps, self.val_scenes, self.seed = steps, val_scenes, seed

    def train_dataloader(self) -> Any:
        first = self.seed + 1000 * self._place()[0]
        return _Loader([[first + 2 * i, first + 2 * i + 1] for i in range(self.steps)], per_epoch=10_000)

    def val_dataloader(self) -> Any:
        rank, world_size = self._place()
        return _Loader([[77 + i] for i in range(rank, self.val_scenes, world_size)])

    def _place(self) -> tuple[int, int]:
        return (0, 1) if self.trainer is None else (self.trainer.global_rank, self.trainer.world_size)


def factory(precision: str = "a32w32", conv: str = "plain", **options: Any) -> LayerFactory:
    """Layers with two channel groups and few candidates."""
    return LayerFactory(precision=precision, conv=conv, **{"G": 2, "manual": "none", "cands": "faces7", **options})


def unet(precision: str = "a32w32", conv: str = "plain", seed: int = 0, m: int = 4, **options: Any) -> UNet:
    """A U-Net of two levels."""
    torch.manual_seed(seed)
    return UNet(3, 3, m, 1, 1, factory(precision, conv, **options))


def fcn(precision: str = "a32w32", conv: str = "plain", seed: int = 0, m: int = 4, **options: Any) -> FCN:
    """An FCN of two levels."""
    torch.manual_seed(seed)
    return FCN(3, 3, m, 1, 1, factory(precision, conv, **options))


def spec(precision: str = "a32w32", conv: str = "plain", epochs: int = 2, index: int = 1, **changes: Any) -> StageSpec:
    """A short stage."""
    values = {"name": conv, "lr": 0.01, "conf_weight": 0.1, "milestones": (1,), "gamma": 0.1, **changes}
    return StageSpec(index=index, precision=precision, conv=conv, epochs=epochs, **values)  # type: ignore[arg-type]
