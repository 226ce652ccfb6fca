"""Kernel maps of sorted sites: runs along z, and the step to the coarser level.

With Triton each map is one launch beside a sort; elsewhere the same maps are made of PyTorch's operators.
"""

from __future__ import annotations

import torch
from torch import Tensor

from bscnet.sparse.coordinates import KEY_STRIDES, coordinate_keys
from bscnet.sparse.tiles.serving import device_of, kernels_serve, parts

_BLOCK = 256
MAX_SITES = 1 << 27
"""Rows that fit into a run's word."""


def sorted_keys(coords: Tensor, order: Tensor) -> Tensor:
    """``(N,)`` int64 keys in ascending order.

    Args:
        coords: ``(N, 4)`` int32.
        order: row of each place in that order; empty where the rows are in it.
    """
    return _keys(coords, order, halved=False)


def find_runs(coords: Tensor, order: Tensor, side: int) -> Tensor:
    """Where each site's neighbours are, a word for each run along z.

    Args:
        coords, order: see `sorted_keys`.
        side: cells along an edge of the neighbourhood, 3 or 5.

    Returns:
        ``(N, side**2)`` int32 for the runs by x, then y. The low five bits say which cells of the run there are, from
        low z to high; the rest is the place, in the order of keys, of the first of them.
    """
    keys = sorted_keys(coords, order)
    n = len(keys)
    if not kernels_serve(coords):
        return _find_runs(keys, order, side)
    from bscnet.sparse.tiles.kernels import maps

    runs = coords.new_empty((n, side * side))
    with device_of(coords):
        maps.find_runs[(parts(n, _BLOCK), side * side)](
            keys, order, runs, n, n.bit_length(), SIDE=side, ORDERED=not len(order), BLOCK=_BLOCK
        )
    return runs


def link_levels(coords: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The coarser level and the maps to it and from it. The host waits once, for the number of coarse sites.

    Args:
        coords: ``(N, 4)`` int32 in the voxels of the fine level.

    Returns:
        ``(M, 4)`` int32 coarse coordinates in the order of keys; ``(N,)`` int32 eight times the row of each site's
        parent plus its cell below it; ``(8, M)`` int32 row of each child, -1 where there is none.
    """
    ordered, order = torch.sort(_keys(coords, coords.new_empty(0), halved=True))
    ranks = (ordered.diff() != 0).cumsum(0, dtype=torch.int32)
    n, m = len(coords), int(ranks[-1]) + 1 if len(ranks) else 1
    coarse, linked = coords.new_empty((m, 4)), coords.new_empty(n)
    children = coords.new_full((8, m), -1)
    if not kernels_serve(coords):
        spatial = coords[:, 1:]
        cell = (spatial & 1).mul(torch.tensor([1, 2, 4], dtype=torch.int32)).sum(1, dtype=torch.int32)
        parent = torch.empty_like(order).index_copy(0, order, torch.nn.functional.pad(ranks, (1, 0)).long())
        coarse[parent] = torch.cat([coords[:, :1], spatial >> 1], dim=1)
        children[cell.long(), parent] = torch.arange(n, dtype=torch.int32)
        return coarse, parent.int() * 8 + cell, children
    from bscnet.sparse.tiles.kernels import maps

    with device_of(coords):
        maps.link_levels[(parts(n, _BLOCK),)](coords, order, ranks, linked, children, coarse, n, m, BLOCK=_BLOCK)
    return coarse, linked, children


def _keys(coords: Tensor, order: Tensor, halved: bool) -> Tensor:
    n = len(coords)
    if not kernels_serve(coords):
        taken = coords.index_select(0, order.long()) if len(order) else coords
        return coordinate_keys(torch.cat([taken[:, :1], taken[:, 1:] >> 1], dim=1) if halved else taken)
    from bscnet.sparse.tiles.kernels import maps

    keys = torch.empty(n, dtype=torch.int64, device=coords.device)
    with device_of(coords):
        maps.site_keys[(parts(n, _BLOCK),)](coords, order, keys, n, HALVED=halved, ORDERED=not len(order), BLOCK=_BLOCK)
    return keys


def _find_runs(keys: Tensor, order: Tensor, side: int) -> Tensor:
    padded = torch.cat([keys, keys.new_tensor([torch.iinfo(torch.int64).max])])
    reach, words = side // 2, []
    for x in range(-reach, reach + 1):
        for y in range(-reach, reach + 1):
            wanted = keys + (x * KEY_STRIDES[0] + y * KEY_STRIDES[1] - reach)
            first = at = torch.searchsorted(keys, wanted)
            word = first << 5
            for z in range(side):
                found = ((padded[at] == wanted + z) & (at < len(keys))).long()
                word |= found << z
                at = at + found
            words.append(word.int())
    runs = torch.stack(words, dim=1)
    return runs if not len(order) else torch.empty_like(runs).index_copy(0, order.long(), runs)
