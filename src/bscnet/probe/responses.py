"""What a layer gives with real operands and with 1-bit ones, on windows of any kind."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

REAL = "real"
# Rows of a block: what is gathered takes some ten megabytes at most widths.
_ROWS = 2048


def responses(h: Tensor, h_signs: Tensor, weight: Tensor, weight_signs: Tensor, rows: Tensor) -> dict[str, Tensor]:
    """``y_u = sum_k W_k^T h_{rows[u, k]}`` with real operands and the three ways to make them 1-bit.

    Args:
        h: ``(N, C_in)`` features.
        h_signs: ``(N, C_in)`` of +-1.
        weight: ``(K, C_in, C_out)``.
        weight_signs: ``(K, C_in, C_out)`` of +-1.
        rows: ``(M, K)`` rows of h; N where a cell is absent and adds nothing.

    Returns:
        ``(M, C_out)`` each, by ``real``, ``sign_w``, ``sign_h`` and ``both``.
    """
    kernels = torch.cat([weight, weight_signs], dim=2).flatten(0, 1)
    real = torch.cat([block.flatten(1) @ kernels for block in _gathered(h, rows)])
    binary = torch.cat([block.flatten(1) @ kernels for block in _gathered(h_signs, rows)])
    channels = weight.shape[2]
    return {
        REAL: real[:, :channels],
        "sign_w": real[:, channels:],
        "sign_h": binary[:, :channels],
        "both": binary[:, channels:],
    }


def window_products(h: Tensor, rows: Tensor) -> Tensor:
    """Sums from which the correlation of features between the cells of a window follows, ``(2,)`` float64.

    The first is over sites, channels and pairs of different present cells of ``h_k h_l``; the second of
    ``(h_k^2 + h_l^2) / 2``. Their quotient is the correlation rho about 0 that ``gaussian_nmse`` takes.
    """
    sums = torch.zeros(2, dtype=torch.float64, device=h.device)
    for block, chosen in zip(_gathered(h, rows), rows.split(_ROWS), strict=True):
        squares = block.double().square().sum((1, 2))
        whole = block.double().sum(1).square().sum(1)
        others = (chosen < len(h)).sum(1) - 1
        sums += torch.stack([(whole - squares).sum(), (others * squares).sum()])
    return sums


def kernel_correlation(weight: Tensor) -> float:
    """The correlation about 0 of a kernel between two of its cells, over channels: kernel_rho of ``gaussian_nmse``."""
    kernels = weight.detach().double()
    squares, whole = float(kernels.square().sum()), float(kernels.sum(0).square().sum())
    pairs = (len(kernels) - 1) * squares
    return (whole - squares) / pairs if pairs > 0 else 0.0


def _gathered(h: Tensor, rows: Tensor) -> Iterator[Tensor]:
    """``(rows, K, C)`` blocks of what windows read, zero where a cell is absent."""
    padded = torch.cat([h, h.new_zeros(1, h.shape[1])])
    for part in rows.split(_ROWS):
        yield padded.index_select(0, part.flatten()).unflatten(0, part.shape)
