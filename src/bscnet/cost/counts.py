"""How many (output site, input site) pairs each kernel cell has: what the work of a sparse convolution is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from bscnet.errors import InputError
from bscnet.sparse.offsets import Shift, shifted_columns
from bscnet.sparse.torch import TorchSites


@dataclass(frozen=True)
class LevelCounts:
    """The active sites of one level in numbers; fractional where they are a mean over scenes.

    Attributes:
        sites: number of active sites.
        cells: (125,) number of sites u whose neighbour u + o is active, for every cell o of the 5x5x5 grid in the order
            of `kernel_offsets(5)`.
    """

    sites: float
    cells: NDArray[np.float64]

    def window_pairs(self, shift: Shift) -> float:
        """Pairs of a 3x3x3 kernel whose cell `shift` sits on the site: #{(u, k): u and u + k - shift active}."""
        return float(self.cells[shifted_columns(shift).numpy()].sum())

    @property
    def all_pairs(self) -> float:
        """Pairs of a 5x5x5 kernel."""
        return float(self.cells.sum())


def count_levels(coords: Tensor, num_levels: int) -> list[LevelCounts]:
    """Counts of levels 0 to `num_levels` - 1 of a scene or batch.

    Args:
        coords: (N, 4) integers [batch, x, y, z] in voxels, without duplicates.
        num_levels: how many resolutions, each half of the one before.
    """
    sites = TorchSites(coords)
    levels = []
    for level in range(num_levels):
        if level:
            sites = sites.coarser
        levels.append(LevelCounts(float(len(sites)), sites.table(5).counts.numpy().astype(np.float64)))
    return levels


def mean_counts(scenes: Sequence[Sequence[LevelCounts]]) -> list[LevelCounts]:
    """Mean over scenes, level by level. Work is linear in the counts, so the mean's work is the mean work.

    Raises:
        InputError: no scene.
    """
    if not scenes:
        raise InputError("there is no scene to count pairs in; at least one is needed")
    return [
        LevelCounts(float(np.mean([c.sites for c in level])), np.mean([c.cells for c in level], axis=0))
        for level in zip(*scenes, strict=True)
    ]
