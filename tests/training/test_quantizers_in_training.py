"""What quantizers ask of a stage: progress every epoch, a first batch, a term of the loss, centred weights; resume."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
import torch
from pytorch_lightning.callbacks import Callback

from bscnet.nn import QuantizedConv, binary_weights
from bscnet.quantizers import mean_abs_scale
from bscnet.runs.checkpoint import network_state, read_checkpoint
from bscnet.training.segmentation import constrain_latent_weights
from fixtures.methods import LITERATURE, layer_switches
from fixtures.tiny_training import TinyData, spec, train, unet


def of_method(method: str) -> Any:
    return unet(**layer_switches(method))


class Watch(Callback):
    """Progress and scales as each step finds them."""

    def __init__(self) -> None:
        self.progress: list[float] = []
        self.scales: list[torch.Tensor] = []

    def on_train_batch_end(self, trainer: Any, pl_module: Any, *args: Any) -> None:
        conv = pl_module.network.levels.down.conv
        self.progress.append(conv.input_quantizer.progress)
        self.scales.append(conv.weight_quantizer(conv.weight)[1].detach().clone())


class Stop(Callback):
    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        if trainer.current_epoch == 2:
            raise KeyboardInterrupt


def test_progress_rises_by_the_epoch_and_goes_on_where_a_resumed_stage_does(tmp_path: Path) -> None:
    whole, first, second = Watch(), Watch(), Watch()
    stage = spec("a1w1", epochs=4)
    train(of_method("irnet"), stage, TinyData(), tmp_path / "whole", callbacks=[whole])
    assert whole.progress == [0.0, 0.0, 0.25, 0.25, 0.5, 0.5, 0.75, 0.75]
    with pytest.raises(KeyboardInterrupt):
        train(of_method("irnet"), stage, TinyData(), tmp_path / "cut", callbacks=[first, Stop()])
    train(of_method("irnet"), stage, TinyData(), tmp_path / "cut", resume=True, callbacks=[second])
    assert first.progress + second.progress == whole.progress


@pytest.mark.parametrize("method", ["fda", "rbonn", "xnor_net"])
def test_a_resumed_stage_ends_with_the_weights_of_a_whole_one(tmp_path: Path, method: str) -> None:
    """Fading noise, stored gradients with calibrated scales, and centred weights are as if there had been no stop."""
    stage, center = spec("a1w1", epochs=3), method == "xnor_net"
    train(of_method(method), stage, TinyData(), tmp_path / "whole", center_latent=center)
    with pytest.raises(KeyboardInterrupt):
        train(of_method(method), stage, TinyData(), tmp_path / "cut", center_latent=center, callbacks=[Stop()])
    train(of_method(method), stage, TinyData(), tmp_path / "cut", center_latent=center, resume=True)
    found, expected = (
        network_state(read_checkpoint(tmp_path / run / "checkpoints" / "last.ckpt")) for run in ("cut", "whole")
    )
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert torch.equal(found[name], value), name
    if method == "rbonn":
        gradients = [value for name, value in expected.items() if name.endswith("form.gradient")]
        assert gradients and all(value.any() for value in gradients)


def test_the_first_batch_of_a_stage_calibrates_and_no_other(tmp_path: Path) -> None:
    watch, network = Watch(), of_method("bipointnet")
    train(network, spec("a1w1", epochs=2, lr=1e-9), TinyData(), tmp_path, callbacks=[watch])
    assert 0 < float(watch.scales[0][0]) < 1
    for scale in watch.scales:
        torch.testing.assert_close(scale, watch.scales[0], rtol=1e-5, atol=0)
    for module in network.modules():
        if isinstance(module, QuantizedConv) and module.weight_quantizer is not None:
            assert not module.weight_quantizer.scale.needs_calibration


def test_scales_start_at_the_magnitudes_of_the_carried_weights(tmp_path: Path) -> None:
    first = {**layer_switches("bnn_plus"), "precision": "a1w32"}
    done = train(unet(**first), spec("a1w32", epochs=1), TinyData(), tmp_path / "1")
    network = of_method("bnn_plus")
    train(network, spec("a1w1", epochs=1, lr=1e-9, index=2), TinyData(), tmp_path / "2", checkpoint=done.checkpoint)
    carried = network_state(read_checkpoint(done.checkpoint))["levels.down.conv.weight"]
    torch.testing.assert_close(
        network.levels.down.conv.weight_quantizer.scale.value.data, mean_abs_scale(carried), rtol=1e-4, atol=1e-7
    )


def rows(directory: Path) -> list[dict[str, str]]:
    with (directory / "csv" / "version_0" / "metrics.csv").open() as file:
        return list(csv.DictReader(file))


def test_the_penalty_is_added_and_logged(tmp_path: Path) -> None:
    switches = {**layer_switches("bnn_plus"), "w_penalty_weight": 1.0}
    ends = {}
    for name, weight in (("with", 1.0), ("without", 0.0)):
        network = unet(**{**switches, "w_penalty_weight": weight})
        train(network, spec("a1w1", epochs=2), TinyData(), tmp_path / name)
        ends[name] = sum(
            float((mean_abs_scale(weight) - weight.detach().abs()).abs().sum()) for weight in binary_weights(network)
        )
    logged = [float(row["train/penalty_epoch"]) for row in rows(tmp_path / "with") if row["train/penalty_epoch"]]
    assert len(logged) == 2 and logged[1] < logged[0]
    assert "train/penalty_epoch" not in rows(tmp_path / "without")[0]
    assert ends["with"] < ends["without"]


def test_latent_weights_are_centred_before_they_are_clipped() -> None:
    network = unet("a1w1")
    conv = network.levels.down.conv
    with torch.no_grad():
        conv.weight.normal_(0.4, 0.9)
    before = conv.weight.detach().clone()
    constrain_latent_weights(network, clip=True, center=True)
    expected = (before - before.mean(1, keepdim=True)).clamp(-1, 1)
    torch.testing.assert_close(conv.weight.detach(), expected)


def test_a_stage_keeps_latent_weights_centred(tmp_path: Path) -> None:
    network = of_method("xnor_net")
    train(network, spec("a1w1", epochs=1), TinyData(), tmp_path, center_latent=True, clip_latent=False)
    for weight in binary_weights(network):
        assert float(weight.detach().mean(-2).abs().max()) < 1e-6


@pytest.mark.parametrize("method", LITERATURE)
def test_every_method_learns_in_both_of_its_stages(tmp_path: Path, method: str) -> None:
    switches = layer_switches(method)
    outcome = None
    for index, precision in enumerate(("a1w32", "a1w1"), start=1):
        network = unet(**{**switches, "precision": precision})
        directory = tmp_path / str(index)
        outcome = train(
            network,
            spec(precision, epochs=3, index=index),
            TinyData(steps=3, val_scenes=1),
            directory,
            checkpoint=None if outcome is None else outcome.checkpoint,
            center_latent=method == "xnor_net",
        )
        losses = [float(row["train/loss_epoch"]) for row in rows(directory) if row["train/loss_epoch"]]
        assert len(losses) == 3 and losses[-1] < losses[0]
