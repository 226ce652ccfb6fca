"""Batch normalization over active sites."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from bscnet.fused import Norm, normalized


class SiteNorm(nn.BatchNorm1d):
    """Batch norm over all active sites of the batch; SparseConvNet's eps 1e-4 and momentum 0.01 are the defaults.

    A batch with a single site has no variance: it is normalized by the running statistics, which it leaves alone.

    Examples:
        >>> import torch
        >>> from bscnet.nn import SiteNorm
        >>> SiteNorm(1)(torch.tensor([[-1.0], [1.0]])).round(decimals=3).flatten().tolist()
        [-1.0, 1.0]
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def __init__(self, channels: int, eps: float = 1e-4, momentum: float = 0.01) -> None:
        super().__init__(channels, eps=eps, momentum=momentum)

    def forward(self, feats: Tensor) -> Tensor:
        """Normalize ``(N, C)`` features; those that autocast made shorter than the parameters as these."""
        feats = feats.to(self.weight.dtype)
        # On the CPU torch's statistics of a batch depend on the number of threads.
        if feats.dtype == torch.float32 and (feats.is_cuda or (self.training and len(feats) > 1)):
            return normalized(feats, self.parts(len(feats)))
        if self.training and len(feats) == 1:
            return functional.batch_norm(
                feats, self.running_mean, self.running_var, self.weight, self.bias, False, 0.0, self.eps
            )
        return super().forward(feats)

    def parts(self, sites: int) -> Norm:
        """What it consists of when it normalizes so many sites."""
        training = self.training and sites > 1
        momentum = self.momentum
        if momentum is None:  # torch's word for the mean over all batches, this one included
            momentum = 1.0 / (float(self.num_batches_tracked) + 1.0) if training else 0.0
        return Norm(
            self.weight,
            self.bias,
            self.running_mean,
            self.running_var,
            self.num_batches_tracked,
            momentum=momentum,
            eps=self.eps,
            training=training,
        )
