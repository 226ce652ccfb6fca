"""Active sites of one level on the Triton engine."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import torch
from torch import Tensor

from bscnet.errors import InputError
from bscnet.sparse.offsets import Shift, group_sizes
from bscnet.sparse.operand import Normalized, Operand, PackedSigns
from bscnet.sparse.tiles import entries
from bscnet.sparse.tiles.entries import Entries
from bscnet.sparse.tiles.launch import Features
from bscnet.sparse.tiles.ops import apply
from bscnet.sparse.tiles.reading import CHILDREN, PARENTS, RUNS, SELF, Reading
from bscnet.sparse.tiles.resampling import copy_parents, pool_children
from bscnet.sparse.tiles.runs import MAX_SITES, find_runs, link_levels, sorted_keys
from bscnet.sparse.tiles.tile_lists import TileLists, make_lists, tiles_by_entry

_Form = tuple[int, tuple[Entries, ...]]


class TileSites:
    """Active sites of one level; implements ``bscnet.sparse.backend.Sites``.

    On CUDA the operators are Triton kernels. On a CPU they are too where the environment sets TRITON_INTERPRET=1, and
    slow; elsewhere, and in float64, PyTorch's operators do the same from the same maps. All results are repeatable bit
    by bit.

    Args:
        coords: ``(N, 4)`` integers [batch, x, y, z] in voxels of the level, without duplicates; those of a level below
            the first must be in the order of keys.
        tensor_stride: voxels of level 0 along an edge of a voxel of this level.

    Raises:
        InputError: a site is listed twice, or there are more sites than a kernel map can number.
    """

    reads_packed = True

    def __init__(self, coords: Tensor, tensor_stride: int = 1) -> None:
        if len(coords) > MAX_SITES:
            raise InputError(f"{len(coords)} sites in one batch; allowed are {MAX_SITES}")
        self.coords = coords.int().contiguous()
        self.tensor_stride = tensor_stride
        self._order = self.coords.new_empty(0)
        if tensor_stride == 1:
            self._order = self._checked_order()
        self._runs: Tensor | None = None
        self._lists: dict[_Form, TileLists] = {}
        self._by_entry: dict[_Form, list[Tensor]] = {}

    def __len__(self) -> int:
        return len(self.coords)

    @property
    def coarser(self) -> TileSites:
        """See ``Sites.coarser``."""
        return self._below[0]

    def cells_in_use(self, kernel_size: int) -> None:
        """See ``Sites.cells_in_use``: not asked for, as tiles leave out the others by themselves."""
        return None

    def submanifold(self, feats: Operand, weight: Tensor, cells: Tensor | None = None) -> Tensor:
        """See ``Sites.submanifold``."""
        slices = len(weight)
        if cells is not None:
            chosen = tuple(cells.tolist())
            return self._convolve(
                feats,
                weight,
                self._cube((entries.some_cells(chosen, False),), 5),
                lambda: self._cube((entries.some_cells(chosen, True),), 5),
            )
        if slices == 1:
            if isinstance(feats, Tensor):
                return feats @ weight[0]
            return self._convolve(feats, weight, self._own_rows, lambda: self._own_rows)
        size = round(slices ** (1 / 3))
        whole = (entries.cube(size),)
        return self._convolve(feats, weight, self._cube(whole, size), lambda: self._cube(whole, size, last=slices - 1))

    def shifted(self, feats: Operand, weight: Tensor, shifts: tuple[Shift, ...]) -> Tensor:
        """See ``Sites.shifted``."""
        group_sizes(weight.shape[2], len(shifts))  # refuses more groups than channels
        return self._convolve(
            feats,
            weight,
            self._cube(entries.shifted(shifts), 5),
            lambda: self._cube((entries.shifted_back(shifts),), 5, groups_in=len(shifts)),
        )

    def down(self, feats: Operand, weight: Tensor) -> Tensor:
        """See ``Sites.down``."""
        return self._convolve(feats, weight, self._children, lambda: self._parents)

    def up(self, coarse_feats: Operand, weight: Tensor) -> Tensor:
        """See ``Sites.up``."""
        return self._convolve(coarse_feats, weight, self._parents, lambda: self._children)

    def pool_sum(self, feats: Tensor) -> Tensor:
        """See ``Sites.pool_sum``."""
        _, parents, children = self._below
        return pool_children(feats, children, parents, False)

    def pool_max(self, feats: Tensor) -> Tensor:
        """See ``Sites.pool_max``; the gradient is shared equally among children that have the maximum."""
        _, parents, children = self._below
        return pool_children(feats, children, parents, True)

    def unpool(self, coarse_feats: Tensor) -> Tensor:
        """See ``Sites.unpool``."""
        _, parents, children = self._below
        return copy_parents(coarse_feats, parents, children)

    @cached_property
    def _below(self) -> tuple[TileSites, Tensor, Tensor]:
        coarse, parents, children = link_levels(self.coords)
        return TileSites(coarse, 2 * self.tensor_stride), parents, children

    @property
    def _children(self) -> Reading:
        children = self._below[2]
        return self._reading(CHILDREN, children, (entries.octants(),), children.shape[1])

    @property
    def _parents(self) -> Reading:
        return self._reading(PARENTS, self._below[1], (entries.octants(),), len(self))

    @property
    def _own_rows(self) -> Reading:
        nothing = self.coords.new_empty(0)
        one = entries.on_device([(0,)], self.coords.device)
        return Reading(SELF, len(self), nothing, nothing, one, nothing, nothing, nothing)

    def _cube(self, groups: tuple[Entries, ...], side: int, groups_in: int = 1, last: int = -1) -> Reading:
        # The wider table serves the narrower kernel too, and is the only one that is kept.
        if self._runs is None or self._runs.shape[1] < side**2:
            self._runs = find_runs(self.coords, self._order, side)
        return self._reading(RUNS, self._runs, groups, len(self), groups_in, last)

    def _reading(
        self, kind: int, table: Tensor, groups: tuple[Entries, ...], rows: int, groups_in: int = 1, last: int = -1
    ) -> Reading:
        form = kind, groups
        order = self._order if kind == RUNS else self._order[:0]
        if form not in self._lists:
            side = round(table.shape[1] ** 0.5) if kind == RUNS else 1
            self._lists[form] = make_lists(kind, table, groups, side)
        made = self._lists[form]
        return Reading(kind, rows, table, order, made.entries, made.perm, made.lists, made.counts, groups_in, last)

    def _tiles_by_entry(self, reading: Reading) -> list[Tensor]:
        for form, made in self._lists.items():
            if made.lists is reading.lists:
                if form not in self._by_entry:
                    self._by_entry[form] = tiles_by_entry(made)
                return self._by_entry[form]
        return []

    def _convolve(self, operand: Operand, weight: Tensor, reading: Reading, back: Callable[[], Reading]) -> Tensor:
        features, target = _taken_apart(operand)
        device = weight.device.type
        if torch.is_autocast_enabled(device):
            weight = weight.to(torch.get_autocast_dtype(device))
            if isinstance(operand, Tensor):
                features = Features(operand.to(weight.dtype))
        recorded = torch.is_grad_enabled()
        wanted = features.values if target is None else target
        return apply(
            features,
            target,
            weight,
            reading,
            back() if recorded and wanted.requires_grad else None,
            self._tiles_by_entry(reading) if recorded and weight.requires_grad else [],
        )

    def _checked_order(self) -> Tensor:
        """Row of each place in the order of keys; empty where rows are in it. The host waits once."""
        ordered, order = torch.sort(sorted_keys(self.coords, self._order))
        duplicates, jumps = torch.stack([(ordered.diff() == 0).sum(), (order.diff() != 1).sum()]).tolist()
        if duplicates:
            raise InputError(f"{duplicates} of {len(self)} sites are duplicates")
        return order.int() if jumps else self._order


def _taken_apart(operand: Operand) -> tuple[Features, Tensor | None]:
    """What kernels read, and where the gradient of the features goes if not to what they read."""
    if isinstance(operand, PackedSigns):
        return Features(operand.bits), operand.stand_in
    if isinstance(operand, Normalized):
        return Features(operand.values, operand.scale, operand.shift), operand.stand_in
    return Features(operand), None
