"""The segmentation loss: cross entropy over labelled points."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from bscnet.ignore import IGNORE_INDEX


def point_cross_entropy(logits: Tensor, labels: Tensor, ignore_index: int = IGNORE_INDEX) -> Tensor:
    """Mean cross entropy over the points whose label is not `ignore_index`.

    L = −(1/P') Σ_p log softmax(logits_p)[label_p]. With no labelled point at all (P' = 0) the loss is 0 with zero
    gradients, not NaN: such a batch moves nothing, and under DDP its process still takes part in the reduction.

    Args:
        logits: (P, C), one row a point.
        labels: (P,) class ids.
    """
    count = (labels != ignore_index).sum()
    total = F.cross_entropy(logits, labels, ignore_index=ignore_index, reduction="sum")
    return total / count.clamp(min=1)
