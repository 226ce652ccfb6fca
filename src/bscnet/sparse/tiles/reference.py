"""The convolution and its gradients in PyTorch's operators, from the same kernel maps: what kernels must give.

Serves where Triton does not: on a CPU, and in float64. Slow, and gathers everything.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from bscnet.sparse.offsets import group_sizes
from bscnet.sparse.operand import unpack_signs
from bscnet.sparse.tiles.entries import GROUP_AT, PLACE_BITS, SLICE_BITS
from bscnet.sparse.tiles.launch import Features
from bscnet.sparse.tiles.reading import CHILDREN, RUNS, SELF, Reading


def convolve(features: Features, weight: Tensor, reading: Reading) -> Tensor:
    """See `bscnet.sparse.tiles.launch.convolve`."""
    x = _real(features, weight.shape[1], _wide(weight))
    out = x.new_zeros((reading.rows, weight.shape[2]))
    for number, ins, outs, to, source in _gathers(reading, weight.shape[1], weight.shape[2]):
        out[to, outs] += x[source, ins] @ weight[number, ins, outs].to(x.dtype)
    return out.to(weight.dtype)


def weight_gradient(features: Features, grad: Tensor, reading: Reading, shape: list[int]) -> Tensor:
    """See `bscnet.sparse.tiles.launch.weight_gradient`."""
    x = _real(features, shape[1], _wide(grad))
    out = x.new_zeros(shape)
    for number, ins, outs, to, source in _gathers(reading, shape[1], shape[2]):
        out[number, ins, outs] += x[source, ins].T @ grad[to, outs].to(x.dtype)
    return out.to(grad.dtype)


def source_rows(reading: Reading, place: int) -> tuple[Tensor, Tensor]:
    """Output rows that have a cell, ascending, and the rows that they read through it, int64."""
    if reading.kind == SELF:
        rows = torch.arange(reading.rows, device=reading.table.device)
        return rows, rows
    if reading.kind == CHILDREN:
        to = (reading.table[place] >= 0).nonzero().flatten()
        return to, reading.table[place, to].long()
    if reading.kind != RUNS:
        to = (reading.table & 7 == place).nonzero().flatten()
        return to, (reading.table[to] >> 3).long()
    side = reading.side
    margin = (5 - side) // 2
    x, y, z = ((place >> shift & 7) - margin for shift in (6, 3, 0))
    words = reading.table[:, x * side + y]
    to = (words >> z & 1).nonzero().flatten()
    words = words[to]
    source = (words >> 5 & (1 << 27) - 1).long() + sum(words >> below & 1 for below in range(z))
    return to, reading.order[source].long() if len(reading.order) else source


def _gathers(
    reading: Reading, channels_in: int, channels_out: int
) -> Iterator[tuple[int, slice, slice, Tensor, Tensor]]:
    """Of each entry the weight's slice, the channels in and out, the rows that are written and those that are read."""
    ins, outs = _columns(channels_in, reading.groups_in), _columns(channels_out, reading.groups)
    for entries, out in zip(reading.entries.tolist(), outs, strict=True):
        for one in entries:
            number = one >> PLACE_BITS & (1 << SLICE_BITS) - 1
            number = number if reading.last < 0 else reading.last - number
            yield number, ins[one >> GROUP_AT], out, *source_rows(reading, one & (1 << PLACE_BITS) - 1)


def _columns(channels: int, groups: int) -> list[slice]:
    sizes = group_sizes(channels, groups)
    return [slice(sum(sizes[:group]), sum(sizes[: group + 1])) for group in range(groups)]


def _wide(tensor: Tensor) -> torch.dtype:
    return torch.promote_types(tensor.dtype, torch.float32)


def _real(features: Features, channels: int, dtype: torch.dtype) -> Tensor:
    if features.bits:
        return unpack_signs(features.values, channels, dtype)
    values = features.values.to(dtype)
    if features.scale is None or features.shift is None:
        return values
    return values * features.scale.to(dtype) + features.shift.to(dtype)
