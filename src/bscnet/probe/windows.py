"""Which rows the kernel cells of every site read at one level of one scene, absent cells left out or filled."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor

from bscnet.sparse.coordinates import coordinate_keys
from bscnet.sparse.kernel_map import build_table
from bscnet.sparse.offsets import Shift, kernel_offsets, shifted_columns

CELLS = 27
CENTRE: Shift = (0, 0, 0)


class LevelWindows:
    """The 3x3x3 windows of the sites of a level, wherever the shift puts them.

    Args:
        coords: ``(N, 4)`` integers [batch, x, y, z] of one scene, in voxels of the level.
        shifted: whether windows with a shift will be asked for; the tables are larger then.
        seed: of the sites that ``filled_at_random`` draws.
    """

    def __init__(self, coords: Tensor, shifted: bool, seed: tuple[int, ...] = (0,)) -> None:
        self.coords = coords
        self.kernel_size = 5 if shifted else 3
        self.table = build_table(coords, self.kernel_size).table
        self._seed = seed

    def present(self, shift: Shift = CENTRE) -> Tensor:
        """``(N, 27)`` int32 rows that each cell reads; N where it is absent."""
        return self._window(self.table, shift)

    def counts(self, shift: Shift = CENTRE) -> Tensor:
        """``(N,)`` int64 number of present cells, at least 1: the site itself lies in its window."""
        return (self.present(shift) < len(self.coords)).sum(1)

    def filled_with_nearest(self, shift: Shift = CENTRE) -> Tensor:
        """As ``present``; an absent cell reads a site that is nearest to it (of equally near ones always the same)."""
        return self._window(self._nearest, shift)

    def filled_at_random(self, shift: Shift = CENTRE) -> Tensor:
        """As ``present``; an absent cell reads a site of the level that is drawn with equal chances."""
        return self._window(self._random, shift)

    def _window(self, table: Tensor, shift: Shift) -> Tensor:
        if self.kernel_size == 3:
            if shift != CENTRE:
                raise ValueError(f"windows shifted by {shift} were not prepared")
            return table
        return table.index_select(1, shifted_columns(shift).to(table.device))

    @cached_property
    def _absent(self) -> tuple[Tensor, Tensor]:
        sites, cells = torch.nonzero(self.table == len(self.coords), as_tuple=True)
        return sites, cells

    @cached_property
    def _nearest(self) -> Tensor:
        sites, cells = self._absent
        at = self.coords[sites].clone()
        at[:, 1:] += kernel_offsets(self.kernel_size).to(at)[cells]
        # A cell that several windows read is looked for once.
        keys, where = torch.unique(coordinate_keys(at), return_inverse=True)
        first = torch.empty(len(keys), dtype=torch.int64, device=at.device)
        first[where] = torch.arange(len(at), device=at.device)
        found = cKDTree(self.coords[:, 1:].cpu().numpy()).query(at[first, 1:].cpu().numpy())[1]
        return self._filled(torch.from_numpy(found).to(where.device)[where])

    @cached_property
    def _random(self) -> Tensor:
        drawn = np.random.default_rng(self._seed).integers(len(self.coords), size=len(self._absent[0]))
        return self._filled(torch.from_numpy(drawn))

    def _filled(self, rows: Tensor) -> Tensor:
        table = self.table.clone()
        table[self._absent] = rows.to(table)
        return table
