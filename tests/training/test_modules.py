from __future__ import annotations

import csv
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from pytorch_lightning.callbacks import Callback
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from bscnet.metrics import SegmentationMetric
from bscnet.nn import binary_weights
from bscnet.search import composite_layers, confidence_loss
from bscnet.settings.optimizer import OptimizerSettings
from bscnet.settings.search import SearchSwitches
from bscnet.sparse import SparseTensor
from bscnet.training import SearchModule, SegmentationModule
from bscnet.training.loss import class_histogram, point_cross_entropy, voxel_cross_entropy
from bscnet.training.options import Optimisation
from bscnet.training.schedule import STEPS
from bscnet.training.segmentation import constrain_latent_weights
from fixtures.tiny_training import CLASSES, TinyData, batch_of, fcn, spec, train, unet


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
    given = replace(STEPS, milestones=milestones, reference_epochs=1)  # without a Trainer there is one epoch
    found: Any = SegmentationModule(
        fcn(), 3, CLASSES, optimisation=Optimisation(lr=1e-3, schedule=given)
    ).configure_optimizers()
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
    train(network, spec(precision, epochs=1), TinyData(), tmp_path, clip_latent=clip)
    latent = list(binary_weights(network))
    assert bool(latent) == (precision == "a1w1")
    assert all((weight.abs().max() <= 1) == clip for weight in latent)
    assert network.stem.weight.abs().max() > 1  # real in every stage: never clipped


def test_the_search_optimizes_cross_entropy_plus_weighted_confidence() -> None:
    module = SearchModule(
        unet("a1w32", "composite"), 3, CLASSES, conf_weight=0.25, options=SearchSwitches(conf="entropy", reduce="mean")
    )
    module.log_step = lambda *args, **kwargs: None  # type: ignore[method-assign]
    batch = batch_of([3])
    module.train()
    loss = module.training_step(batch, 0)
    module.zero_grad()
    # the same forward pass again: batch norm in training mode does not depend on its running statistics
    expected = F.cross_entropy(module(batch), batch.labels.long(), ignore_index=-100)
    expected = expected + 0.25 * confidence_loss(module.network, "entropy", "mean")
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    paper = confidence_loss(module.network, "entropy", "paper")  # six layers of two groups, seven candidates alike
    assert paper.item() == pytest.approx(6 * 2 * math.log(7) / 7, rel=1e-5)
    loss.backward()
    assert all(layer.alpha.grad.abs().sum() > 0 for layer in composite_layers(module.network).values())


@pytest.mark.parametrize("lr_arch", [None, 0.5])
def test_search_logits_have_a_parameter_group_of_their_own(lr_arch: float | None) -> None:
    options = SearchSwitches(lr_arch=lr_arch)
    optimisation = Optimisation(lr=0.01, optimizer=OptimizerSettings(weight_decay=0.1))
    network = unet("a1w32", "composite")
    module = SearchModule(network, 3, CLASSES, optimisation=optimisation, options=options)
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
    train(network, spec("a1w32", "composite", epochs=2), TinyData(), tmp_path, callbacks=[watch])
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
    train(_Truth(), spec(epochs=1, lr=0.0), TinyData(val_scenes=4), tmp_path, callbacks=[watch])
    labels = torch.cat([batch_of([77 + i]).labels for i in range(4)]).long()
    metric = SegmentationMetric(3)
    metric.update(torch.ones_like(labels), labels)
    expected = metric.compute()
    for name in ("miou", "macc", "acc"):
        assert watch.metrics[f"val/{name}"] == pytest.approx(float(getattr(expected, name)), abs=1e-6)
    assert watch.metrics["val/iou/low"] == 0.0
    logits = torch.tensor([[0.0, 1.0, 0.0]]).expand(len(labels), 3)
    assert watch.metrics["val/loss"] == pytest.approx(float(F.cross_entropy(logits, labels)), rel=1e-5)


def random_points(voxels: int, points: int, ignored: float, classes: int = 5) -> tuple[torch.Tensor, ...]:
    """Logits of voxels, and int32 voxels and int16 labels of points."""
    logits = torch.randn(voxels, classes, dtype=torch.float64, requires_grad=True)
    labels = torch.where(torch.rand(points) < ignored, -100, torch.randint(0, classes, (points,)))
    return logits, torch.randint(0, voxels, (points,)).int(), labels.short()


@pytest.mark.parametrize(
    "voxels,points,ignored",
    [(50, 120, 0.1), (50, 120, 0.9), (50, 3, 0.0), (50, 120, 1.1), (1, 1, 0.0), (2, 100_000, 0.1), (40, 0, 0.0)],
)
def test_the_loss_at_voxels_is_that_at_their_points(voxels: int, points: int, ignored: float) -> None:
    logits, rows, labels = random_points(voxels, points, ignored)
    loss, expected = voxel_cross_entropy(logits, rows, labels), point_cross_entropy(logits[rows.long()], labels.long())
    assert loss.item() == pytest.approx(expected.item(), rel=1e-12)
    (found,), (wanted,) = (torch.autograd.grad(value, logits) for value in (loss, expected))
    torch.testing.assert_close(found, wanted, rtol=1e-10, atol=1e-15)
    if ignored > 1:
        assert loss.item() == 0 and not found.any()


def test_the_classes_of_a_voxel_are_counted() -> None:
    _, rows, labels = random_points(6, 500, 0.3)
    expected = torch.zeros(6, 5, dtype=torch.int32)
    for row, label in zip(rows.tolist(), labels.tolist(), strict=True):
        if label != -100:
            expected[row, label] += 1
    assert torch.equal(class_histogram(rows, labels, 6, 5), expected)
    assert torch.equal(class_histogram(rows.long(), labels.long(), 6, 5), expected)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_the_loss_of_half_precise_logits_is_summed_in_single_precision(dtype: torch.dtype) -> None:
    logits, rows, labels = random_points(300, 70_000, 0.1)  # more points than float16 counts
    half = logits.detach().to(dtype)
    loss = voxel_cross_entropy(half, rows, labels)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(voxel_cross_entropy(half.double(), rows, labels).item(), rel=1e-5)


def test_a_training_step_makes_no_row_for_each_point() -> None:
    module = SegmentationModule(_Truth(), 3, CLASSES)
    module.log_step = lambda *args, **kwargs: None  # type: ignore[method-assign]
    batch = batch_of([3, 4])
    seen: list[tuple[int, ...]] = []

    class Shapes(TorchDispatchMode):
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            found = func(*args, **(kwargs or {}))
            seen.extend(tuple(tensor.shape) for tensor in tree_leaves(found) if isinstance(tensor, torch.Tensor))
            return found

    with Shapes():
        module.training_step(batch, 0).backward()
    assert (len(batch.coords), 3) in seen
    assert (len(batch.labels), 3) not in seen


def test_a_batch_is_sent_without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    to = torch.Tensor.to
    monkeypatch.setattr(
        torch.Tensor, "to", lambda self, *args, **kw: (asked.append(kw["non_blocking"]), to(self, *args, **kw))[1]
    )
    batch = SegmentationModule(_Truth(), 3, CLASSES).transfer_batch_to_device(batch_of([3]), torch.device("meta"), 0)
    assert asked == [True] * 4
    assert batch.coords.is_meta and batch.labels.is_meta


def test_no_weight_to_clip_is_no_error() -> None:
    constrain_latent_weights(unet("a1w32"), clip=True, center=True)


def test_steps_are_logged_as_often_as_asked_and_epochs_always(tmp_path: Path) -> None:
    rows: dict[int, list[dict[str, str]]] = {}
    for every in (1, 3):
        directory = tmp_path / str(every)
        options = {"log_every_n_steps": every}
        train(unet(), spec(epochs=2), TinyData(steps=4), directory, trainer=options)
        with (directory / "csv" / "version_0" / "metrics.csv").open() as file:
            rows[every] = list(csv.DictReader(file))
    steps = {
        every: {row["step"]: row["train/loss_step"] for row in found if row["train/loss_step"]}
        for every, found in rows.items()
    }
    assert list(steps[1]) == [str(step) for step in range(8)]
    assert steps[3] == {step: steps[1][step] for step in ("2", "5")}
    for name in ("train/loss_epoch", "val/loss", "val/miou", "train/dropped", "lr"):
        one, three = ([row[name] for row in rows[every] if row[name]] for every in (1, 3))
        assert len(one) == 2 and one == three
