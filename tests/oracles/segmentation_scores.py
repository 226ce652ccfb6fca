"""Segmentation scores from their definitions: sets of points, one class at a time."""

from __future__ import annotations

import numpy as np


def confusion_of(truth: np.ndarray, predicted: np.ndarray, num_classes: int, ignore: int = -100) -> np.ndarray:
    """Counts by a plain loop over the points; rows the truth."""
    matrix = np.zeros((num_classes, num_classes), dtype=np.int64)
    for t, p in zip(truth.tolist(), predicted.tolist(), strict=True):
        if t != ignore:
            matrix[t, p] += 1
    return matrix


def scores_of(truth: np.ndarray, predicted: np.ndarray, num_classes: int, ignore: int = -100) -> dict[str, object]:
    """IoU and recall of every class as sizes of sets of point indices; None where undefined."""
    kept = [i for i, t in enumerate(truth.tolist()) if t != ignore]
    iou: list[float | None] = []
    recall: list[float | None] = []
    for c in range(num_classes):
        is_c = {i for i in kept if truth[i] == c}
        said_c = {i for i in kept if predicted[i] == c}
        iou.append(len(is_c & said_c) / len(is_c | said_c) if is_c | said_c else None)
        recall.append(len(is_c & said_c) / len(is_c) if is_c else None)
    defined_iou = [v for v in iou if v is not None]
    defined_recall = [v for v in recall if v is not None]
    return {
        "iou": iou,
        "recall": recall,
        "miou": sum(defined_iou) / len(defined_iou),
        "macc": sum(defined_recall) / len(defined_recall),
        "acc": sum(truth[i] == predicted[i] for i in kept) / len(kept),
    }
