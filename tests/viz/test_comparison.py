"""Figures that compare runs hold the numbers they were given."""

from __future__ import annotations

import numpy as np
import pytest

from bscnet.viz.comparison import class_figure, scene_figure, score_figure


def test_a_point_a_seed_and_a_bar_at_the_mean() -> None:
    (axes,) = score_figure({"real": [0.2, 0.3], "binary": [0.1]}, "t").axes
    points = [line.get_ydata() for line in axes.lines]
    np.testing.assert_allclose(np.concatenate(points), [20, 30, 10])
    assert [label.get_text() for label in axes.get_xticklabels()] == ["real", "binary"]


def test_classes_stand_by_their_mean_and_without_iou_they_are_left_out() -> None:
    first = {"wall": 0.5, "bed": 0.9, "sink": None, "desk": None}
    second = {"wall": 0.7, "bed": 0.8, "sink": None, "desk": 0.1}
    (axes,) = class_figure({"real": first, "binary": second}).axes
    assert [label.get_text() for label in axes.get_xticklabels()] == ["bed", "wall", "desk"]
    heights = [[bar.get_height() for bar in bars] for bars in axes.containers]
    np.testing.assert_allclose(heights, [[90, 50, 0], [80, 70, 10]])


def test_scenes_are_paired_by_name() -> None:
    (axes,) = scene_figure({"a": 0.5, "b": 0.25, "c": None}, {"b": 0.75, "c": 0.1, "d": 0.2}, ("real", "binary")).axes
    marked = [line for line in axes.lines if line.get_marker() == "o"]
    assert [(float(line.get_xdata()[0]), float(line.get_ydata()[0])) for line in marked] == [(25.0, 75.0)]
    assert "real" in axes.get_xlabel() and "binary" in axes.get_ylabel()
    low, high = axes.get_xlim()
    assert low == 0 and high == pytest.approx(82.5)


def test_runs_without_a_scene_in_common_say_so() -> None:
    (axes,) = scene_figure({"a": 0.5}, {"b": 0.5}, ("real", "binary")).axes
    assert [text.get_text() for text in axes.texts] == ["no scene in common"]
