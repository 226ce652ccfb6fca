"""Seeded runs repeat to the byte, whatever the number of workers."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
import torch

from bscnet.data.collate import Batch
from bscnet.datasets.scannet.datamodule import ScanNetDataModule
from fixtures.scannet_files import make_scene, write_by_segment, write_root


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six training and four validation scenes; two of them with labels by segment."""
    root = write_root(tmp_path_factory.mktemp("scannet"), train=6, val=4, points=400, size=4.0)
    for name in ("scene0002_00", "scene1001_00"):
        write_by_segment(root, name, make_scene(int(name[5:9]), 350, 4.0))
    return root


def digest(batch: Batch) -> str:
    """Hash of all that is in a batch but the kernel maps, which follow from the coordinates."""
    hashed = hashlib.sha256()
    for name, value in sorted(vars(batch).items()):
        if name == "maps":
            continue
        part = f"{value.dtype} {tuple(value.shape)}" if isinstance(value, torch.Tensor) else repr(value)
        hashed.update(f"{name} {part};".encode())
        if isinstance(value, torch.Tensor):
            hashed.update(value.contiguous().numpy().tobytes())
    return hashed.hexdigest()


LIST = ("affine", "rotate", "elastic", "color_shift")


def digests(root: Path, workers: int, **options: Any) -> list[str]:
    """Two epochs of training batches, each with the validation batches after it."""
    settings = {
        "voxel_size": 0.1,
        "batch_size": 2,
        "augmentations": LIST,
        "mix3d": 0.5,
        "val_reps": 3,
        "seed": 4,
        **options,
    }
    module = ScanNetDataModule(root, num_workers=workers, **settings)
    train, val = module.train_dataloader(), module.val_dataloader()
    found: list[str] = []
    for epoch in range(2):
        train.sampler.set_epoch(epoch)  # type: ignore[attr-defined]
        found += [digest(batch) for batch in train]
        found += [digest(batch) for batch in val]
    return found


@pytest.mark.filterwarnings("ignore:This DataLoader will create 3 worker processes")
def test_every_byte_of_two_epochs_with_any_number_of_workers(root: Path, tmp_path: Path) -> None:
    alone = digests(root, 0)
    assert len(alone) == 2 * (3 + 4)
    assert alone[3:7] == alone[10:14]  # validation is the same in every epoch
    assert len({*alone[:3], *alone[7:10]}) == 6  # and training is not
    for workers in (1, 3):
        assert digests(root, workers) == alone
        assert digests(root, workers, cache_dir=tmp_path / str(workers)) == alone
    assert digests(root, 0, cache_dir=tmp_path / "3") == alone  # from the cache that three workers wrote


@pytest.mark.parametrize("change", [{"seed": 5}, {"augmentations": None}, {"voxel_size": 0.11}])
def test_what_changes_the_training_batches(root: Path, change: dict[str, Any]) -> None:
    assert not set(digests(root, 0)[:3]) & set(digests(root, 0, **change)[:3])


@pytest.mark.parametrize("change", [{"seed": 5}, {"val_reps": 2}, {"voxel_size": 0.11}])
def test_what_changes_the_validation_batches(root: Path, change: dict[str, Any]) -> None:
    assert not set(digests(root, 0)[3:7]) & set(digests(root, 0, **change)[3:7])
