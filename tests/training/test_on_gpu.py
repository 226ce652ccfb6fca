"""A stage on a simulated GPU: what it asks of the device in a step, beside the network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from pytorch_lightning.callbacks import Callback
from torch import nn

from bscnet.nn import binary_weights
from bscnet.runs.checkpoint import read_checkpoint
from bscnet.sparse import SparseTensor
from bscnet.training.random_state import capture, restore
from bscnet.training.segmentation import constrain_latent_weights
from fixtures.simulated_cuda import SimulatedCuda, simulated_cuda
from fixtures.simulated_cuda.counts import Counts
from fixtures.tiny_training import TinyData, spec, train, unet


@pytest.fixture
def device() -> Iterator[SimulatedCuda]:
    with simulated_cuda() as found:
        yield found


class _Linear(nn.Module):
    """Labels a voxel by its own features alone, so that the device does little beside the training itself."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Linear(3, 3)

    def forward(self, x: SparseTensor) -> torch.Tensor:
        return self.layer(x.feats)  # type: ignore[no-any-return]


class _Steps(Callback):
    """Counts each step by itself, without what is logged after it."""

    def __init__(self, device: SimulatedCuda) -> None:
        self.device, self.counts = device, list[Counts]()

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        self._phase = self.device.phase(f"step {len(self.counts)}")
        self.counts.append(self._phase.__enter__())

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        self._phase.__exit__(None, None, None)


def trained(directory: Path, accelerator: str, **options: Any) -> dict[str, torch.Tensor]:
    train(
        _Linear(), spec(epochs=3), TinyData(), directory,
        trainer={"accelerator": accelerator, "devices": 1, "log_every_n_steps": 2}, **options,
    )  # fmt: skip
    state: dict[str, torch.Tensor] = read_checkpoint(directory / "checkpoints" / "last.ckpt")["state_dict"]
    return state


def test_no_step_waits_for_the_device_but_where_its_sites_are_found(device: SimulatedCuda, tmp_path: Path) -> None:
    steps = _Steps(device)
    found = trained(tmp_path / "gpu", "gpu", callbacks=[steps])
    assert len(steps.counts) == 6
    for counts in steps.counts:
        assert not [place for place in counts.waits if not place[1].startswith("sparse/")]
        assert counts.launches["_fused_adam_"] == 1
    expected = trained(tmp_path / "cpu", "cpu")
    assert all(torch.allclose(found[name], value, atol=1e-5) for name, value in expected.items())


def test_latent_weights_are_clipped_in_two_launches(device: SimulatedCuda) -> None:
    network = unet("a1w1", "shifted").to("cuda")
    weights = list(binary_weights(network))
    for weight in weights:
        weight.data.mul_(20)
    with device.phase("clip") as counts:
        constrain_latent_weights(network, clip=True, center=False)
    assert counts.launches.total() == 2
    assert len(weights) > 3 and all(weight.abs().max().item() == 1 for weight in weights)


def test_the_generator_of_the_device_is_captured_and_restored(device: SimulatedCuda) -> None:
    state = capture(torch.device("cuda:0"))
    first = torch.rand(3, device="cuda").tolist()
    assert torch.rand(3, device="cuda").tolist() != first
    restore(state, torch.device("cuda:0"))
    assert torch.rand(3, device="cuda").tolist() == first
