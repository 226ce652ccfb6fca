"""The torch backend: sparse convolution from sort, searchsorted, index_select, matmul and index_add.

Runs wherever PyTorch runs, with nothing to compile.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from bscnet.errors import InputError
from bscnet.sparse.backend import plain_features
from bscnet.sparse.blocks import BlockPlan
from bscnet.sparse.coordinates import coordinate_keys
from bscnet.sparse.gather_gemm import block_conv, pair_conv
from bscnet.sparse.kernel_map import NeighbourTable, StrideMap, build_stride_map, build_table
from bscnet.sparse.map_requests import Form, MapRequests
from bscnet.sparse.offsets import Shift, group_sizes, shifted_columns
from bscnet.sparse.operand import Operand

# Below this width a GEMM for one channel group is slower than one for all groups with zeros between.
_NARROW_GROUP = 8
# From this many input channels on, the GEMMs of a 5x5x5 kernel cost more than a scatter, and pairs have none in vain.
_WIDE_INPUT = 64


class TorchSites:
    """Active sites of one level on the torch backend; implements ``bscnet.sparse.backend.Sites``.

    Args:
        coords: ``(N, 4)`` integers [batch, x, y, z] in voxels of the level, without duplicates.
        tensor_stride: voxels of level 0 along an edge of a voxel of this level.

    Raises:
        InputError: a site is listed twice.
    """

    reads_packed = False

    def __init__(self, coords: Tensor, tensor_stride: int = 1) -> None:
        self.coords = coords.int()
        self.tensor_stride = tensor_stride
        self._maps: dict[Form, Any] = {}
        self._requests: MapRequests | None = None
        if tensor_stride == 1:
            ordered = coordinate_keys(coords).sort().values
            duplicates = int((ordered[1:] == ordered[:-1]).sum())
            if duplicates:
                raise InputError(f"{duplicates} of {len(coords)} sites are duplicates")

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

    def _strided(self, size: int) -> tuple[TorchSites, StrideMap]:
        coarse, stride_map = build_stride_map(self.coords)
        sites = TorchSites(coarse, size * self.tensor_stride)
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
        """Make the forms of this level, ``wanted[0]``, and of those below it, and drop the tables they came from."""
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
                return pair_conv(feats, weight, [pairs[cell] for cell in cells.tolist()], len(self))
            return block_conv(feats, weight, self._map("blocks", 5), cells)
        if weight.shape[0] == 1:
            return feats @ weight[0]
        return block_conv(feats, weight, self._map("blocks", round(weight.shape[0] ** (1 / 3))))

    def shifted(self, feats: Operand, weight: Tensor, shifts: tuple[Shift, ...]) -> Tensor:
        """See ``Sites.shifted``."""
        feats = plain_features(feats)
        plan = self._map("blocks", 5)
        kernels = weight.split(group_sizes(weight.shape[2], len(shifts)), dim=2)
        columns = [shifted_columns(shift).to(weight.device) for shift in shifts]
        if weight.shape[2] < _NARROW_GROUP * len(shifts):
            cells, places = torch.unique(torch.cat(columns), return_inverse=True)
            placed = [
                kernel.new_zeros(len(cells), *kernel.shape[1:]).index_copy(0, place, kernel)
                for kernel, place in zip(kernels, places.split(27), strict=True)
            ]
            return block_conv(feats, torch.cat(placed, dim=2), plan, cells)
        outputs = [block_conv(feats, kernel, plan, cells) for kernel, cells in zip(kernels, columns, strict=True)]
        return torch.cat(outputs, dim=1)

    def down(self, feats: Operand, weight: Tensor) -> Tensor:
        """See ``Sites.down``."""
        return pair_conv(plain_features(feats), weight, self._map("stride_pairs", 2)[0], self.stride_map.num_coarse)

    def up(self, coarse_feats: Operand, weight: Tensor) -> Tensor:
        """See ``Sites.up``."""
        return pair_conv(plain_features(coarse_feats), weight, self._map("stride_pairs", 2)[1], len(self))

    def pool_sum(self, feats: Tensor) -> Tensor:
        """See ``Sites.pool_sum``."""
        zeros = feats.new_zeros(self.stride_map.num_coarse, feats.shape[1])
        return zeros.index_add(0, self.stride_map.parent, feats)

    def pool_max(self, feats: Tensor) -> Tensor:
        """See ``Sites.pool_max``."""
        parent = self.stride_map.parent[:, None].expand_as(feats)
        lowest = feats.new_full((self.stride_map.num_coarse, feats.shape[1]), -torch.inf)
        return lowest.scatter_reduce(0, parent, feats, "amax")

    def unpool(self, coarse_feats: Tensor) -> Tensor:
        """See ``Sites.unpool``."""
        return coarse_feats.index_select(0, self.stride_map.parent)


_MAKERS: dict[str, Callable[[TorchSites, int], Any]] = {
    "table": lambda sites, size: build_table(sites.coords, size),
    "blocks": lambda sites, size: BlockPlan(sites.table(size)),
    "pairs": lambda sites, size: sites.table(size).pairs,
    "counts": lambda sites, size: sites.table(size).counts,
    "stride": TorchSites._strided,
    "stride_pairs": lambda sites, _: (sites.stride_map.down_pairs, sites.stride_map.up_pairs),
}
"""How each kernel map is made, of a kernel size, by its name in `bscnet.sparse.map_requests.FORMS`; and the tables,
which are not among those as they are kept no longer than the maps made of them need."""
