"""What a convolution reads through each of its kernel cells, as one number a cell.

An entry holds a place in the neighbourhood (9 bits: x, y, z of a 5x5x5 cube counted from 0, three bits each; or the
cell among the eight children), the slice of the weight that belongs to it (7 bits), and the group of input channels
that it reads (15 bits; 0 where there is one group).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache

import torch
from torch import Tensor

from bscnet.sparse.offsets import Shift, kernel_offsets

PLACE_BITS = 9
SLICE_BITS = 7
GROUP_AT = PLACE_BITS + SLICE_BITS

Entries = tuple[int, ...]
Offset = tuple[int, int, int]


def entry(place: int, weight_slice: int, group: int = 0) -> int:
    """One entry from its three parts."""
    return place | weight_slice << PLACE_BITS | group << GROUP_AT


def place_of(offset: Offset) -> int:
    """Place of an offset, each component from -2 to 2."""
    x, y, z = offset
    return (x + 2) << 6 | (y + 2) << 3 | (z + 2)


def offset_of(place: int) -> Offset:
    """Inverse of `place_of`."""
    return (place >> 6) - 2, (place >> 3 & 7) - 2, (place & 7) - 2


@cache
def cube(size: int) -> Entries:
    """Entries of a centred cube of 3 or 5 cells an edge, by place."""
    return _by_place([entry(place_of(offset), cell) for cell, offset in enumerate(_offsets(size))])


@cache
def some_cells(cells: tuple[int, ...], mirrored: bool) -> Entries:
    """Entries of some cells of a 5x5x5 cube, or of the cells on the other side of the site."""
    offsets = _offsets(5)
    return _by_place([entry(place_of(_opposite(offsets[cell], mirrored)), number) for number, cell in enumerate(cells)])


@cache
def shifted(shifts: tuple[Shift, ...]) -> tuple[Entries, ...]:
    """For each group of output channels the entries of a 3x3x3 kernel whose cell ``shift`` sits on the site."""
    return tuple(
        _by_place([entry(place_of(_moved(offset, shift)), cell) for cell, offset in enumerate(_offsets(3))])
        for shift in shifts
    )


@cache
def shifted_back(shifts: tuple[Shift, ...]) -> Entries:
    """Entries of the gradient of ``shifted``: those who read a site, each in its group of the gradient's channels."""
    return _by_place(
        [
            entry(place_of(_opposite(_moved(offset, shift), True)), cell, group)
            for group, shift in enumerate(shifts)
            for cell, offset in enumerate(_offsets(3))
        ]
    )


@cache
def octants() -> Entries:
    """Entries of the eight children of a site, or of a site's place below its parent."""
    return tuple(entry(cell, cell) for cell in range(8))


def on_device(entries: Sequence[Entries], device: torch.device) -> Tensor:
    """``(G, E)`` int32 on a device; kept, as copying to a GPU makes the host wait."""
    return _on_device(tuple(entries), device)


@lru_cache(maxsize=1024)
def _on_device(entries: tuple[Entries, ...], device: torch.device) -> Tensor:
    with torch.inference_mode(False):  # a tensor made in that mode could not serve a training step
        return torch.tensor(entries, dtype=torch.int32, device=device)


@cache
def _offsets(size: int) -> list[Offset]:
    return [(x, y, z) for x, y, z in kernel_offsets(size).tolist()]


def _opposite(offset: Offset, mirrored: bool) -> Offset:
    return (-offset[0], -offset[1], -offset[2]) if mirrored else offset


def _moved(offset: Offset, shift: Shift) -> Offset:
    return offset[0] - shift[0], offset[1] - shift[1], offset[2] - shift[2]


def _by_place(entries: list[int]) -> Entries:
    return tuple(sorted(entries, key=lambda one: (one & (1 << PLACE_BITS) - 1, one)))
