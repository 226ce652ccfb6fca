"""Batch norm's statistics estimated anew: the means over the batches, and when that is done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from pytorch_lightning.callbacks import Callback

from bscnet.nn import SiteNorm
from bscnet.training import norms
from bscnet.training.norms import estimate_norms
from fixtures.tiny_training import TinyData, batch_of, spec, train, unet


def first_norm(network: torch.nn.Module) -> SiteNorm:
    return next(module for module in network.modules() if isinstance(module, SiteNorm))


def test_statistics_are_the_means_over_the_batches() -> None:
    network = unet("a1w32")
    seen: list[torch.Tensor] = []
    norm = first_norm(network)
    handle = norm.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0].detach()))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    norm.running_mean.fill_(7.0)
    estimate_norms(network, [batch_of([seed]) for seed in range(4)], "torch")
    handle.remove()
    torch.testing.assert_close(norm.running_mean, torch.stack([x.mean(0) for x in seen]).mean(0))
    torch.testing.assert_close(norm.running_var, torch.stack([x.var(0) for x in seen]).mean(0))
    assert norm.momentum == 0.01 and network.training
    for name, value in network.state_dict().items():
        assert "running" in name or "num_batches" in name or torch.equal(value, before[name])


class _Means(Callback):
    """The statistics at the first step."""

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        if trainer.global_step == 0:
            self.mean = first_norm(pl_module.network).running_mean.clone()


@pytest.mark.parametrize(
    "precision, conv, batches, wanted",
    [("a1w1", "plain", 2, True), ("a1w32", "plain", 2, False), ("a1w1", "plain", 0, False)],
)
def test_a_stage_of_another_precision_begins_with_new_statistics(
    tmp_path: Path, precision: str, conv: str, batches: int, wanted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = train(unet("a1w32"), spec("a1w32", epochs=1), TinyData(), tmp_path / "one")
    calls: list[int] = []

    def counted(network: Any, found: Any, backend: str) -> None:
        found = list(found)
        calls.append(len(found))
        estimate_norms(network, found, backend)

    monkeypatch.setattr(norms, "estimate_norms", counted)
    network, watch = unet(precision, conv), _Means()
    stage = spec(precision, conv, epochs=1, index=2, init="carried")
    options = {"checkpoint": first.checkpoint, "norm_batches": batches, "callbacks": [watch]}
    train(network, stage, TinyData(), tmp_path / "two", **options)
    assert calls == ([batches] if wanted else [])
    carried = torch.load(first.checkpoint, weights_only=True)["state_dict"]
    name = next(key for key in carried if key.endswith("running_mean"))
    assert torch.equal(watch.mean, carried[name]) != wanted
