"""Scores of a split and of each of its scenes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from bscnet.evaluation.torch_predictor import ScenePrediction
from bscnet.metrics import SegmentationMetric, SegmentationScores, scores
from bscnet.whole_file import write_json_whole


class SplitScores:
    """Collects one confusion matrix a scene; the split's scores are those of their sum."""

    def __init__(self, class_names: Sequence[str]) -> None:
        self.class_names = list(class_names)
        self.scenes: dict[str, SegmentationScores] = {}
        self._confusion = torch.zeros(len(self.class_names), len(self.class_names), dtype=torch.int64)

    def add(self, found: ScenePrediction) -> SegmentationScores:
        """Count a scene; its own scores."""
        metric = SegmentationMetric(len(self.class_names))
        metric.update(torch.from_numpy(found.classes), torch.from_numpy(found.labels))
        one = self.scenes[found.scene] = metric.compute()
        self._confusion += one.confusion
        return one

    @property
    def whole(self) -> SegmentationScores:
        """The scores of all scenes together."""
        return scores(self._confusion)

    def as_dict(self) -> dict[str, Any]:
        """Plain values: the split's scores, each class's, each scene's. What is undefined is None."""
        whole = self.whole
        columns = (whole.iou.tolist(), whole.recall.tolist(), whole.confusion.sum(1).tolist())
        rows = zip(self.class_names, *columns, strict=True)
        return {
            "miou": _number(whole.miou),
            "macc": _number(whole.macc),
            "acc": _number(whole.acc),
            "classes": {
                name: {"iou": _number(iou), "recall": _number(recall), "points": points}
                for name, iou, recall, points in rows
            },
            "scenes": {name: _number(found.miou) for name, found in self.scenes.items()},
            "confusion": whole.confusion.tolist(),
        }

    def save(self, path: Path, **facts: Any) -> None:
        """Write the scores as JSON, with facts about them; InputError: the file cannot be written."""
        write_json_whole(path, {**facts, **self.as_dict()})


def _number(value: Any) -> float | None:
    number = float(value)
    return None if math.isnan(number) else number
