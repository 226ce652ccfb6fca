"""A linear layer over sites."""

from __future__ import annotations

from torch import Tensor, nn

from bscnet.sparse.products import pointwise


class SiteLinear(nn.Linear):
    """``x W^T + b`` of ``(N, C)`` features.

    While it trains in float32 on the CPU, the number of threads changes no bit. In evaluation it is torch's.

    Examples:
        >>> import torch
        >>> from bscnet.nn import SiteLinear
        >>> SiteLinear(3, 20)(torch.ones(5, 3)).shape
        torch.Size([5, 20])
    """

    def forward(self, feats: Tensor) -> Tensor:
        """Scores ``(N, out_features)``."""
        return pointwise(feats, self.weight.t(), self.bias) if self.training else super().forward(feats)
