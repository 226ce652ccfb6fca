"""Test-time augmentation: scored scenes placed several times, their scores summed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from bscnet.data.augment import eval_rng
from bscnet.datasets.scannet.datamodule import ScanNetDataModule
from bscnet.sparse import SparseTensor
from bscnet.training.segmentation import SegmentationModule
from fixtures.scannet_files import write_root


class FromCoordinates(nn.Module):
    """Scores that differ between placements: functions of a voxel's coordinates and features."""

    def forward(self, voxels: SparseTensor) -> Tensor:
        xyz = voxels.coords[:, 1:].float()
        return torch.cat([torch.sin(xyz * (1 + k)) + voxels.feats for k in range(7)], dim=1)[:, :20]


def scorer() -> SegmentationModule:
    return SegmentationModule(FromCoordinates(), 20, [f"c{i}" for i in range(20)])


def test_scores_are_summed_over_the_placements(tmp_path: Path) -> None:
    root = write_root(tmp_path, train=1, val=3)
    module = ScanNetDataModule(root, voxel_size=0.1, num_workers=0, seed=5, val_reps=3, eval_batch_size=2)
    batches = list(module.val_dataloader())
    assert [batch.repeats for batch in batches] == [3, 3] and [len(batch.scenes) for batch in batches] == [2, 1]
    for batch in batches:
        assert len(batch.point_to_voxel) == 3 * len(batch.labels)
        assert int(batch.coords[:, 0].max()) == 3 * len(batch.scenes) - 1
        found = scorer()(batch).numpy()
        wanted = np.concatenate([summed_by_hand(module, scene) for scene in batch.scenes])
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-5)


def summed_by_hand(module: ScanNetDataModule, scene: str) -> np.ndarray:
    scan = module.val_dataset.store.scan(scene)
    total = np.zeros((len(scan.points), 20), np.float32)
    for repeat in range(3):
        voxels = module.make_placement().evaluation(scan, eval_rng(5, scene, repeat)).voxels
        coords = np.concatenate([np.zeros((len(voxels.coords), 1), np.int32), voxels.coords], axis=1)
        sites = SparseTensor(torch.from_numpy(voxels.feats), torch.from_numpy(coords))
        total += FromCoordinates()(sites).numpy()[voxels.point_to_voxel]
    return total


def test_the_first_placement_is_that_of_an_evaluation_without_repeats(tmp_path: Path) -> None:
    root = write_root(tmp_path, train=1, val=1)
    once, thrice = (ScanNetDataModule(root, 0.1, num_workers=0, val_reps=reps) for reps in (1, 3))
    one, three = once.val_scene(0).batch, next(iter(thrice.val_dataloader()))
    count = len(one.coords)
    assert torch.equal(one.coords, three.coords[:count]) and torch.equal(one.feats, three.feats[:count])
    assert not torch.equal(three.coords[:count, 1:], three.coords[three.coords[:, 0] == 1, 1:])
    assert torch.equal(thrice.val_scene(0).batch.coords, one.coords)


def test_repeats_come_from_the_cache_as_they_went_in(tmp_path: Path) -> None:
    root = write_root(tmp_path / "data", train=1, val=2)
    batches = []
    for cache in (None, tmp_path / "cache", tmp_path / "cache"):
        module = ScanNetDataModule(root, 0.1, num_workers=0, val_reps=2, cache_dir=cache)
        batches.append(next(iter(module.val_dataloader())))
    for other in batches[1:]:
        assert torch.equal(other.coords, batches[0].coords) and torch.equal(other.feats, batches[0].feats)
        assert torch.equal(other.point_to_voxel, batches[0].point_to_voxel)


def test_without_randomness_one_placement_is_enough(tmp_path: Path) -> None:
    root = write_root(tmp_path, train=1, val=1)
    module = ScanNetDataModule(root, 0.1, num_workers=0, val_reps=3, eval_augment=False)
    assert next(iter(module.val_dataloader())).repeats == 1
