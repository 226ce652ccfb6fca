"""Losses over voxels, against torch and a definition over points."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from bscnet.training.class_weights import class_weights
from bscnet.training.loss import class_histogram, voxel_cross_entropy
from bscnet.training.lovasz import lovasz_softmax
from bscnet.training.objective import Objective
from oracles.lovasz import lovasz_softmax as lovasz_of_points


def batch(seed: int = 0, classes: int = 5, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor, Tensor]:
    """(logits (N, C), point_to_voxel (P,), labels (P,)): several points a voxel, some ignored, a class without any."""
    generator = torch.Generator().manual_seed(seed)
    logits = (2 * torch.randn(40, classes, generator=generator)).to(dtype).requires_grad_()
    rows = torch.randint(40, (150,), generator=generator)
    labels = torch.randint(classes - 1, (150,), generator=generator)
    labels[torch.rand(150, generator=generator) < 0.1] = -100
    return logits, rows.int(), labels.short()


WEIGHTS = torch.tensor([0.5, 2.0, 1.0, 3.0, 1.0])


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_weights_and_smoothing_are_torchs_over_the_points(weights: Tensor | None, smoothing: float) -> None:
    logits, rows, labels = batch()
    loss = Objective(class_weights=weights, label_smoothing=smoothing)(logits, rows, labels)
    weight = None if weights is None else weights.double()
    points = logits[rows.long()]
    expected = F.cross_entropy(points, labels.long(), weight, ignore_index=-100, label_smoothing=smoothing)
    torch.testing.assert_close(loss, expected)
    (found,) = torch.autograd.grad(loss, logits, retain_graph=True)
    (wanted,) = torch.autograd.grad(expected, logits)
    torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("seed", range(3))
def test_lovasz_of_voxels_is_that_of_their_points(seed: int) -> None:
    logits, rows, labels = batch(seed)
    loss = lovasz_softmax(logits, class_histogram(rows, labels, 40, 5))
    points = logits.detach()[rows.long()].numpy()
    assert loss.item() == pytest.approx(lovasz_of_points(points, labels.numpy(), -100), rel=1e-9)
    assert torch.autograd.gradcheck(lambda x: lovasz_softmax(x, class_histogram(rows, labels, 40, 5)), logits)


def test_lovasz_is_0_of_a_perfect_prediction_and_1_of_the_opposite() -> None:
    labels = torch.tensor([0, 1, 1, 0]).short()
    right = 50 * F.one_hot(labels.long(), 2).double()
    histogram = class_histogram(torch.arange(4), labels, 4, 2)
    assert lovasz_softmax(right, histogram).item() == pytest.approx(0, abs=1e-12)
    assert lovasz_softmax(-right, histogram).item() == pytest.approx(1)


def test_the_default_is_the_cross_entropy_to_the_bit() -> None:
    for dtype in (torch.float32, torch.bfloat16):
        logits, rows, labels = batch(dtype=dtype)
        assert torch.equal(Objective()(logits, rows, labels), voxel_cross_entropy(logits, rows, labels))


def test_a_sum_of_losses() -> None:
    logits, rows, labels = batch()
    parts = [Objective(1.0, 0.0)(logits, rows, labels), Objective(0.0, 1.0)(logits, rows, labels)]
    found = Objective(2.0, 0.5)(logits, rows, labels)
    torch.testing.assert_close(found, 2 * parts[0] + 0.5 * parts[1])


@pytest.mark.parametrize("options", [{}, {"lovasz": 1.0}, {"class_weights": WEIGHTS}, {"label_smoothing": 0.1}])
def test_a_batch_without_labels_moves_nothing(options: dict[str, Any]) -> None:
    logits, rows, labels = batch()
    loss = Objective(**options)(logits, rows, torch.full_like(labels, -100))
    (gradient,) = torch.autograd.grad(loss, logits)
    assert loss.item() == 0 and not gradient.any()


def test_half_precision_is_summed_in_single() -> None:
    logits, rows, labels = batch(dtype=torch.bfloat16)
    loss = Objective(1.0, 1.0, class_weights=WEIGHTS)(logits, rows, labels)
    assert loss.dtype == torch.float32
    exact = Objective(1.0, 1.0, class_weights=WEIGHTS.double())(logits.double(), rows, labels)
    assert loss.item() == pytest.approx(exact.item(), rel=1e-5)


def test_rare_classes_weigh_more() -> None:
    counts = np.array([900, 100, 0])
    for rule, expected in {"inverse": 9.0, "sqrt_inverse": 3.0, "log_inverse": np.log(1.92) / np.log(1.12)}.items():
        common, rare, absent = class_weights(counts, rule).tolist()
        assert rare / common == pytest.approx(expected, rel=1e-5)
        assert (rare + common) / 2 == pytest.approx(1) and absent == 1
    assert class_weights(counts, "none").tolist() == [1, 1, 1]
    assert class_weights(np.zeros(3, int), "inverse").tolist() == [1, 1, 1]


def test_weights_are_no_part_of_a_checkpoint() -> None:
    assert not Objective(class_weights=WEIGHTS).state_dict()
