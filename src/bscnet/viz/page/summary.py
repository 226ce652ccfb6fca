"""The numbers beside the picture: points and IoU of every class, and the scene's mIoU, over all of its points."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.viz.page.scene import PageScene
from bscnet.viz.palette import class_palette


def class_rows(scene: PageScene) -> list[dict[str, Any]]:
    """A row for each class: name, colour (RGB), numbers of points (None where unknown) and IoU (None: undefined).

    IoU_c = |truth is c and prediction is c| / |truth is c or prediction is c|, points of ignored truth left out;
    `predicted` counts those out as well where there is a truth.
    """
    classes = len(scene.class_names)
    truth, prediction = scene.truth, scene.prediction
    labelled = slice(None) if truth is None else (truth >= 0) & (truth < classes)
    true = None if truth is None else _counts(truth[labelled], classes)
    predicted = None if prediction is None else _counts(prediction[labelled], classes)
    right = None
    if truth is not None and prediction is not None:
        right = _counts(truth[labelled & (truth == prediction)], classes)
    rows, colours = [], class_palette(classes, scene.palette)
    for place, name in enumerate(scene.class_names):
        row: dict[str, Any] = {"name": name, "colour": colours[place].tolist(), "iou": None}
        for key, counts in (("truth", true), ("predicted", predicted), ("right", right)):
            row[key] = None if counts is None else int(counts[place])
        if right is not None:
            union = row["truth"] + row["predicted"] - row["right"]
            row["iou"] = row["right"] / union if union else None
        rows.append(row)
    return rows


def mean_iou(rows: list[dict[str, Any]]) -> float | None:
    """Mean of the IoUs that are defined, a fraction; None where none is."""
    defined = [row["iou"] for row in rows if row["iou"] is not None]
    return sum(defined) / len(defined) if defined else None


def _counts(labels: npt.NDArray[np.integer], classes: int) -> npt.NDArray[np.int64]:
    inside = labels[(labels >= 0) & (labels < classes)]
    return np.bincount(inside.astype(np.int64), minlength=classes)
