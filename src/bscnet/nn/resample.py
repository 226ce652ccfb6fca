"""Pooling and unpooling between levels."""

from __future__ import annotations

from torch import nn

from bscnet.sparse import Sites, SparseTensor


class AvgPool(nn.Module):
    """Average over the 2x2x2 receptive field: sum of the active children / 8 (SparseConvNet's convention).

    Examples:
        >>> import torch
        >>> from bscnet.nn import AvgPool
        >>> from bscnet.sparse import SparseTensor
        >>> x = SparseTensor(torch.ones(2, 3), torch.tensor([[0, 0, 0, 0], [0, 1, 0, 0]]))
        >>> AvgPool()(x).feats.tolist()
        [[0.25, 0.25, 0.25]]
    """

    def forward(self, x: SparseTensor) -> SparseTensor:
        """Pool to the next coarser level."""
        return x.replace(x.sites.pool_sum(x.feats) / 8, x.sites.coarser)


class MaxPool(nn.Module):
    """Maximum over the active children.

    Examples:
        >>> import torch
        >>> from bscnet.nn import MaxPool
        >>> from bscnet.sparse import SparseTensor
        >>> x = SparseTensor(torch.ones(2, 3), torch.tensor([[0, 0, 0, 0], [0, 1, 0, 0]]))
        >>> MaxPool()(x).feats.tolist()
        [[1.0, 1.0, 1.0]]
    """

    def forward(self, x: SparseTensor) -> SparseTensor:
        """Pool to the next coarser level."""
        return x.replace(x.sites.pool_max(x.feats), x.sites.coarser)


def unpool(x: SparseTensor, fine: Sites) -> SparseTensor:
    """``y_u = x_{floor(u/2)}`` at the finer sites.

    Examples:
        >>> import torch
        >>> from bscnet.nn import MaxPool, unpool
        >>> from bscnet.sparse import SparseTensor
        >>> x = SparseTensor(torch.ones(2, 3), torch.tensor([[0, 0, 0, 0], [0, 1, 0, 0]]))
        >>> unpool(MaxPool()(x), x.sites)
        SparseTensor(2 sites, 3 channels, stride 1, torch)
    """
    return x.replace(fine.unpool(x.feats), fine)
