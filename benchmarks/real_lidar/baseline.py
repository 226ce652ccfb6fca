"""What the height above the ground alone can tell, fold by fold, and how many points each fold has."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from benchmarks.real_lidar.height_classifier import HeightClassifier
from bscnet.datasets.real.height import above_ground
from bscnet.datasets.real.lidar import RealLidarSource
from bscnet.datasets.real.split import GAP
from bscnet.metrics import SegmentationMetric, SegmentationScores


def fold_baseline(
    root: str, gap: float, building_ceiling: float | None, fold: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Scores of the height-only classifier on the held-out part of a fold, and the fold's counts of points.

    Args:
        root, gap, building_ceiling: as in the settings of the data.
        fold: which part is held out.

    Raises:
        InputError, PackageUnavailableError: as of `RealLidarSource`.
    """
    source = RealLidarSource(root, "lidar_block", fold, gap, building_ceiling)
    (train,), (held_out,) = ([source.read(scene) for scene in source.scenes(split)] for split in ("train", "val"))
    names = source.class_names
    classifier = HeightClassifier(len(names)).fit(above_ground(train.points), train.labels)
    found = scores_of(classifier.predict(above_ground(held_out.points)), held_out.labels, len(names))
    score = {
        "miou": float(found.miou),
        "acc": float(found.acc),
        "iou": dict(zip(names, found.iou.tolist(), strict=True)),
    }
    points = {
        "train": len(train.points),
        "gap": int((source.parts() == GAP).sum()),
        "held_out": len(held_out.points),
        "held_out_by_class": {name: int((held_out.labels == number).sum()) for number, name in enumerate(names)},
    }
    return score, points


def scores_of(
    prediction: npt.NDArray[np.integer], labels: npt.NDArray[np.integer], num_classes: int
) -> SegmentationScores:
    """Scores of (P,) classes against (P,) labels; points that are not labelled do not count."""
    metric = SegmentationMetric(num_classes)
    metric.update(torch.from_numpy(prediction), torch.from_numpy(labels.astype(np.int64)))
    return metric.compute()
