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
    # Shifts and sums of columns: integers have no matrix product on CUDA.
    keys = coords[:, 0].long()
    for axis in (1, 2, 3):
        keys = (keys << AXIS_BITS) + coords[:, axis].long() + _HALF
    return keys


def check_form(coords: Tensor) -> None:
    """Refuse what cannot be a list of sites whatever it holds; nothing is read from a device.

    Raises:
        InputError: not ``(N, 4)`` integers with N >= 1.
    """
    if coords.ndim != 2 or coords.shape[1] != 4:
        raise InputError(f"coords have shape {tuple(coords.shape)}; they must be (N, 4): batch, x, y, z")
    if coords.dtype not in (torch.int8, torch.int16, torch.int32, torch.int64):
        raise InputError(f"coords are {coords.dtype}; they must be integers (voxels)")
    if coords.shape[0] == 0:
        raise InputError("coords are empty; a sparse tensor needs at least one site")


def count_duplicates(coords: Tensor) -> Tensor:
    """How many of ``(N, 4)`` sites in the key range were listed before, ``()`` int64 on their device."""
    ordered = coordinate_keys(coords).sort().values
    return (ordered[1:] == ordered[:-1]).sum()


def check_values(coords: Tensor, feats: Tensor, distinct: bool) -> None:
    """Refuse coordinates and features that are no sparse tensor, all of it with one read from their device.

    Args:
        coords: ``(N, 4)`` integers, which `check_form` let pass.
        feats: ``(N, C)`` floating point on the same device.
        distinct: also refuse duplicates.

    Raises:
        InputError: a coordinate or a batch index is out of the key range, a feature is NaN or infinite, or a site is
            listed twice.
    """
    duplicates = count_duplicates(coords) if distinct else coords.new_zeros(())
    # Joined as int64: whole numbers and truth values keep their meaning.
    found = torch.cat([coords.amin(0), coords.amax(0), torch.stack([torch.isfinite(feats).all().long(), duplicates])])
    numbers: list[int] = found.tolist()
    (first, *lowest), (last, *highest), (finite, repeated) = numbers[:4], numbers[4:8], numbers[8:]
    low, high = min(lowest), max(highest)
    if low < MIN_COORD or high > MAX_COORD:
        raise InputError(
            f"coordinates run from {low} to {high} voxels; allowed are {MIN_COORD} to {MAX_COORD} "
            "(centre the scene or use larger voxels)"
        )
    if first < 0 or last > MAX_BATCH:
        raise InputError(f"batch indices run from {first} to {last}; allowed are 0 to {MAX_BATCH}")
    if not finite:
        raise InputError("feats hold NaN or infinite values")
    refuse_duplicates(repeated, len(coords))


def refuse_duplicates(duplicates: int, sites: int) -> None:
    """InputError: not all sites are distinct."""
    if duplicates:
        raise InputError(f"{duplicates} of {sites} sites are duplicates")
