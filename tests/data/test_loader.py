"""The scene loader where its start method is not the platform's."""

from __future__ import annotations

from pathlib import Path

from joblib import Parallel, delayed

from bscnet.data import ScanNetDataModule
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
