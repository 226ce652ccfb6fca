"""What the height above the ground alone can tell, fold by fold, and how many points each fold has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from bscnet.data.real.height import HeightClassifier, above_ground
from bscnet.data.real.lidar import RealLidarSource
from bscnet.data.real.split import GAP
from bscnet.ignore import IGNORE_INDEX
from bscnet.metrics import scores


def fold_baseline(data: Mapping[str, Any], fold: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Scores of the height-only classifier on the held-out part of a fold, and the fold's counts of points.

    data: the settings of the data group, of which root, gap and building_ceiling count.
    Raises:
        InputError, PackageUnavailableError: as of `RealLidarSource`.
    """
    source = RealLidarSource(data["root"], "lidar_block", fold, data["gap"], data["building_ceiling"])
    (train,), (held_out,) = ([source.read(scene) for scene in source.scenes(split)] for split in ("train", "val"))
    names = source.class_names
    classifier = HeightClassifier(len(names)).fit(above_ground(train.points), train.labels)
    found = scores(confusion(classifier.predict(above_ground(held_out.points)), held_out.labels, len(names)))
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


def confusion(prediction: npt.NDArray[np.integer], labels: npt.NDArray[np.integer], num_classes: int) -> torch.Tensor:
    """Counts (C, C) of labelled points, rows the truth, columns the prediction."""
    known = labels != IGNORE_INDEX
    cells = labels[known].astype(np.int64) * num_classes + prediction[known]
    return torch.from_numpy(np.bincount(cells, minlength=num_classes**2).reshape(num_classes, num_classes))
