"""Batch normalization over active sites."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional


class SiteNorm(nn.BatchNorm1d):
    """Batch norm over all active sites of the batch; SparseConvNet's eps 1e-4 and momentum 0.01 are the defaults.

    A batch with a single site has no variance: it is normalized by the running statistics, which it leaves alone.
    """

    def __init__(self, channels: int, eps: float = 1e-4, momentum: float = 0.01) -> None:
        super().__init__(channels, eps=eps, momentum=momentum)

    def forward(self, feats: Tensor) -> Tensor:
        """Normalize ``(N, C)`` features."""
        if self.training and len(feats) == 1:
            return functional.batch_norm(
                feats, self.running_mean, self.running_var, self.weight, self.bias, False, 0.0, self.eps
            )
        return super().forward(feats)
