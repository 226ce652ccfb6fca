"""Pooling and unpooling between levels."""

from __future__ import annotations

from torch import nn

from bscnet.sparse import Sites, SparseTensor


class AvgPool(nn.Module):
    """Average over the 2x2x2 receptive field: sum of the active children / 8 (SparseConvNet's convention)."""

    def forward(self, x: SparseTensor) -> SparseTensor:
        """Pool to the next coarser level."""
        return x.replace(x.sites.pool_sum(x.feats) / 8, x.sites.coarser)


class MaxPool(nn.Module):
    """Maximum over the active children."""

    def forward(self, x: SparseTensor) -> SparseTensor:
        """Pool to the next coarser level."""
        return x.replace(x.sites.pool_max(x.feats), x.sites.coarser)


def unpool(x: SparseTensor, fine: Sites) -> SparseTensor:
    """``y_u = x_{floor(u/2)}`` at the finer sites."""
    return x.replace(fine.unpool(x.feats), fine)
