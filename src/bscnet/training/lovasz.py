"""The Lovász-softmax loss over the labelled points of a batch.

Written here because the libraries that have it (kornia, segmentation_models_pytorch) take images, a row of logits for
each of their points, and bring vision models along.
"""

from __future__ import annotations

import torch
from torch import Tensor

from bscnet.sparse.products import total


def lovasz_softmax(logits: Tensor, histogram: Tensor) -> Tensor:
    """Mean over the classes that have points of the Lovász extension of their Jaccard loss.

    Of class c, point p has the error m_p = 1 - P_p(c) where its label is c, else P_p(c). With the errors sorted
    downwards, the extension is Σ_i m_i (J_i - J_{i-1}), where J_i is the Jaccard loss of a prediction that is wrong at
    the first i points and right at all others. Points of a voxel share its logits, so those of the same label share
    their error: they are one entry with a count, whatever the order of equal errors.

    Args:
        logits: (N, C) of voxels.
        histogram: (N, C) points of each voxel with each label, ignored ones left out.

    Returns:
        a scalar; 0 without gradients where no point is labelled.

    Source: Berman et al. 2018 (arXiv 1705.08790).
    """
    kind = torch.promote_types(logits.dtype, torch.float32)
    probabilities = torch.softmax(logits, dim=1, dtype=kind)
    counts = histogram.to(kind)
    others = counts.sum(dim=1, keepdim=True) - counts
    errors = torch.cat([1 - probabilities, probabilities])  # of a voxel's points with the label, and of its others
    order = errors.detach().argsort(dim=0, descending=True)
    zeros = torch.zeros_like(counts)
    wrong = torch.cat([counts, zeros]).gather(0, order).cumsum(0)  # of the class, so far
    added = torch.cat([zeros, others]).gather(0, order).cumsum(0)
    points = counts.sum(dim=0)
    jaccard = 1 - (points - wrong) / (points + added).clamp(min=1)
    steps = torch.cat([jaccard[:1], jaccard[1:] - jaccard[:-1]])
    factors = torch.empty_like(steps).scatter_(0, order, steps)  # of each error where it stands, not sorted
    present = points > 0
    return total(errors * (factors * present / present.sum().clamp(min=1)))
