"""The native backend: sparse convolutions by the compiled library."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from bscnet.sparse.backend import plain_features
from bscnet.sparse.map_requests import Form, MapRequests
from bscnet.sparse.native import ops, pooling
from bscnet.sparse.native.maps import (
    CHILDREN,
    CUBE_3,
    CUBE_5,
    PARENT,
    Links,
    MapMaker,
    every_cell,
    opposite,
    pair_counts,
    pair_lists,
)
from bscnet.sparse.offsets import Shift, group_sizes, shifted_columns
from bscnet.sparse.operand import Normalized, Operand, PackedSigns

Way = tuple[Tensor | None, Tensor]
"""A map, and the cells of it that each group's slices of a weight have."""

_ITSELF: Way = None, torch.zeros((1, 1), dtype=torch.int32)


class NativeSites:
    """Active sites of one level on the native backend; implements ``bscnet.sparse.backend.Sites``.

    Rows keep the order they were given in; those of coarser levels stand in the library's own order. The maps are
    tensors, so that sites can be pickled. Features of another type than float32 are convolved by torch's operators on
    the same maps, slowly.

    Args:
        coords: ``(N, 4)`` integers [batch, x, y, z] on the CPU in voxels of the level, without duplicates.
        tensor_stride: voxels of level 0 along an edge of a voxel of this level.

    Raises:
        InputError: a coordinate out of range, or a site that is listed twice.
    """

    reads_packed = True

    def __init__(self, coords: Tensor, tensor_stride: int = 1) -> None:
        self.coords = coords.int().contiguous()
        self.tensor_stride = tensor_stride
        self._maps: dict[int, Tensor] = {}
        self._maker: MapMaker | None = MapMaker(self.coords)
        self._requests: MapRequests | None = None

    def __len__(self) -> int:
        return len(self.coords)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_maker": None}

    @cached_property
    def links(self) -> Links:
        """The way to the coarser level."""
        self._note(("links", 2))
        return self._made_by().links()

    @cached_property
    def coarser(self) -> NativeSites:
        """The next coarser level."""
        sites = NativeSites(self.links.coords, 2 * self.tensor_stride)
        sites._requests = self._requests
        return sites

    def map(self, kind: int) -> Tensor:
        """A kernel map of the kinds of `bscnet.sparse.native.maps`, made at first use and kept."""
        if kind not in self._maps:
            self._note(("map", kind))
            self._maps[kind] = self._made_by().map(kind)
        return self._maps[kind]

    def prepare(self, wanted: list[list[Form]]) -> None:
        """Make the forms of this level, ``wanted[0]``, and of those below it."""
        for name, kind in wanted[0]:
            _ = self.links if name == "links" else self.map(kind)
        if len(wanted) > 1:
            self.coarser.prepare(wanted[1:])

    def record_requests(self, requests: MapRequests) -> None:
        """From now on note in ``requests`` what is made at this level and at those below it: the rest is known."""
        self._requests = requests
        if "coarser" in self.__dict__:
            self.coarser.record_requests(requests)

    def cells_in_use(self, kernel_size: int) -> Tensor | None:
        """See ``Sites.cells_in_use``."""
        if kernel_size not in (CUBE_3, CUBE_5):
            return None
        return pair_counts(self.map(kernel_size), kernel_size).nonzero().flatten()

    def submanifold(self, feats: Operand, weight: Tensor, cells: Tensor | None = None) -> Tensor:
        """See ``Sites.submanifold``."""
        if cells is not None:
            return self._cube(feats, weight, CUBE_5, cells.int()[None])
        if weight.shape[0] == 1:
            return _convolve(feats, weight, _ITSELF, _ITSELF, len(self))
        kind = {27: CUBE_3, 125: CUBE_5}[weight.shape[0]]
        return self._cube(feats, weight, kind, every_cell(kind))

    def shifted(self, feats: Operand, weight: Tensor, shifts: tuple[Shift, ...]) -> Tensor:
        """See ``Sites.shifted``."""
        return self._cube(feats, weight, CUBE_5, torch.stack([shifted_columns(shift) for shift in shifts]).int())

    def down(self, feats: Operand, weight: Tensor) -> Tensor:
        """See ``Sites.down``."""
        return self._between(feats, weight, CHILDREN, PARENT, len(self.links.coords))

    def up(self, coarse_feats: Operand, weight: Tensor) -> Tensor:
        """See ``Sites.up``."""
        return self._between(coarse_feats, weight, PARENT, CHILDREN, len(self))

    def pool_sum(self, feats: Tensor) -> Tensor:
        """See ``Sites.pool_sum``."""
        if feats.dtype != torch.float32:
            zeros = feats.new_zeros(len(self.links.coords), feats.shape[1])
            return zeros.index_add(0, self.links.parent, feats)
        return pooling.pool_sum(feats, *self.links[1:])

    def pool_max(self, feats: Tensor) -> Tensor:
        """See ``Sites.pool_max``."""
        if feats.dtype != torch.float32:
            lowest = feats.new_full((len(self.links.coords), feats.shape[1]), -torch.inf)
            return lowest.scatter_reduce(0, self.links.parent.long()[:, None].expand_as(feats), feats, "amax")
        return pooling.pool_max(feats, *self.links[2:])

    def unpool(self, coarse_feats: Tensor) -> Tensor:
        """See ``Sites.unpool``."""
        if coarse_feats.dtype != torch.float32:
            return coarse_feats.index_select(0, self.links.parent)
        return pooling.unpool(coarse_feats, *self.links[1:])

    def _note(self, form: Form) -> None:
        if self._requests is not None:
            self._requests.add(self.tensor_stride.bit_length() - 1, form)

    def _made_by(self) -> MapMaker:
        if self._maker is None:
            self._maker = MapMaker(self.coords)
        return self._maker

    def _cube(self, feats: Operand, weight: Tensor, kind: int, cells: Tensor) -> Tensor:
        words = self.map(kind)
        return _convolve(feats, weight, (words, cells), (words, opposite(cells, kind)), len(self))

    def _between(self, feats: Operand, weight: Tensor, there: int, back: int, out_rows: int) -> Tensor:
        cells = every_cell(there)
        return _convolve(feats, weight, (self.map(there), cells), (self.map(back), cells), out_rows)


def _convolve(feats: Operand, weight: Tensor, there: Way, back: Way, out_rows: int) -> Tensor:
    x = feats if isinstance(feats, Tensor) else feats.stand_in
    given: tuple[Tensor | None, ...] = (None, None, None, None)
    if isinstance(feats, PackedSigns):
        given = (feats.bits, None, None, None)
    if isinstance(feats, Normalized):
        given = (None, feats.values, feats.scale, feats.shift)
    if x.dtype != torch.float32:
        return _convolve_by_torch(plain_features(feats), weight, there, out_rows)
    return ops.convolve(x, *given, weight, *there, *back, out_rows)


def _convolve_by_torch(feats: Tensor, weight: Tensor, there: Way, out_rows: int) -> Tensor:
    words, cells = there
    if words is None:
        return feats @ weight[0]
    pairs, parts = pair_lists(words), []
    for kernels, row in zip(weight.split(group_sizes(weight.shape[2], len(cells)), dim=2), cells.tolist(), strict=True):
        part = feats.new_zeros(out_rows, kernels.shape[2])
        for kernel, cell in zip(kernels, row, strict=True):
            targets, sources = pairs[cell]
            part = part.index_add(0, targets, feats.index_select(0, sources) @ kernel)
        parts.append(part)
    return torch.cat(parts, dim=1)
