"""One pass over a split: its scores, and its best and worst scene to look at."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bscnet.evaluation.split_scores import SplitScores
from bscnet.evaluation.torch_predictor import ScenePrediction


@dataclass(frozen=True)
class Evaluation:
    """scores: of the split and each scene. best, worst: by mIoU, the first of equals; None: nothing is labelled."""

    scores: SplitScores
    best: ScenePrediction | None
    worst: ScenePrediction | None


def evaluate(found: Iterable[ScenePrediction], class_names: Sequence[str]) -> Evaluation:
    """Count every scene; only the best and the worst are kept as points."""
    scores = SplitScores(class_names)
    best: tuple[float, ScenePrediction] | None = None
    worst: tuple[float, ScenePrediction] | None = None
    for one in found:
        miou = float(scores.add(one).miou)
        if math.isnan(miou):
            continue
        if best is None or miou > best[0]:
            best = miou, one
        if worst is None or miou < worst[0]:
            worst = miou, one
    return Evaluation(scores, best and best[1], worst and worst[1])
