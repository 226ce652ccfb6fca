"""Distances from a teacher against their formulas; a stage with one, and without."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from bscnet.errors import InputError
from bscnet.runs.checkpoint import network_state, read_checkpoint
from bscnet.sparse import SparseTensor
from bscnet.training import SegmentationModule
from bscnet.training.distill import Distillation, attention_distance, level_features, voxel_divergence
from fixtures.tiny_training import CLASSES, TinyData, batch_of, fcn, spec, train, unet


def softmax(rows: np.ndarray) -> np.ndarray:
    powers = np.exp(rows - rows.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_the_divergence_is_a_mean_over_points(temperature: float) -> None:
    generator = torch.Generator().manual_seed(0)
    student, teacher = (torch.randn(20, 5, dtype=torch.float64, generator=generator) for _ in range(2))
    rows = torch.randint(0, 20, (90,), generator=generator).int()
    p, q = softmax(teacher.numpy()[rows] / temperature), softmax(student.numpy()[rows] / temperature)
    expected = temperature**2 * (p * (np.log(p) - np.log(q))).sum(1).mean()
    student.requires_grad_()
    found = voxel_divergence(student, teacher, rows, temperature)
    assert found.item() == pytest.approx(expected, rel=1e-12)
    if temperature == 1:  # the gradient is that of the cross entropy with the teacher's answers
        (one,) = torch.autograd.grad(found, student)
        (other,) = torch.autograd.grad(F.cross_entropy(student[rows], teacher.softmax(1)[rows]), student)
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-14)


def test_the_divergence_from_oneself_and_of_no_points_is_none() -> None:
    logits = torch.randn(6, 3)
    assert abs(voxel_divergence(logits, logits.clone(), torch.arange(6)).item()) < 1e-6
    assert voxel_divergence(logits, -logits, torch.empty(0, dtype=torch.int32)).item() == 0
    assert voxel_divergence(logits.bfloat16(), -logits, torch.arange(6)).dtype == torch.float32


def test_attention_is_compared_level_by_level() -> None:
    own = {"a": torch.randn(9, 4, dtype=torch.float64), "b": torch.randn(3, 6, dtype=torch.float64)}
    taught = {"a": torch.randn(9, 2, dtype=torch.float64), "b": torch.randn(3, 8, dtype=torch.float64)}
    terms = []
    for name in own:
        maps = [(f[name].numpy() ** 2).mean(1) for f in (own, taught)]
        maps = [m / np.sqrt((m**2).sum()) for m in maps]
        terms.append(((maps[0] - maps[1]) ** 2).sum())
    assert attention_distance(own, taught).item() == pytest.approx(np.mean(terms), rel=1e-12)
    assert attention_distance(own, {name: -3 * value for name, value in own.items()}).item() == pytest.approx(
        0, abs=1e-14
    )
    nothing = torch.zeros(3, 2, requires_grad=True)
    distance = attention_distance({"a": nothing}, {"a": torch.zeros(3, 2)})
    distance.backward()
    assert distance.item() == 0 and not nothing.grad.any()


def test_features_are_those_of_every_levels_blocks() -> None:
    batch = batch_of([3])
    x = SparseTensor(batch.feats, batch.coords)
    network = unet()
    with level_features(network) as found:
        network(x)
    names = ["levels.encoder", "levels.decoder", "levels.deeper.encoder"]
    assert sorted(found) == sorted(names)
    assert len(found["levels.encoder"]) == len(x.feats) and len(found["levels.deeper.encoder"]) < len(x.feats)
    network(x)
    with level_features(fcn()) as others:
        pass
    assert others == {} and not any(module._forward_hooks for module in network.modules())


@pytest.mark.parametrize("kind", ["logits", "attention"])
def test_a_step_adds_the_weighted_distance(kind: str) -> None:
    teacher, batch = unet(seed=5, m=6), batch_of([3, 4])
    module = SegmentationModule(
        unet("a1w1"), 3, CLASSES, distillation=Distillation(teacher, weight=0.5, temperature=2.0, kind=kind)
    )
    logged: dict[str, torch.Tensor] = {}
    module.log_step = lambda name, value, *args, **kwargs: logged.update({name: value})  # type: ignore[method-assign]
    module.train()
    loss = module.training_step(batch, 0)
    assert set(logged) == {"train/loss", "train/distill"}
    assert loss.item() == pytest.approx((logged["train/loss"] + logged["train/distill"]).item())
    x = SparseTensor(batch.feats, batch.coords)
    with level_features(module.network) as own:
        logits = module.network(x)
    with level_features(teacher.eval()) as taught:
        wanted = teacher(x)
    distance = (
        voxel_divergence(logits, wanted, batch.point_to_voxel, 2.0)
        if kind == "logits"
        else attention_distance(own, taught)
    )
    assert logged["train/distill"].item() == pytest.approx(0.5 * distance.item(), rel=1e-5)
    loss.backward()
    assert not any(p.grad is not None or p.requires_grad for p in teacher.parameters())
    assert not teacher.training
    assert not any("teacher" in name for name in module.state_dict())


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(InputError, match="distill.kind=hints is not known: allowed are logits, attention"):
        Distillation(unet(), kind="hints")


def ends(directory: Path, **options: Any) -> dict[str, torch.Tensor]:
    train(unet("a1w1"), spec("a1w1", epochs=3), TinyData(), directory, **options)
    return network_state(read_checkpoint(directory / "checkpoints" / "last.ckpt"))


def test_a_teacher_of_no_weight_changes_no_bit_and_one_of_weight_does(tmp_path: Path) -> None:
    off = ends(tmp_path / "off")
    none = ends(tmp_path / "none", distillation=Distillation(unet(seed=5), weight=0.0))
    taught = ends(tmp_path / "taught", distillation=Distillation(unet(seed=5), weight=1.0))
    assert off.keys() == none.keys() == taught.keys()
    assert all(torch.equal(off[name], none[name]) for name in off)
    assert any(not torch.equal(off[name], taught[name]) for name in off)


def test_a_student_comes_nearer_to_its_teacher(tmp_path: Path) -> None:
    train(
        unet("a1w1"),
        spec("a1w1", epochs=4),
        TinyData(steps=3),
        tmp_path,
        distillation=Distillation(unet(seed=5), weight=3.0),
    )
    with (tmp_path / "csv" / "version_0" / "metrics.csv").open() as file:
        found = [float(row["train/distill_epoch"]) for row in csv.DictReader(file) if row["train/distill_epoch"]]
    assert len(found) == 4 and found[-1] < found[0]
