"""Scores of a split and its scenes against sets of points."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bscnet.evaluation.evaluate import evaluate
from bscnet.evaluation.percent import percent
from bscnet.evaluation.split_scores import SplitScores
from bscnet.evaluation.torch_predictor import ScenePrediction
from oracles.segmentation_scores import confusion_of, scores_of

NAMES = ("a", "b", "c", "d", "never")


def prediction(name: str, seed: int, wrong: float, ignored: float = 0.2) -> ScenePrediction:
    """Random labels of the first three classes, of which a share is wrong; class 3 is only ever predicted."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, 400)
    classes = np.where(rng.random(400) < wrong, rng.integers(0, 4, 400), labels)
    labels[rng.random(400) < ignored] = -100
    return ScenePrediction(name, labels, classes, np.ones(400, np.float32))


def test_scores_are_those_of_all_points_and_of_each_scene(tmp_path: Path) -> None:
    found = [prediction(f"s{index}", index, wrong) for index, wrong in enumerate((0.5, 0.1, 0.9))]
    scores = SplitScores(NAMES)
    for one in found:
        scores.add(one)
    truth, guess = (np.concatenate([getattr(one, what) for one in found]) for what in ("labels", "classes"))
    wanted = scores_of(truth, guess, len(NAMES))
    scores.save(tmp_path / "s.json", split="val")
    told = json.loads((tmp_path / "s.json").read_text())
    assert told["split"] == "val" and told["classes"]["never"] == {"iou": None, "recall": None, "points": 0}
    for key in ("miou", "macc", "acc"):
        assert told[key] == pytest.approx(wanted[key])
    for name, iou, recall in zip(NAMES, wanted["iou"], wanted["recall"], strict=True):  # type: ignore[call-overload]
        row = told["classes"][name]
        assert row["iou"] == (None if iou is None else pytest.approx(iou))
        assert row["recall"] == (None if recall is None else pytest.approx(recall))
    np.testing.assert_array_equal(told["confusion"], confusion_of(truth, guess, len(NAMES)))
    for one in found:
        assert told["scenes"][one.scene] == pytest.approx(scores_of(one.labels, one.classes, len(NAMES))["miou"])


def test_the_best_and_the_worst_scene_are_found_among_labelled_ones() -> None:
    blank = prediction("blank", 9, 0.0, ignored=1.1)
    scenes = [blank, prediction("middle", 0, 0.5), prediction("good", 1, 0.1), prediction("bad", 2, 0.9)]
    found = evaluate(scenes, NAMES)
    assert found.best is not None and found.worst is not None
    assert (found.best.scene, found.worst.scene) == ("good", "bad")
    assert math.isnan(float(found.scores.scenes["blank"].miou))
    nothing = evaluate([blank], NAMES)
    assert nothing.best is None and nothing.worst is None and nothing.scores.as_dict()["miou"] is None


def test_of_scenes_that_score_alike_the_first_is_best_and_worst() -> None:
    scenes = [replace(prediction("", 0, 0.5), scene=name) for name in ("first", "second", "third")]
    found = evaluate(scenes, NAMES)
    assert found.best is not None and found.worst is not None
    assert (found.best.scene, found.worst.scene) == ("first", "first")


def test_points_of_a_class_are_counted_by_the_truth() -> None:
    scores = SplitScores(NAMES[:2])
    labels, classes = np.array([0, 0, 0, 1]), np.array([1, 1, 0, 1])
    scores.add(ScenePrediction("one", labels, classes, np.ones(4, np.float32)))
    assert {name: row["points"] for name, row in scores.as_dict()["classes"].items()} == {"a": 3, "b": 1}


@pytest.mark.parametrize(
    "value, shown", [(0.5, "50.00 %"), (0, "0.00 %"), (math.nan, "not defined"), (None, "not defined")]
)
def test_a_fraction_is_shown_in_percent(value: float | None, shown: str) -> None:
    assert percent(value) == shown
