from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from bscnet.metrics import SegmentationMetric, scores
from oracles.segmentation_scores import confusion_of, scores_of


def _points(seed: int, classes: list[int], predicted: list[int], size: int = 300) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth, guess = rng.choice(classes, size), rng.choice(predicted, size)
    truth[rng.random(size) < 0.2] = -100
    return truth, guess


def _agree(ours: torch.Tensor, oracle: list[float | None]) -> None:
    for value, expected in zip(ours.tolist(), oracle, strict=True):
        if expected is None:
            assert math.isnan(value)
        else:
            assert value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("classes", "predicted"),
    [
        ([0, 1, 2, 3, 4], [0, 1, 2, 3, 4]),  # everything occurs
        ([0, 2, 4], [0, 2, 4]),  # 1 and 3 occur nowhere: left out
        ([0, 2], [0, 1, 2]),  # 1 is only predicted: IoU 0, counts; no recall
        ([0, 1, 2], [0]),  # 1 and 2 are never predicted: IoU 0 and recall 0
    ],
)
@pytest.mark.parametrize("seed", [0, 1])
def test_scores_agree_with_sets_of_points(classes: list[int], predicted: list[int], seed: int) -> None:
    truth, guess = _points(seed, classes, predicted)
    metric = SegmentationMetric(5)
    for part in np.array_split(np.arange(len(truth)), 4):  # four batches, one matrix
        metric.update(torch.from_numpy(guess[part]), torch.from_numpy(truth[part]))
    found, expected = metric.compute(), scores_of(truth, guess, 5)
    assert torch.equal(found.confusion, torch.from_numpy(confusion_of(truth, guess, 5)))
    _agree(found.iou, expected["iou"])  # type: ignore[arg-type]
    _agree(found.recall, expected["recall"])  # type: ignore[arg-type]
    for name in ("miou", "macc", "acc"):
        assert float(getattr(found, name)) == pytest.approx(expected[name], abs=1e-12)


def test_the_split_is_scored_at_once_and_not_scene_by_scene() -> None:
    # scene 1: class 0 all right (4 points). scene 2: class 0 found once, class 1 found once, class 1 missed twice
    first = torch.zeros(4, dtype=torch.long), torch.zeros(4, dtype=torch.long)
    second = torch.tensor([0, 1, 0, 0]), torch.tensor([0, 1, 1, 1])
    metric = SegmentationMetric(2)
    metric.update(*first)
    metric.update(*second)
    iou = metric.compute().iou
    assert iou.tolist() == pytest.approx([5 / 7, 1 / 3])
    means = []
    for scene in (first, second):
        metric.reset()
        metric.update(*scene)
        means.append(float(metric.compute().miou))
    assert np.mean(means) != pytest.approx(float(iou.mean()))


def test_logits_count_as_their_largest_class_and_ignored_points_do_not_count() -> None:
    logits = torch.tensor([[2.0, 1.0, 0.0], [0.0, 0.0, 3.0], [9.0, 0.0, 0.0]])
    metric = SegmentationMetric(3)
    metric.update(logits, torch.tensor([0, 1, -100]))
    assert metric.compute().confusion.tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 0]]


def test_nothing_seen_is_undefined_and_not_zero() -> None:
    metric = SegmentationMetric(3)
    metric.update(torch.tensor([1, 2]), torch.tensor([-100, -100]))
    found = metric.compute()
    assert all(math.isnan(float(v)) for v in (found.miou, found.macc, found.acc))


def test_two_metrics_are_summed_like_processes_are() -> None:
    truth, guess = _points(3, [0, 1, 2], [0, 1, 2])
    whole, halves = SegmentationMetric(3), [SegmentationMetric(3), SegmentationMetric(3)]
    whole.update(torch.from_numpy(guess), torch.from_numpy(truth))
    for half, part in zip(halves, np.array_split(np.arange(len(truth)), 2), strict=True):
        half.update(torch.from_numpy(guess[part]), torch.from_numpy(truth[part]))
    reduction = halves[0]._reductions["confmat"]
    assert reduction is not None
    summed = reduction(torch.stack([half.compute().confusion for half in halves]))
    assert torch.equal(summed, whole.compute().confusion)


def test_a_matrix_that_is_not_square_is_refused() -> None:
    with pytest.raises(ValueError, match=r"square, got shape \(2, 3\)"):
        scores(torch.zeros(2, 3))
