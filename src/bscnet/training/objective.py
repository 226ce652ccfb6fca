"""What a stage's training makes small: a sum of losses over the labelled points."""

from __future__ import annotations

from torch import Tensor, nn

from bscnet.training.loss import class_histogram, histogram_cross_entropy
from bscnet.training.lovasz import lovasz_softmax


class Objective(nn.Module):
    """cross_entropy · L_CE + lovasz · L_Lovász, each where its factor is not 0.

    Args:
        cross_entropy: factor of `histogram_cross_entropy`.
        lovasz: factor of `lovasz_softmax`.
        label_smoothing: of the cross entropy.
        class_weights: (C,) of the cross entropy; None: all alike. No part of a checkpoint.
    """

    class_weights: Tensor | None

    def __init__(
        self,
        cross_entropy: float = 1.0,
        lovasz: float = 0.0,
        label_smoothing: float = 0.0,
        class_weights: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.cross_entropy, self.lovasz, self.label_smoothing = cross_entropy, lovasz, label_smoothing
        self.register_buffer("class_weights", class_weights, persistent=False)

    def forward(self, logits: Tensor, point_to_voxel: Tensor, labels: Tensor) -> Tensor:
        """The loss of a batch, a scalar.

        Args:
            logits: (N, C) of voxels.
            point_to_voxel: (P,) the voxel of each point.
            labels: (P,) class ids of any integer type, `IGNORE_INDEX` where a point does not count.
        """
        counts = class_histogram(point_to_voxel, labels, len(logits), logits.shape[1])
        terms = []
        if self.cross_entropy:
            weights, smoothing = self.class_weights, self.label_smoothing
            terms.append(self.cross_entropy * histogram_cross_entropy(logits, counts, weights, smoothing))
        if self.lovasz:
            terms.append(self.lovasz * lovasz_softmax(logits, counts))
        loss, *others = terms
        for other in others:
            loss = loss + other
        return loss
