"""The noise adaptation of FDA: a small network that corrects a sign while it is trained, and then is gone."""

from __future__ import annotations

import math

from torch import Tensor, nn
from torch.nn import functional

from bscnet.sparse.products import pointwise

REDUCTION = 64


class SignNoise(nn.Module):
    """``a (V relu(U z) + 0.1 sin(z))`` for each row z, with ``a = 0.05 (1 + cos(pi p))``.

    U and V reduce the row to a 64th of its length (at least 1) and bring it back. The weight a falls from 0.1 to 0 over
    the stage; callers leave the term out when they do not train.

    Args:
        features: length of a row: channels of activations, or latent weights of an output channel.

    Source: FDA-BNN ("Learning Frequency Domain Approximation for Binary Neural Networks", NeurIPS 2021, arXiv
    2103.00841); htqin/BiBench, fda.py.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.reduce = nn.Linear(features, max(1, features // REDUCTION), bias=False)
        self.expand = nn.Linear(self.reduce.out_features, features, bias=False)
        self.progress = 0.0

    @property
    def weight(self) -> float:
        """The factor a."""
        return 0.05 * (1 + math.cos(math.pi * self.progress))

    def forward(self, z: Tensor) -> Tensor:
        """``(N, features)`` to the same shape."""
        hidden = functional.relu(pointwise(z, self.reduce.weight.t()))
        return self.weight * (pointwise(hidden, self.expand.weight.t()) + 0.1 * z.sin())
