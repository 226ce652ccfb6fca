"""The least-squares fit of a real response by a binarized one, from sums over sites that are added up scene by scene.

With Y the real response of an output channel and B the one with 1-bit operands, over the sites of a set:

    alpha = <Y,B> / |B|^2,    |Y - alpha B|^2 = |Y|^2 - <Y,B>^2 / |B|^2,    NMSE = 1 - <Y,B>^2 / (|Y|^2 |B|^2).

A layer's NMSE is the sum of the errors over channels by the sum of |Y|^2. Mean-centred, Y and B are taken less their
means over the set, which is the fit alpha B + beta.
"""

from __future__ import annotations

import torch
from torch import Tensor

MIN_SITES = 30
"""Fewer sites give no value: the fit of one factor to n sites takes an n-th of the error away."""

_COUNT, _Y, _B, _YY, _BB, _YB = range(6)


def moments(y: Tensor, b: Tensor, bins: Tensor, num_bins: int) -> Tensor:
    """Sums over sites, by bin and channel: 1, Y, B, Y^2, B^2 and Y B.

    Sums of other sites are added to them with ``+``, those of other channels joined along the last axis.

    Args:
        y: ``(N, C)`` real responses.
        b: ``(N, C)`` binarized responses.
        bins: ``(N,)`` int64 bin of each site.
        num_bins: one more than the largest bin.

    Returns:
        ``(6, num_bins, C)`` float64.
    """
    y, b = y.double(), b.double()
    products = torch.stack([torch.ones_like(y), y, b, y * y, b * b, y * b], dim=1)
    sums = products.new_zeros(num_bins, *products.shape[1:]).index_add_(0, bins, products)
    return sums.transpose(0, 1).contiguous()


def all_bins(sums: Tensor) -> Tensor:
    """The moments ``(6, 1, C)`` of the sites of all bins together."""
    return sums.sum(1, keepdim=True)


def counts(sums: Tensor) -> Tensor:
    """Sites of each bin, ``(bins,)``; where channels see different windows, their mean over channels."""
    return sums[_COUNT].mean(-1)


def centred(sums: Tensor) -> Tensor:
    """The moments of Y and B less their means over each bin."""
    n, y, b, yy, bb, yb = sums
    some = n.clamp(min=1)
    zero = torch.zeros_like(y)
    # A variance that is rounding alone is none.
    yy_c, bb_c = (_positive(second - first * first / some, second) for first, second in ((y, yy), (b, bb)))
    return torch.stack([n, zero, zero, yy_c, bb_c, yb - y * b / some])


def scale(sums: Tensor) -> Tensor:
    """Least-squares factors alpha, ``(bins, C)``; 0 where B is 0."""
    bb = sums[_BB]
    return torch.where(bb > 0, sums[_YB] / bb.where(bb > 0, 1.0), 0.0)


def layer_nmse(sums: Tensor, min_sites: int = MIN_SITES) -> Tensor:
    """NMSE of each bin, ``(bins,)`` in [0, 1].

    Channels with fewer than ``min_sites`` sites in a bin are left out of it; NaN where none is left or Y is 0.
    """
    enough = sums[_COUNT] >= min_sites
    error, power = (torch.where(enough, values, 0.0).sum(-1) for values in (_errors(sums), sums[_YY]))
    return error / power


def _errors(sums: Tensor) -> Tensor:
    return (sums[_YY] - scale(sums) * sums[_YB]).clamp(min=0.0)


def _positive(variance: Tensor, second: Tensor) -> Tensor:
    return torch.where(variance > 1e-12 * second, variance, 0.0)
