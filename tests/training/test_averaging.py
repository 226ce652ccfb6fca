"""The average of the weights: what it is, what it does to a stage, and that it survives an interruption."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from pytorch_lightning.callbacks import Callback, EarlyStopping
from torch import nn

from bscnet.nn import binary_weights
from bscnet.runs.checkpoint import network_state, read_checkpoint
from bscnet.runs.stage import StageOutcome
from bscnet.search import search_summary
from bscnet.settings.optimizer import OptimizerSettings
from bscnet.settings.schedule import ScheduleSettings
from bscnet.training.averaging import Ema, is_averaged
from bscnet.training.objective import Objective
from fixtures.same import same
from fixtures.tiny_training import TinyData, spec, train, unet

MODERN: dict[str, Any] = {
    "optimizer": OptimizerSettings(name="adamw", weight_decay=0.05),
    "schedule": ScheduleSettings(name="one_cycle", further={"pct_start": 0.2, "div_factor": 10.0}),
    "trainer": {"gradient_clip_val": 1.0},
    "seed": 3,
}


class Watch(Callback):
    """The weights after every step, and whether validation has others."""

    def __init__(self, stop: int | None = None) -> None:
        self.steps: list[dict[str, torch.Tensor]] = []
        self.validated: list[dict[str, torch.Tensor]] = []
        self.stop = stop

    def on_train_batch_end(self, trainer: Any, pl_module: Any, *args: Any) -> None:
        self.steps.append(copy_of(pl_module.network))

    def on_validation_batch_end(self, trainer: Any, pl_module: Any, *args: Any) -> None:
        self.validated.append(copy_of(pl_module.network))

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        if trainer.current_epoch == self.stop:
            raise KeyboardInterrupt


def copy_of(network: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


def trained(directory: Path, *callbacks: Callback, conv: str = "shifted", epochs: int = 3, **more: Any) -> StageOutcome:
    network = unet("a1w1", conv, manual="tetra4" if conv == "shifted" else "none", G=4)
    options = {**MODERN, "objective": Objective(1.0, 1.0), **more}
    stage = spec("a1w1", conv, epochs=epochs)
    return train(network, stage, TinyData(), directory, callbacks=list(callbacks), **options)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Watch]:
    directory, watch = tmp_path_factory.mktemp("whole"), Watch()
    trained(directory, Ema(0.9), EarlyStopping("val/miou", mode="max", patience=9), watch)
    return directory, watch


def test_a_checkpoint_holds_the_average_by_its_formula(whole: tuple[Path, Watch]) -> None:
    directory, watch = whole
    average = dict(watch.steps[0])
    for count, weights in enumerate(watch.steps[1:], start=1):
        decay = min(0.9, (1 + count) / (10 + count))
        for name, value in weights.items():
            real = value.is_floating_point()
            average[name] = decay * average[name] + (1 - decay) * value if real else value
    checkpoint = read_checkpoint(directory / "checkpoints" / "last.ckpt")
    assert is_averaged(checkpoint) and len(watch.steps) == 6
    found = network_state(checkpoint)
    for name, value in average.items():
        torch.testing.assert_close(found[name], value, rtol=1e-5, atol=1e-6)
        assert torch.equal(watch.validated[-1][name], found[name])  # what was scored is what is kept
    assert any(not torch.equal(found[name], watch.steps[-1][name]) for name in found)


def test_shifts_stay_whole_and_latent_weights_in_their_range(whole: tuple[Path, Watch]) -> None:
    directory, watch = whole
    found = network_state(read_checkpoint(directory / "checkpoints" / "last.ckpt"))
    shifts = [name for name in found if name.endswith("shifts")]
    assert shifts and all(torch.equal(found[name], watch.steps[0][name]) for name in shifts)
    network = unet("a1w1", "shifted", manual="tetra4", G=4)
    network.load_state_dict(found)
    assert all(weight.abs().max() <= 1 for weight in binary_weights(network))


def test_training_goes_on_from_the_weights_themselves(whole: tuple[Path, Watch], tmp_path: Path) -> None:
    """With and without the average every step is the same."""
    plain = Watch()
    trained(tmp_path, plain)
    for one, other in zip(whole[1].steps, plain.steps, strict=True):
        assert all(torch.equal(one[name], other[name]) for name in one)


def test_an_interrupted_stage_ends_as_an_uninterrupted_one(whole: tuple[Path, Watch], tmp_path: Path) -> None:
    def callbacks(stop: int | None) -> list[Callback]:
        return [Ema(0.9), EarlyStopping("val/miou", mode="max", patience=9), Watch(stop)]

    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path, *callbacks(2))
    torch.rand(7)  # whatever happens between the runs must not matter
    trained(tmp_path, *callbacks(None), resume=True)
    first, second = (read_checkpoint(path / "checkpoints" / "last.ckpt") for path in (whole[0], tmp_path))
    for part in ("state_dict", "current_model_state", "averaging_state", "optimizer_states", "lr_schedulers"):
        assert same(first[part], second[part]), part
    assert first["callbacks"].keys() == second["callbacks"].keys()
    (stopping,) = [key for key in first["callbacks"] if key.startswith("EarlyStopping")]
    assert same(first["callbacks"][stopping], second["callbacks"][stopping])


def test_a_search_is_summed_up_by_the_logits_that_go_on(tmp_path: Path) -> None:
    found = trained(tmp_path, Ema(0.99), conv="composite", epochs=1)
    network = unet("a1w1", "composite", manual="none", G=4)
    network.load_state_dict(network_state(read_checkpoint(found.checkpoint)))
    assert found.search is not None
    summary = search_summary(network)
    assert found.search["max_pi"] == pytest.approx(summary["max_pi"], rel=1e-6)
    assert found.search["gradient_signal"] is not None


def test_an_early_end_is_an_end(tmp_path: Path) -> None:
    stops = EarlyStopping("val/miou", mode="max", patience=1, min_delta=1.0)
    found = trained(tmp_path, stops, epochs=6)
    assert found.epochs == 2 and found.val_miou > 0


@pytest.mark.parametrize(
    "options, sentence", [({"decay": 1.0}, "decay=1.0"), ({"every_n_steps": 0}, "every_n_steps=0")]
)
def test_options_out_of_range_are_refused(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Ema(**options)
