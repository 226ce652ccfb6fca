"""Kernel cells: which offset each slice of a weight's first axis belongs to."""

from __future__ import annotations

import functools
import itertools

import torch
from torch import Tensor

from bscnet.errors import InputError

Shift = tuple[int, int, int]


def kernel_offsets(kernel_size: int) -> Tensor:
    """Offsets of the cells of a cubic kernel, in the order of a weight's first axis.

    Odd sizes are centred, ``{-r..r}^3`` with ``r = (kernel_size - 1) / 2``; even sizes start at the corner,
    ``{0..kernel_size-1}^3``, as strided convolutions need. x runs fastest, z slowest, which is also
    MinkowskiEngine's order for cubes.

    Args:
        kernel_size: cells per axis, at least 1.

    Returns:
        ``(kernel_size**3, 3)`` int64 offsets (x, y, z) in voxels of the level.

    Raises:
        InputError: kernel_size is below 1.

    Examples:
        >>> from bscnet.sparse import kernel_offsets
        >>> kernel_offsets(3).shape
        torch.Size([27, 3])
        >>> kernel_offsets(3)[[0, 1, 13]].tolist()
        [[-1, -1, -1], [0, -1, -1], [0, 0, 0]]
    """
    if kernel_size < 1:
        raise InputError(f"kernel_size is {kernel_size}; it must be at least 1")
    start = -(kernel_size // 2) if kernel_size % 2 else 0
    axis = torch.arange(start, start + kernel_size)
    z, y, x = torch.meshgrid(axis, axis, axis, indexing="ij")
    return torch.stack([x.reshape(-1), y.reshape(-1), z.reshape(-1)], dim=1)


def shifted_columns(shift: Shift) -> Tensor:
    """Columns of the 5x5x5 neighbour table that a 3x3x3 kernel reads when its cell ``shift`` sits on the site.

    Cell ``k`` of the kernel reads offset ``k - shift`` (BSC-Net's shifted sparse convolution).

    Args:
        shift: matching position, each component in {-1, 0, 1}.

    Returns:
        ``(27,)`` int64 column numbers, in the cell order of ``kernel_offsets(3)``.
    """
    return torch.tensor(_columns(*shift))


@functools.cache  # asked for by every shifted layer in every step
def _columns(x: int, y: int, z: int) -> list[int]:
    cells = itertools.product((-1, 0, 1), repeat=3)  # as `kernel_offsets`, z slowest
    return [(dx - x + 2) + 5 * (dy - y + 2) + 25 * (dz - z + 2) for dz, dy, dx in cells]


def check_shifts(shifts: object) -> tuple[Shift, ...]:
    """The shifts as a tuple of integer triples.

    Raises:
        InputError: not of shape (G, 3), or a component is not -1, 0 or 1.
    """
    table = torch.as_tensor(shifts)
    if table.ndim != 2 or table.shape[1] != 3 or table.shape[0] < 1:
        raise InputError(f"shifts have shape {tuple(table.shape)}; they must be (groups, 3)")
    if not bool(((table == -1) | (table == 0) | (table == 1)).all()):
        raise InputError(f"shifts are {table.tolist()}; each component must be -1, 0 or 1")
    return tuple((int(x), int(y), int(z)) for x, y, z in table.tolist())


def group_sizes(channels: int, groups: int) -> list[int]:
    """Channels of each contiguous group, as ``numpy.array_split`` divides them.

    Raises:
        InputError: there are more groups than channels, or fewer than one group.
    """
    if not 1 <= groups <= channels:
        raise InputError(f"{groups} channel groups asked for {channels} channels; allowed are 1 to {channels}")
    base, extra = divmod(channels, groups)
    return [base + 1] * extra + [base] * (groups - extra)
