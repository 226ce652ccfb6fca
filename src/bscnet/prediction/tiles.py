"""Square columns of a large scene, each with a margin around it, none with too many sites."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bscnet.errors import InputError
from bscnet.prediction.frame import Keys, coords_of, first_key_of

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Tile:
    """rows: (T,) of the sites that are run together, ascending; kept: (T,) bool, those whose result counts."""

    rows: Rows
    kept: npt.NDArray[np.bool_]


def plan_tiles(keys: Keys, max_sites: int, margin: int) -> list[tuple[int, int, int]]:
    """Columns (x, y, side) in voxels that divide the scene: each with at most `max_sites` sites, its margin included.

    Starts with one square over the whole scene and divides by four whatever holds too much; empty squares are left
    out. keys: (V,) ascending, V >= 1.

    Raises:
        InputError: columns narrower than half their margin would be needed, where nearly all work would be repeated.
    """
    coords = coords_of(keys)
    low, high = coords[:, :2].min(axis=0), coords[:, :2].max(axis=0)
    side = 1 << int((high - low).max()).bit_length()
    found: list[tuple[int, int, int]] = []
    waiting = [(int(low[0]), int(low[1]), side)]
    while waiting:
        x, y, side = waiting.pop()
        if not len(column_rows(keys, x, y, side, 0)):
            continue
        if len(column_rows(keys, x, y, side, margin)) <= max_sites:
            found.append((x, y, side))
            continue
        half = side // 2
        if half < max(1, margin // 2):
            raise InputError(
                f"a part of {side} x {side} voxels with its margin of {margin} holds more than max_sites={max_sites} "
                "sites: raise that, or lower the margin"
            )
        waiting += [(x + dx, y + dy, half) for dx in (half, 0) for dy in (half, 0)]
    return found


def column_rows(keys: Keys, x: int, y: int, side: int, margin: int) -> Rows:
    """Rows of the sites with x - margin <= u_x < x + side + margin, and y alike."""
    first, last = np.searchsorted(keys, [first_key_of(x - margin), first_key_of(x + side + margin)])
    across = coords_of(keys[first:last])[:, 1]
    return first + np.flatnonzero((across >= y - margin) & (across < y + side + margin))


def cut_tiles(keys: Keys, columns: list[tuple[int, int, int]], margin: int) -> Iterator[Tile]:
    """The tiles of the columns, one after the other."""
    for x, y, side in columns:
        rows = column_rows(keys, x, y, side, margin)
        across, along, _ = coords_of(keys[rows]).T
        yield Tile(rows, (across >= x) & (across < x + side) & (along >= y) & (along < y + side))
