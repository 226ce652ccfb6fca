"""Settings of a search in training: temperature, travel, decision, and what a stage leaves of it."""

from __future__ import annotations

import json
import logging
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from pytorch_lightning.callbacks import Callback

from bscnet.runs.checkpoint import metadata_of, read_checkpoint
from bscnet.search import ShiftPlan, composite_layers, discretise, search_state
from bscnet.training import SearchModule
from bscnet.training.search import rate_of_travel
from fixtures.tiny_training import CLASSES, TinyData, spec, train, unet


def search(directory: Path, options: dict[str, Any] | None = None, epochs: int = 2, **rest: Any) -> tuple[Any, Any]:
    """(outcome, network) of a short search with these options of the module."""
    switches = {key: rest.pop(key) for key in list(rest) if key not in ("callbacks", "resume", "carried")}
    network = unet("a1w32", "composite", **switches)
    stage = spec("a1w32", "composite", epochs=epochs)
    return train(network, stage, TinyData(), directory, search=options, **rest), network


class _Watch(Callback):
    """Temperatures and importance weights after every step, and the temperature of every evaluation."""

    def __init__(self) -> None:
        self.steps: list[float] = []
        self.evaluations: list[float] = []
        self.pis: list[dict[str, torch.Tensor]] = []

    def on_train_batch_end(self, trainer: Any, pl_module: Any, *args: Any) -> None:
        layers = composite_layers(pl_module.network)
        self.steps.append(next(iter(layers.values())).temperature)
        self.pis.append({name: layer.importance().detach().clone() for name, layer in layers.items()})

    def on_validation_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        self.evaluations.append(next(iter(composite_layers(pl_module.network).values())).temperature)


def test_a_softmax_is_cooled_over_the_last_share(tmp_path: Path) -> None:
    watch = _Watch()
    search(tmp_path, {"temperature_end": 0.05, "temperature_share": 0.5}, callbacks=[watch])
    assert watch.steps == pytest.approx([1.0, 1.0, 1.0, 0.05**0.5])
    assert watch.evaluations == pytest.approx([1.0, 0.05])
    assert metadata_of(read_checkpoint(tmp_path / "checkpoints" / "last.ckpt"))["temperature"] == pytest.approx(0.05)


def test_a_default_search_is_not_cooled(tmp_path: Path) -> None:
    watch = _Watch()
    search(tmp_path, callbacks=[watch])
    assert set(watch.steps) == {1.0} == set(watch.evaluations)


@pytest.mark.parametrize(
    "travel, scenes, batch, expected", [(2.4, 1201, 32, 1e-3), (9.6, 1201, 8, 1e-3)], ids=["batch32", "batch8"]
)
def test_the_papers_schedule_has_the_travel_that_follows_from_it(
    travel: float, scenes: int, batch: int, expected: float
) -> None:
    steps = math.ceil(scenes / batch)
    assert rate_of_travel(travel, steps, 128) == pytest.approx(expected, rel=0.03)


class _Rates(Callback):
    def __init__(self) -> None:
        self.sum = 0.0

    def on_train_batch_start(self, trainer: Any, *args: Any) -> None:
        self.sum += trainer.optimizers[0].param_groups[1]["lr"]


def test_the_rates_of_a_wanted_travel_add_up_to_it(tmp_path: Path) -> None:
    rates = _Rates()
    search(tmp_path, {"arch_travel": 3.0}, epochs=3, callbacks=[rates])
    assert rates.sum == pytest.approx(3.0)


def test_a_plan_can_be_the_mean_of_the_last_third(tmp_path: Path) -> None:
    watch = _Watch()
    outcome, _ = search(tmp_path, {"decide": "mean", "lr_arch": 0.5}, epochs=6, callbacks=[watch])
    means = {name: torch.stack([pi[name] for pi in watch.pis[8:]]).mean(0) for name in watch.pis[0]}
    expected = discretise(unet("a1w32", "composite"), means)
    assert ShiftPlan.load(outcome.plan_path) == expected and outcome.search["decide"] == "mean"


def test_the_mean_goes_on_after_an_interruption(tmp_path: Path) -> None:
    options = {"decide": "mean", "lr_arch": 0.5}

    class Stop(Callback):
        def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
            if trainer.current_epoch == 5:
                raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        search(tmp_path / "a", options, epochs=6, callbacks=[Stop()])
    resumed, _ = search(tmp_path / "a", options, epochs=6, resume=True)
    whole, _ = search(tmp_path / "b", options, epochs=6)
    saved = [read_checkpoint(Path(one.checkpoint))["importance_mean"] for one in (resumed, whole)]
    assert saved[0]["count"] == saved[1]["count"] == 4
    assert all(torch.equal(saved[0]["sums"][name], saved[1]["sums"][name]) for name in saved[1]["sums"])


@pytest.mark.parametrize("relax", ["softmax", "supernet"])
def test_a_plan_can_be_ranked_on_validation_scenes(tmp_path: Path, relax: str) -> None:
    outcome, network = search(tmp_path, {"decide": "perturbation", "rank_batches": 1}, epochs=1, relax=relax)
    assert outcome.search["loss_margin"] > 0 and "decided" not in outcome.search
    plan = ShiftPlan.load(outcome.plan_path)
    assert plan.shifts.keys() == composite_layers(network).keys()
    if relax == "supernet":
        assert all(bool((layer.alpha == 0).all()) for layer in composite_layers(network).values())
        assert plan != discretise(network)  # which would be the first candidate everywhere


def test_an_undecided_search_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        outcome, network = search(tmp_path)
    (told,) = [record.getMessage() for record in caplog.records if "has not decided" in record.getMessage()]
    assert "equal weights are 0.143" in told
    known = json.loads((tmp_path / "plan.json").read_text())["search"]
    assert known == outcome.search and known["decided"] is False
    state = search_state(network).values()
    groups = [value for layer in state for value in layer["max_pi"]]
    assert known["max_pi"] == pytest.approx(sum(groups) / len(groups))
    assert known["gradient_signal"] > 0 and 0 < known["margin"] < known["max_pi"] < 0.5
    assert sum(known["orbits"].values()) == len(groups)


def test_a_decided_search_is_not_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        outcome, _ = search(tmp_path, alpha_init="centre", alpha_weight=0.95)
    assert outcome.search["decided"] is True and "has not decided" not in caplog.text
    assert {shift for rows in ShiftPlan.load(outcome.plan_path).shifts.values() for shift in rows} == {(0, 0, 0)}


def test_all_scores_of_the_checkpoint_are_kept(tmp_path: Path) -> None:
    outcome, _ = search(tmp_path)
    assert outcome.scores.keys() == {"miou", "macc", "acc", "loss"}
    assert outcome.scores["miou"] == outcome.val_miou and 0 < outcome.scores["acc"] < 1


def test_shared_logits_are_trained_as_one(tmp_path: Path) -> None:
    network = unet("a1w32", "composite")
    layers = list(composite_layers(network).values())
    for layer in layers[1:]:
        layer.alpha = layers[0].alpha
    module = SearchModule(network, 3, CLASSES)
    weights, logits = module.parameter_groups()
    assert [id(p) for p in logits["params"]] == [id(layers[0].alpha)]
    assert len(weights["params"]) + 1 == len(list(network.parameters()))
