from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from pytorch_lightning.callbacks import Callback
from torch import nn

from bscnet.metrics import SegmentationMetric
from bscnet.nn import binary_weights
from bscnet.search import composite_layers, confidence_loss
from bscnet.sparse import SparseTensor
from bscnet.training import SearchModule, SegmentationModule, run_stage
from bscnet.training.loss import point_cross_entropy
from fixtures.tiny_training import CLASSES, TinyData, batch_of, fcn, spec, unet


def test_cross_entropy_is_the_mean_over_labelled_points() -> None:
    logits = torch.tensor([[1.0, 2.0], [0.5, -1.0], [3.0, 3.0]], dtype=torch.float64)
    by_hand = (math.log(1 + math.exp(-1.0)) + math.log(2.0)) / 2  # points 0 (class 1) and 2 (class 0)
    assert float(point_cross_entropy(logits, torch.tensor([1, -100, 0]))) == pytest.approx(by_hand, abs=1e-12)


def test_a_batch_without_labels_costs_nothing_and_moves_nothing() -> None:
    logits = torch.randn(4, 3, requires_grad=True)
    loss = point_cross_entropy(logits, torch.full((4,), -100))
    loss.backward()
    assert loss.item() == 0.0
    assert logits.grad is not None
    assert logits.grad.eq(0).all()


def test_every_point_takes_the_logits_of_its_voxel(backend: str) -> None:
    module = SegmentationModule(fcn().eval(), 3, CLASSES, backend=backend)
    batch = batch_of([4, 5])
    points = module(batch)
    voxels = module.network(SparseTensor(batch.feats, batch.coords, backend=backend))
    assert points.shape == (len(batch.labels), 3)
    for point in (0, 7, len(points) - 1):
        assert torch.equal(points[point], voxels[int(batch.point_to_voxel[point])])


def test_class_names_must_be_as_many_as_classes() -> None:
    with pytest.raises(ValueError, match="3 classes need as many names, got 2"):
        SegmentationModule(fcn(), 3, ["a", "b"])


@pytest.mark.parametrize(
    "milestones,drops", [((60, 100), {59: 1e-3, 60: 1e-4, 99: 1e-4, 100: 1e-5}), ((120, 200), {119: 1e-3, 200: 1e-5})]
)
def test_learning_rate_at_each_epoch(milestones: tuple[int, ...], drops: dict[int, float]) -> None:
    found: Any = SegmentationModule(fcn(), 3, CLASSES, lr=1e-3, milestones=milestones).configure_optimizers()
    optimizer, schedule = found["optimizer"], found["lr_scheduler"]["scheduler"]
    assert isinstance(optimizer, torch.optim.Adam)
    assert found["lr_scheduler"]["interval"] == "epoch"
    assert (optimizer.defaults["betas"], optimizer.defaults["eps"], optimizer.defaults["weight_decay"]) == (
        (0.9, 0.999),
        1e-8,
        0.0,
    )
    rates = []
    for _ in range(milestones[1] + 1):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    for epoch, rate in drops.items():
        assert rates[epoch] == pytest.approx(rate)


@pytest.mark.parametrize("clip", [True, False])
@pytest.mark.parametrize("precision", ["a1w32", "a1w1"])
def test_latent_weights_are_clipped_only_where_weights_are_binary(tmp_path: Path, clip: bool, precision: str) -> None:
    network = unet(precision)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(20)
    run_stage(network, spec(precision, epochs=1), TinyData(), tmp_path, clip_latent=clip)
    latent = list(binary_weights(network))
    assert bool(latent) == (precision == "a1w1")
    assert all((weight.abs().max() <= 1) == clip for weight in latent)
    assert network.stem.weight.abs().max() > 1  # real in every stage: never clipped


def test_the_search_optimizes_cross_entropy_plus_weighted_confidence() -> None:
    module = SearchModule(unet("a1w32", "composite"), 3, CLASSES, conf_weight=0.25, conf="entropy", reduce="mean")
    module.log = lambda *args, **kwargs: None  # type: ignore[method-assign]
    batch = batch_of([3])
    module.train()
    loss = module.training_step(batch, 0)
    module.zero_grad()
    # the same forward pass again: batch norm in training mode does not depend on its running statistics
    expected = F.cross_entropy(module(batch), batch.labels, ignore_index=-100)
    expected = expected + 0.25 * confidence_loss(module.network, "entropy", "mean")
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    paper = confidence_loss(module.network, "entropy", "paper")  # six layers of two groups, seven candidates alike
    assert paper.item() == pytest.approx(6 * 2 * math.log(7) / 7, rel=1e-5)
    loss.backward()
    assert all(layer.alpha.grad.abs().sum() > 0 for layer in composite_layers(module.network).values())


@pytest.mark.parametrize("lr_arch", [None, 0.5])
def test_search_logits_have_a_parameter_group_of_their_own(lr_arch: float | None) -> None:
    module = SearchModule(unet("a1w32", "composite"), 3, CLASSES, lr=0.01, weight_decay=0.1, lr_arch=lr_arch)
    found: Any = module.configure_optimizers()
    weights, logits = found["optimizer"].param_groups
    alphas = {id(layer.alpha) for layer in composite_layers(module.network).values()}
    assert {id(p) for p in logits["params"]} == alphas
    assert {id(p) for p in weights["params"]} == {id(p) for p in module.network.parameters()} - alphas
    assert (weights["lr"], weights["weight_decay"]) == (0.01, 0.1)
    assert (logits["lr"], logits["weight_decay"]) == (0.01 if lr_arch is None else 0.5, 0.0)


class _Temperatures(Callback):
    def __init__(self) -> None:
        self.seen: list[float] = []

    def on_train_batch_end(self, trainer: Any, pl_module: Any, *args: Any) -> None:
        self.seen += [next(iter(composite_layers(pl_module.network).values())).temperature]


def test_the_gumbel_temperature_falls_over_the_stage(tmp_path: Path) -> None:
    watch = _Temperatures()
    network = unet("a1w32", "composite", relax="gumbel_softmax")
    run_stage(network, spec("a1w32", "composite", epochs=2), TinyData(), tmp_path, callbacks=[watch])
    expected = [5.0 * (0.1 / 5.0) ** (step / 4) for step in range(4)]
    assert watch.seen == pytest.approx(expected)


class _Truth(nn.Module):
    """Says class 1 everywhere, so that the scores are known beforehand."""

    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.tensor([0.0, 1.0, 0.0]))

    def forward(self, x: SparseTensor) -> torch.Tensor:
        return self.bias.expand(len(x.feats), 3) + 0 * x.feats.sum()


class _Keep(Callback):
    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        self.metrics = {key: float(value) for key, value in trainer.callback_metrics.items()}


def test_validation_scores_the_split_from_one_matrix(tmp_path: Path) -> None:
    watch = _Keep()
    run_stage(_Truth(), spec(epochs=1, lr=0.0), TinyData(val_scenes=4), tmp_path, callbacks=[watch])
    labels = torch.cat([batch_of([77 + i]).labels for i in range(4)])
    metric = SegmentationMetric(3)
    metric.update(torch.ones_like(labels), labels)
    expected = metric.compute()
    for name in ("miou", "macc", "acc"):
        assert watch.metrics[f"val/{name}"] == pytest.approx(float(getattr(expected, name)), abs=1e-6)
    assert watch.metrics["val/iou/low"] == 0.0
    logits = torch.tensor([[0.0, 1.0, 0.0]]).expand(len(labels), 3)
    assert watch.metrics["val/loss"] == pytest.approx(float(F.cross_entropy(logits, labels)), rel=1e-5)
