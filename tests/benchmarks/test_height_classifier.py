from __future__ import annotations

import numpy as np
import pytest

from benchmarks.real_lidar.baseline import scores_of
from benchmarks.real_lidar.height_classifier import HeightClassifier


def test_a_hand_example() -> None:
    heights = np.array([0.05, 0.06, 0.07, 0.31, 0.32, 0.95, 0.96, 2.0])
    labels = np.array([0, 0, 1, 1, 1, 2, 0, -100])  # a tie in the bin from 0.9: the lower id; 2.0 is not labelled
    classifier = HeightClassifier(3).fit(heights, labels)
    assert classifier.bins.tolist() == [0, 3, 9] and classifier.answers.tolist() == [0, 1, 0]
    # below all bins, in a bin, between two (nearer, as near to either: the lower), above all
    asked = np.array([-1.0, 0.09, 0.15, 0.25, 0.39, 0.61, 0.75, 5.0])
    assert classifier.predict(asked).tolist() == [0, 0, 0, 1, 1, 1, 0, 0]


def test_the_edge_of_a_bin_is_a_switch() -> None:
    classifier = HeightClassifier(2, edge=1.0).fit(np.array([0.5, 1.5, 1.6, 1.7]), np.array([0, 1, 1, 0]))
    assert classifier.predict(np.array([0.99, 1.0])).tolist() == [0, 1]


def test_no_label_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one is needed"):
        HeightClassifier(3).fit(np.zeros(2), np.full(2, -100))


def test_it_is_the_best_that_height_bins_can_do() -> None:
    rng = np.random.default_rng(3)
    heights, labels = rng.uniform(0, 4, 500), rng.integers(0, 3, 500)
    found = HeightClassifier(3, edge=0.5).fit(heights, labels).predict(heights)
    right = 0
    for number in range(8):  # the definition: in each bin the count of its most frequent class
        inside = labels[(heights >= number / 2) & (heights < (number + 1) / 2)]
        right += max(int((inside == label).sum()) for label in range(3))
    assert (found == labels).sum() == right


def test_ignored_points_are_in_no_score() -> None:
    found = scores_of(np.array([0, 1, 2, 2]), np.array([0, 0, 2, -100], dtype=np.int16), 3)
    assert found.confusion.tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 1]]
    assert found.acc == pytest.approx(2 / 3) and found.iou.tolist() == pytest.approx([0.5, 0.0, 1.0])
