"""The segmentation loss: cross entropy over labelled points, from logits of points or of their voxels."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from bscnet.ignore import IGNORE_INDEX
from bscnet.sparse.products import total


def point_cross_entropy(logits: Tensor, labels: Tensor, ignore_index: int = IGNORE_INDEX) -> Tensor:
    """Mean cross entropy over the points whose label is not `ignore_index`.

    L = −(1/P') Σ_p log softmax(logits_p)[label_p]. With no labelled point at all (P' = 0) the loss is 0 with zero
    gradients, not NaN: such a batch moves nothing, and under DDP its process still takes part in the reduction.

    Args:
        logits: (P, C), one row a point.
        labels: (P,) class ids, int64.
    """
    count = (labels != ignore_index).sum()
    total = F.cross_entropy(logits, labels, ignore_index=ignore_index, reduction="sum")
    return total / count.clamp(min=1)


def voxel_cross_entropy(
    logits: Tensor, point_to_voxel: Tensor, labels: Tensor, ignore_index: int = IGNORE_INDEX
) -> Tensor:
    """`point_cross_entropy` of points that all take the logits of their voxel, without a row for each point.

    See `histogram_cross_entropy`.

    Args:
        logits: (N, C), one row a voxel.
        point_to_voxel: (P,) the voxel of each point.
        labels: (P,) class ids of any integer type.
    """
    counts = class_histogram(point_to_voxel, labels, len(logits), logits.shape[1], ignore_index)
    return histogram_cross_entropy(logits, counts)


def histogram_cross_entropy(
    logits: Tensor, counts: Tensor, class_weights: Tensor | None = None, label_smoothing: float = 0.0
) -> Tensor:
    """Cross entropy of voxels whose points of each class are counted, with torch's weights and label smoothing.

    L = −Σ_v Σ_c w_c ((1 − ε) h_vc + (ε/C) Σ_d h_vd) log softmax(logits_v)[c] / Σ_vc w_c h_vc. In float32 at least,
    whatever the type of the logits. On a GPU nothing here waits for the device.

    Args:
        logits: (N, C).
        counts: (N, C) h, see `class_histogram`.
        class_weights: (C,) w; None: 1.
        label_smoothing: ε, the share of a label that is spread over all classes.
    """
    scores = F.log_softmax(logits, dim=1, dtype=torch.promote_types(logits.dtype, torch.float32))
    wanted = counts
    if label_smoothing:
        spread = counts.sum(dim=1, keepdim=True) * (label_smoothing / logits.shape[1])
        wanted = (1 - label_smoothing) * counts + spread
    if class_weights is None:
        return -total(wanted * scores) / counts.sum().clamp(min=1)
    weights = class_weights.to(scores.dtype)
    weight = (counts.sum(dim=0) * weights).sum()
    return -total(wanted * weights * scores) / torch.where(weight > 0, weight, 1)


def class_histogram(
    point_to_voxel: Tensor, labels: Tensor, num_voxels: int, num_classes: int, ignore_index: int = IGNORE_INDEX
) -> Tensor:
    """(N, C) int32: how many points of each voxel have each label; whole numbers, so that their order does not matter.

    Int32, because a voxel of a dense scan may hold more points than int16 counts.
    """
    counted = labels != ignore_index
    cells = point_to_voxel.long() * num_classes + labels.clamp(min=0)  # an ignored point adds 0 to the first class
    histogram = torch.zeros(num_voxels * num_classes, dtype=torch.int32, device=labels.device)
    return histogram.scatter_add_(0, cells, counted.int()).view(num_voxels, num_classes)
