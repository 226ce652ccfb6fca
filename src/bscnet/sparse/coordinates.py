"""Coordinates of active sites as sortable integer keys."""

from __future__ import annotations

import torch
from torch import Tensor

from bscnet.errors import InputError
from bscnet.sparse.limits import AXIS_BITS, MAX_BATCH, MAX_COORD, MIN_COORD

_HALF = 1 << (AXIS_BITS - 1)
KEY_STRIDES = (1 << (2 * AXIS_BITS), 1 << AXIS_BITS, 1)


def coordinate_keys(coords: Tensor) -> Tensor:
    """One int64 key a site; keys sort by batch, then x, then y, then z.

    A step along an axis adds that axis' entry of ``KEY_STRIDES``, so neighbours are found by adding.

    Args:
        coords: ``(N, 4)`` integers, [batch, x, y, z] in voxels.

    Returns:
        ``(N,)`` int64.
    """
    c = coords.long()
    spatial = (c[:, 1:] + _HALF) @ torch.tensor(KEY_STRIDES, device=c.device)
    return (c[:, 0] << (3 * AXIS_BITS)) + spatial


def check_coordinates(coords: Tensor) -> None:
    """Refuse coordinates that are no site list.

    Raises:
        InputError: not ``(N, 4)`` integers with N >= 1, or out of the key range.
    """
    if coords.ndim != 2 or coords.shape[1] != 4:
        raise InputError(f"coords have shape {tuple(coords.shape)}; they must be (N, 4): batch, x, y, z")
    if coords.dtype not in (torch.int8, torch.int16, torch.int32, torch.int64):
        raise InputError(f"coords are {coords.dtype}; they must be integers (voxels)")
    if coords.shape[0] == 0:
        raise InputError("coords are empty; a sparse tensor needs at least one site")
    low, high = int(coords[:, 1:].min()), int(coords[:, 1:].max())
    if low < MIN_COORD or high > MAX_COORD:
        raise InputError(
            f"coordinates run from {low} to {high} voxels; allowed are {MIN_COORD} to {MAX_COORD} "
            "(centre the scene or use larger voxels)"
        )
    first, last = int(coords[:, 0].min()), int(coords[:, 0].max())
    if first < 0 or last > MAX_BATCH:
        raise InputError(f"batch indices run from {first} to {last}; allowed are 0 to {MAX_BATCH}")
