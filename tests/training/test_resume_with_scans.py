from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from pytorch_lightning.callbacks import Callback

from bscnet.datasets.scannet.datamodule import ScanNetDataModule
from bscnet.models import UNet
from bscnet.runs.checkpoint import read_checkpoint
from fixtures.scannet_files import write_root
from fixtures.tiny_training import factory, spec, train


class _Stop(Callback):
    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if trainer.current_epoch == 2:
            raise RuntimeError("stopped")


def trained(root: Path, directory: Path, workers: int, **options: Any) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    network = UNet(3, 20, 4, 1, 1, factory("a1w1", "shifted"))
    data = ScanNetDataModule(root, voxel_size=0.2, batch_size=2, num_workers=workers)
    train(network, spec("a1w1", "shifted", epochs=4), data, directory, **options)
    state: dict[str, torch.Tensor] = read_checkpoint(directory / "checkpoints" / "last.ckpt")["state_dict"]
    return state


def test_scans_are_drawn_and_augmented_after_a_resume_as_without_one(tmp_path: Path) -> None:
    """Also when the loading processes start on other scenes than the first epoch's, or there are none at all."""
    root = write_root(tmp_path / "scannet", train=5, val=2)
    whole = trained(root, tmp_path / "whole", workers=0)
    with pytest.raises(RuntimeError, match="stopped"):
        trained(root, tmp_path / "parts", workers=1, callbacks=[_Stop()])
    resumed = trained(root, tmp_path / "parts", workers=1, resume=True)
    assert all(torch.equal(resumed[key], value) for key, value in whole.items())
