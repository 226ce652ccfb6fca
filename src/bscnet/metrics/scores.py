"""Scores of a semantic segmentation, read off one confusion matrix."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class SegmentationScores(NamedTuple):
    """What a confusion matrix says; every number is a fraction in [0, 1] or NaN where it is undefined.

    Attributes:
        iou: (C,) intersection over union; NaN for a class that neither the truth nor the prediction contains.
        recall: (C,) share of a class's points that were found; NaN for a class the truth does not contain.
        miou: mean of the defined entries of `iou`.
        macc: mean of the defined entries of `recall` ("mean accuracy").
        acc: share of all labelled points that are right ("pixel accuracy").
        confusion: (C, C) the counts all this was read off, rows the truth, summed over DDP processes.
    """

    iou: Tensor
    recall: Tensor
    miou: Tensor
    macc: Tensor
    acc: Tensor
    confusion: Tensor


def scores(confusion: Tensor) -> SegmentationScores:
    """Per-class IoU, mIoU, mean accuracy and pixel accuracy of a confusion matrix.

    With n_ij the number of points of true class i predicted as j:
    IoU_c = n_cc / (Σ_j n_cj + Σ_i n_ic − n_cc), recall_c = n_cc / Σ_j n_cj, acc = Σ_c n_cc / Σ_ij n_ij.
    A class absent from truth AND prediction has no IoU and is left out of the mean (as in ScanNet's own evaluation);
    a class that is only predicted has IoU 0 and counts. An empty matrix gives NaN everywhere.

    Args:
        confusion: (C, C) counts, rows the truth, columns the prediction, ignored points already left out.

    Raises:
        ValueError: if `confusion` is not a square matrix.
    """
    if confusion.ndim != 2 or confusion.shape[0] != confusion.shape[1]:
        raise ValueError(f"a confusion matrix is square, got shape {tuple(confusion.shape)}")
    counts = confusion.to(torch.float64)
    hits, truth, predicted = counts.diagonal(), counts.sum(1), counts.sum(0)
    iou, recall = hits / (truth + predicted - hits), hits / truth  # 0/0 is NaN, which is what "undefined" shall be
    return SegmentationScores(
        iou=iou,
        recall=recall,
        miou=iou.nanmean(),
        macc=recall.nanmean(),
        acc=hits.sum() / counts.sum(),
        confusion=confusion,
    )
