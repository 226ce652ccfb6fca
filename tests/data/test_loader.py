"""The scene loader where its start method is not the platform's."""

from __future__ import annotations

from pathlib import Path

import pytest
from joblib import Parallel, delayed

from bscnet.data.cores import available_cores
from bscnet.datasets.scannet.datamodule import ScanNetDataModule
from fixtures.scannet_files import write_root


def scenes_of_an_epoch(root: Path) -> list[str]:
    """Names in the order that two loading processes deliver them."""
    module = ScanNetDataModule(root, voxel_size=0.2, num_workers=2, batch_size=2)
    module.setup("fit")
    return [name for batch in module.train_dataloader() for name in batch.scenes]


def test_loading_processes_start_inside_a_joblib_worker(tmp_path: Path) -> None:
    root = write_root(tmp_path, train=3, val=1)
    orders = Parallel(n_jobs=2)(delayed(scenes_of_an_epoch)(root) for _ in range(2))
    assert sorted(orders[0]) == ["scene0000_00", "scene0001_00", "scene0002_00"]
    assert orders[0] == orders[1]


def test_more_processes_than_cores_are_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    root, asked = write_root(tmp_path, train=1, val=1), available_cores() + 3
    module = ScanNetDataModule(root, voxel_size=0.2, num_workers=asked)
    loaders = [module.train_dataloader(), module.val_dataloader()]
    assert [loader.num_workers for loader in loaders] == [asked] * 2
    (line,) = [record.getMessage() for record in caplog.records if "num_workers" in record.getMessage()]
    assert line.startswith(f"num_workers={asked} is more than the {available_cores()} core")
