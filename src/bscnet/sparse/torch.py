"""The torch backend: sparse convolution from sort, searchsorted, index_select, matmul and sums of groups.

Runs wherever PyTorch runs, with nothing to compile.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import torch
from torch import Tensor

from bscnet.sparse.backend import plain_features
from bscnet.sparse.blocks import BlockPlan, make_plan
from bscnet.sparse.coordinates import count_duplicates, refuse_duplicates
from bscnet.sparse.gather_gemm import block_conv, pair_conv
from bscnet.sparse.kernel_map import NeighbourTable, build_table
from bscnet.sparse.map_requests import Form, MapRequests
from bscnet.sparse.offsets import Shift, group_sizes, shifted_columns
from bscnet.sparse.operand import Operand
from bscnet.sparse.products import pointwise
from bscnet.sparse.stride_map import StrideMap, build_stride_map
from bscnet.sparse.strided import pool_max, pool_sum, stride_conv, unpool

# Below this width a GEMM for one channel group is slower than one for all groups with zeros between.
_NARROW_GROUP = 8
# From this many input channels on, the GEMMs of a 5x5x5 kernel cost more than a scatter, and pairs have none in vain.
_WIDE_INPUT = 64


class TorchSites:
    """Active sites of one level on the torch backend; implements ``bscnet.sparse.backend.Sites``.

    Args:
        coords: ``(N, 4)`` integers [batch, x, y, z] in voxels of the level, without duplicates.
        tensor_stride: voxels of level 0 along an edge of a voxel of this level.
        distinct: that no site is listed twice is known already.

    Raises:
        InputError: a site is listed twice.
    """

    reads_packed = False

    def __init__(self, coords: Tensor, tensor_stride: int = 1, distinct: bool = False) -> None:
        self.coords = coords.int()
        self.tensor_stride = tensor_stride
        self._maps: dict[Form, Any] = {}
        self._requests: MapRequests | None = None
        if not distinct:
            refuse_duplicates(int(count_duplicates(coords)), len(coords))

    def __len__(self) -> int:
        return len(self.coords)

    def _map(self, name: str, size: int) -> Any:
        """One of the kernel maps of `_MAKERS`, made at first use and kept."""
        form = name, size
        if form not in self._maps:
            self._maps[form] = _MAKERS[name](self, size)
        if self._requests is not None:
            self._requests.add(self.tensor_stride.bit_length() - 1, form)
        return self._maps[form]

    def _blocks(self, size: int) -> BlockPlan:
        plan = make_plan(self.table(size))
        if ("counts", size) not in self._maps:  # whoever asks for these may ask for pairs, which need the table as well
            del self._maps["table", size]
        return plan

    def _strided(self, size: int) -> tuple[TorchSites, StrideMap]:
        coarse, stride_map = build_stride_map(self.coords)
        sites = TorchSites(coarse, size * self.tensor_stride, distinct=True)
        sites._requests = self._requests
        return sites, stride_map

    def table(self, kernel_size: int) -> NeighbourTable:
        """The neighbour table of a centred cube of this size, built at first use."""
        return self._map("table", kernel_size)

    @property
    def coarser(self) -> TorchSites:
        """The next coarser level."""
        return self._map("stride", 2)[0]

    @property
    def stride_map(self) -> StrideMap:
        """The kernel map to the next coarser level."""
        return self._map("stride", 2)[1]

    def prepare(self, wanted: list[list[Form]]) -> None:
        """Make the forms of this level, ``wanted[0]``, and of those below it, and drop all tables they came from."""
        if not wanted:
            return
        for form in wanted[0]:
            self._map(*form)
        self._maps = {form: made for form, made in self._maps.items() if form[0] != "table"}
        if len(wanted) > 1:
            self.coarser.prepare(wanted[1:])

    def record_requests(self, requests: MapRequests) -> None:
        """From now on note in ``requests`` what is asked of this level and of those below it."""
        self._requests = requests
        if ("stride", 2) in self._maps:
            self._maps["stride", 2][0].record_requests(requests)

    def cells_in_use(self, kernel_size: int) -> Tensor | None:
        """See ``Sites.cells_in_use``."""
        if self.coords.device.type != "cpu":
            return None
        return self._map("counts", kernel_size).nonzero().flatten()

    def submanifold(self, feats: Operand, weight: Tensor, cells: Tensor | None = None) -> Tensor:
        """See ``Sites.submanifold``."""
        feats = plain_features(feats)
        if cells is not None:
            if weight.shape[1] >= _WIDE_INPUT and feats.device.type == "cpu":
                pairs = self._map("pairs", 5)
                return pair_conv(feats, weight, [pairs[cell] for cell in cells.tolist()])
            return block_conv(feats, weight, self._map("blocks", 5), cells)
        if weight.shape[0] == 1:
            return pointwise(feats, weight[0])
        return block_conv(feats, weight, self._map("blocks", round(weight.shape[0] ** (1 / 3))))

    def shifted(self, feats: Operand, weight: Tensor, shifts: tuple[Shift, ...]) -> Tensor:
        """See ``Sites.shifted``."""
        feats = plain_features(feats)
        plan = self._map("blocks", 5)
        kernels = weight.split(group_sizes(weight.shape[2], len(shifts)), dim=2)
        cells = _shifted_cells(shifts, weight.device)
        if weight.shape[2] < _NARROW_GROUP * len(shifts):
            placed = [
                kernel.new_zeros(len(cells.union), *kernel.shape[1:]).index_copy(0, place, kernel)
                for kernel, place in zip(kernels, cells.places, strict=True)
            ]
            return block_conv(feats, torch.cat(placed, dim=2), plan, cells.union)
        outputs = [block_conv(feats, kernel, plan, group) for kernel, group in zip(kernels, cells.groups, strict=True)]
        return torch.cat(outputs, dim=1)

    def down(self, feats: Operand, weight: Tensor) -> Tensor:
        """See ``Sites.down``."""
        return stride_conv(plain_features(feats), weight, self._map("by_cell", 2), down=True)

    def up(self, coarse_feats: Operand, weight: Tensor) -> Tensor:
        """See ``Sites.up``."""
        return stride_conv(plain_features(coarse_feats), weight, self._map("by_cell", 2), down=False)

    def pool_sum(self, feats: Tensor) -> Tensor:
        """See ``Sites.pool_sum``."""
        return pool_sum(feats, self.stride_map.parent, self._map("children", 2))

    def pool_max(self, feats: Tensor) -> Tensor:
        """See ``Sites.pool_max``."""
        return pool_max(feats, self.stride_map.parent, self._map("children", 2))

    def unpool(self, coarse_feats: Tensor) -> Tensor:
        """See ``Sites.unpool``."""
        return unpool(coarse_feats, self.stride_map.parent, self._map("children", 2))


class _ShiftedCells(NamedTuple):
    """Cells of the 5x5x5 cube that a shifted convolution reads, ``(27,)`` int64 for each of its groups.

    union: those that any group reads, ascending. places: where those of each group are among them.
    """

    groups: tuple[Tensor, ...]
    union: Tensor
    places: tuple[Tensor, ...]


@lru_cache(maxsize=256)
def _shifted_cells(shifts: tuple[Shift, ...], device: torch.device) -> _ShiftedCells:
    """Kept, as copying to a GPU makes the host wait."""
    with torch.inference_mode(False):  # a tensor made in that mode could not serve a training step
        groups = [shifted_columns(shift) for shift in shifts]
        union, places = torch.unique(torch.cat(groups), return_inverse=True)
        moved = torch.cat([*groups, places, union]).to(device)
        read, found, union = moved.split([len(places), len(places), len(union)])
    return _ShiftedCells(read.split(27), union, found.split(27))


_MAKERS: dict[str, Callable[[TorchSites, int], Any]] = {
    "table": lambda sites, size: build_table(sites.coords, size),
    "blocks": TorchSites._blocks,
    "pairs": lambda sites, size: sites.table(size).pairs,
    "counts": lambda sites, size: sites.table(size).counts,
    "stride": TorchSites._strided,
    "children": lambda sites, _: sites.stride_map.children,
    "by_cell": lambda sites, _: sites.stride_map.by_cell,
}
"""How each kernel map is made, of a kernel size, by its name in `bscnet.sparse.map_requests.FORMS`; and the tables,
which are not among those as they are kept no longer than the maps made of them need."""
