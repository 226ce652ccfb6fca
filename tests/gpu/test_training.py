"""Training steps and validation on the simulated CUDA device, beside the same on the CPU."""

from __future__ import annotations

import copy
import os

import pytest
from torch import nn

from bscnet.data.collate import Batch
from fixtures.gpu_steps import KINDS, losses_and_gradients, module_of, part_of
from fixtures.simulated_cuda import SimulatedCuda
from fixtures.tiny_training import batch_of, fcn, unet


def check_alike(network: nn.Module, kind: str, batch: Batch, steps: int = 2) -> None:
    """A few steps on the device have the losses and the gradients of those on the CPU."""
    there = copy.deepcopy(network)
    expected, gradients = losses_and_gradients(module_of(kind, network, 3), batch, steps, "cpu")
    found, gradients_there = losses_and_gradients(module_of(kind, there, 3), batch, steps, "cuda")
    assert found[0] == pytest.approx(expected[0], rel=1e-6)
    assert found == pytest.approx(expected, rel=1e-3)
    largest = max(float(gradient.abs().max()) for gradient in gradients.values())
    for name, gradient in gradients.items():
        assert float((gradients_there[name] - gradient).abs().max()) < 1e-5 * largest, name


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", [unet, fcn])
def test_every_kind_of_network_trains_as_on_the_cpu(gpu: SimulatedCuda, family: type, kind: str) -> None:
    check_alike(family(*KINDS[kind], m=8), kind, batch_of([3, 4]))


@pytest.mark.parametrize("style", ["react", "bireal"])
@pytest.mark.parametrize("kind", ["real", "shifted"])
def test_every_style_of_layers_trains_as_on_the_cpu(gpu: SimulatedCuda, kind: str, style: str) -> None:
    check_alike(unet(*KINDS[kind], m=8, layer_style=style), kind, batch_of([3, 4]))


@pytest.mark.skipif(os.environ.get("TRITON_INTERPRET") != "1", reason="Triton's interpreter is off")
def test_the_kernels_train_as_the_cpu_does(device: SimulatedCuda) -> None:
    check_alike(unet(*KINDS["shifted"], m=4), "shifted", part_of(batch_of([3]), 30), steps=1)
    assert device.now.kernels.total() > 100 and not device.now.plain_bodies
