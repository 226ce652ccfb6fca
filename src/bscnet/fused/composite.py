"""The kernels of a search's composite convolution for all channel groups at once.

Group g's kernel at cell o of the 5x5x5 grid is a sum over the rows r of the weight, with a mixture that depends on o
and r alone: ``W5_o^(g) = sum_r M^(g)_{o,r} W_r^(g)``. Both it and its gradients are matrix products.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from bscnet.sparse.offsets import Shift, shifted_columns
from bscnet.sparse.products import pointwise


def mixtures(pi: Tensor, shifts: tuple[Shift, ...], shared: bool, cells: Tensor | None) -> Tensor:
    """``(G, 125, rows)`` mixture M: entry (g, o, r) is the weight of the candidate that puts row r on cell o, else 0.

    Args:
        pi: ``(G, n_s)`` importance weights.
        shifts: the candidates.
        shared: the rows are the 27 cells of one kernel; else those of the first candidate's kernel, the second's, ...
        cells: the cells of the 5x5x5 grid that are wanted; None wants all.
    """
    basis = _placement(shifts, pi.device, pi.dtype)
    groups, count = pi.shape
    if shared:
        with torch.autocast(pi.device.type, enabled=False):
            mixture = pointwise(pi, basis.view(count, -1)).view(groups, 125, 27)
    else:
        mixture = (pi[:, None, :, None] * basis.transpose(0, 1)).reshape(groups, 125, -1)
    return mixture if cells is None else mixture.index_select(1, cells)


def mixed_kernels(weight: Tensor, mixture: Tensor, sizes: list[int]) -> Tensor:
    """``(cells, C_in, C_out)`` kernels of all groups.

    Args:
        weight: ``(rows, C_in, C_out)``.
        mixture: ``(G, cells, rows)``.
        sizes: output channels of each of the G contiguous groups.
    """
    if len(set(sizes)) == 1:
        return _MixedKernels.apply(weight, mixture)
    parts = weight.split(sizes, dim=2)
    return torch.cat([_MixedKernels.apply(part, own) for part, own in zip(parts, mixture.split(1), strict=True)], dim=2)


class _MixedKernels(Function):
    """Keeps the weight and the mixture; the weight's copy with the groups in front is made again."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, mixture: Tensor) -> Tensor:
        ctx.save_for_backward(weight, mixture)
        with torch.autocast(weight.device.type, enabled=False):
            kernels = torch.bmm(mixture, _by_group(weight, len(mixture)))
        return _by_cell(kernels, *weight.shape[1:])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor | None]:
        weight, mixture = ctx.saved_tensors
        grouped = _by_group(grad, len(mixture))
        to_mixture = None
        with torch.autocast(weight.device.type, enabled=False):
            if ctx.needs_input_grad[1]:
                to_mixture = torch.bmm(grouped, _by_group(weight, len(mixture)).transpose(1, 2))
            return _by_cell(torch.bmm(mixture.transpose(1, 2), grouped), *weight.shape[1:]), to_mixture


def _by_group(values: Tensor, groups: int) -> Tensor:
    """``(G, rows, C_in * C_out / G)`` from ``(rows, C_in, C_out)``."""
    rows, c_in, c_out = values.shape
    return values.reshape(rows, c_in, groups, c_out // groups).permute(2, 0, 1, 3).reshape(groups, rows, -1)


def _by_cell(values: Tensor, c_in: int, c_out: int) -> Tensor:
    """``(rows, C_in, C_out)`` from ``(G, rows, C_in * C_out / G)``."""
    groups, rows, _ = values.shape
    return values.view(groups, rows, c_in, c_out // groups).permute(1, 2, 0, 3).reshape(rows, c_in, c_out)


@lru_cache(maxsize=8)
def _placement(shifts: tuple[Shift, ...], device: torch.device, dtype: torch.dtype) -> Tensor:
    """``(n_s, 125, 27)``: 1 where candidate i puts kernel cell k on cell o, else 0; kept for each device."""
    with torch.inference_mode(False):  # a tensor made in that mode could not serve a training step
        placed = torch.zeros(len(shifts), 125, 27, dtype=dtype)
        for candidate, shift in enumerate(shifts):
            placed[candidate, shifted_columns(shift), torch.arange(27)] = 1
        return placed.to(device)
