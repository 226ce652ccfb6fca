"""A chain that trains on the simulated CUDA device, and what is done with it there and on a machine without a GPU."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pytorch_lightning.callbacks import Callback

from bscnet import cli, runtime
from bscnet.datasets.scannet.datamodule import ScanNetDataModule
from bscnet.evaluation import scene_pages
from bscnet.models import UNet
from bscnet.runs.checkpoint import read_checkpoint
from fixtures.gpu_engines import engine
from fixtures.scannet_files import write_root
from fixtures.simulated_cuda import SimulatedCuda, simulated_cuda
from fixtures.tiny_chain import trained_chain
from fixtures.tiny_training import TinyData, factory, spec, train, unet


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished chain of three stages, searched shifts and all."""
    folder = tmp_path_factory.mktemp("gpu")
    root = write_root(folder / "scenes", train=2, val=2, points=300)
    with simulated_cuda() as device, engine("tiles", device):
        found = trained_chain(root, folder / "runs", "recipe.epochs=3", "method.G=2", "trainer=gpu")
        waits = {place for _, place in device.now.waits}
    assert any(place.startswith("sparse/tiles/") for place in waits), "the chain was not trained on the device"
    return found


@pytest.fixture
def without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scene_pages, "write_picture", lambda path, scene, title: path)


def scores(chain: Path, output: Path, *overrides: str) -> dict[str, Any]:
    assert cli.main(["evaluate", str(chain), "-o", str(output), *overrides]) == 0
    found: dict[str, Any] = json.loads(output.read_text())
    return found


def test_a_chain_is_evaluated_on_the_device_as_on_the_cpu(chain: Path, gpu: SimulatedCuda, tmp_path: Path) -> None:
    there = scores(chain, tmp_path / "there.json", "data.val_reps=2")
    assert gpu.now.to_host.total() > 0
    here = scores(chain, tmp_path / "here.json", "data.val_reps=2", "trainer.accelerator=cpu")
    assert np.abs(np.array(there["confusion"]) - np.array(here["confusion"])).sum() <= 4


def test_a_chain_is_shown_on_the_device(
    chain: Path, gpu: SimulatedCuda, tmp_path: Path, without_pictures: None
) -> None:
    assert cli.main(["show", str(chain), "--scene", "scene1000_00", "-o", str(tmp_path)]) == 0
    assert "bsc_net stage 3 (a1w1)" in (tmp_path / "scene1000_00.html").read_text(encoding="utf-8")
    assert gpu.now.to_host.total() > 0


def test_a_chain_of_a_gpu_is_used_where_there_is_none(chain: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    assert cli.main(["export", str(chain), "-o", str(path)]) == 0
    assert runtime.load(path).description["precision"] == "a1w1"
    assert scores(chain, tmp_path / "scores.json", "trainer.accelerator=cpu")["split"] == "val"


def test_a_checkpoint_of_a_gpu_is_exported_on_it(chain: Path, gpu: SimulatedCuda, tmp_path: Path) -> None:
    assert cli.main(["export", str(chain), "-o", str(tmp_path / "model.safetensors")]) == 0


class _Stop(Callback):
    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if trainer.current_epoch == 1:
            raise RuntimeError("stopped")


def trained(directory: Path, **options: Any) -> dict[str, torch.Tensor]:
    network = unet("a1w32", "composite", relax="gumbel_softmax")
    train(
        network,
        spec("a1w32", "composite", epochs=3),
        TinyData(val_scenes=1),
        directory,
        trainer={"accelerator": "gpu", "devices": 1},
        **options,
    )
    state: dict[str, torch.Tensor] = read_checkpoint(directory / "checkpoints" / "last.ckpt")["state_dict"]
    return state


def test_a_resumed_search_draws_the_noise_of_an_uninterrupted_one(device: SimulatedCuda, tmp_path: Path) -> None:
    with engine("torch", device):
        whole = trained(tmp_path / "whole")
        with pytest.raises(RuntimeError, match="stopped"):
            trained(tmp_path / "parts", callbacks=[_Stop()])
        resumed = trained(tmp_path / "parts", resume=True)
    assert all(torch.equal(resumed[name], value) for name, value in whole.items())


def test_loading_processes_make_no_kernel_maps_for_the_device_and_pin_their_batches(
    gpu: SimulatedCuda, tmp_path: Path
) -> None:
    root = write_root(tmp_path / "scannet", train=3, val=1, points=300)
    torch.manual_seed(0)
    network = UNet(3, 20, 4, 1, 1, factory("a1w1", "shifted"))
    data = ScanNetDataModule(root, voxel_size=0.2, batch_size=2, num_workers=1)
    options = {"accelerator": "gpu", "devices": 1}
    train(network, spec("a1w1", "shifted", epochs=2), data, tmp_path / "stage", trainer=options)
    assert gpu.pinned > 0
    assert not [place for reason, place in gpu.now.waits if reason == "copy to device" and "collate" in place]
