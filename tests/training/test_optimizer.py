from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from bscnet.runs.checkpoint import read_checkpoint
from bscnet.settings.optimizer import OptimizerSettings
from bscnet.training.optimizer import make_optimizer
from fixtures.tiny_training import TinyData, fcn, spec, train


def optimizer_of(network: nn.Module, fused: bool = True, name: str = "adam", **options: Any) -> torch.optim.Optimizer:
    given = OptimizerSettings(name=name, weight_decay=0.1, further=options)  # type: ignore[arg-type]
    return make_optimizer(given, [{"params": list(network.parameters())}], lr=1e-2, fused=fused)


def step(network: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad()
    network(torch.linspace(-1, 1, 6).view(2, 3).to(next(network.parameters()).dtype)).square().sum().backward()
    optimizer.step()


@pytest.mark.parametrize(
    "name, kind, options",
    [
        ("adam", torch.optim.Adam, {"betas": [0.8, 0.9], "eps": 1e-6}),
        ("adamw", torch.optim.AdamW, {"amsgrad": True}),
        ("sgd", torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
    ],
)
def test_each_name_is_torchs_own_class_with_its_options(name: str, kind: type, options: dict[str, Any]) -> None:
    network = nn.Linear(3, 2)
    own = optimizer_of(network, name=name, **options)
    assert type(own) is kind and own.param_groups[0]["fused"] is True
    twin = copy.deepcopy(network)
    torchs = kind(twin.parameters(), lr=1e-2, weight_decay=0.1, **options)
    for _ in range(3):
        step(network, own)
        step(twin, torchs)
    torch.testing.assert_close(network.weight, twin.weight, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    "dtype, fused", [(torch.float32, True), (torch.float64, True), (torch.bfloat16, None), (torch.float32, None)]
)
def test_fused_where_it_serves(dtype: torch.dtype, fused: bool | None) -> None:
    wanted = fused is True or dtype == torch.bfloat16
    assert optimizer_of(nn.Linear(3, 2).to(dtype), wanted).param_groups[0]["fused"] is fused


@pytest.mark.parametrize("before, after", [(True, False), (False, True), (True, True)])
def test_a_loaded_state_keeps_the_implementation_and_goes_on(before: bool, after: bool) -> None:
    """As a run does that was never interrupted, whichever implementation took the steps so far."""
    network = nn.Linear(3, 2)
    optimizer = optimizer_of(network, before)
    step(network, optimizer)
    resumed = copy.deepcopy(network)
    other = optimizer_of(resumed, after)
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    assert other.param_groups[0]["fused"] is (True if after else None)
    step(network, optimizer)
    step(resumed, other)
    assert other.state[resumed.weight]["step"] == 2
    torch.testing.assert_close(resumed.weight, network.weight, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    "options, fused",
    [
        ({}, True),
        ({"gradient_clip_val": 0.5}, True),
        ({"precision": "bf16-mixed"}, True),
        ({"gradient_clip_val": 0.5, "precision": "bf16-mixed"}, None),
    ],
)
def test_gradients_are_clipped_in_any_precision(tmp_path: Path, options: dict[str, Any], fused: bool | None) -> None:
    """Lightning clips no gradients of a fused optimizer under mixed precision."""
    kwargs = {"accelerator": "cpu", "devices": 1, **options}
    outcome = train(fcn(), spec(epochs=1), TinyData(steps=1, val_scenes=1), tmp_path, trainer=kwargs)
    (state,) = read_checkpoint(outcome.checkpoint)["optimizer_states"]
    assert state["param_groups"][0]["fused"] is fused
