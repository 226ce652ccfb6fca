"""spconv's CPU convolutions under bscnet's own networks, so that both sides run one network with one set of weights.

spconv 2.3.8 has no average pooling on the CPU: pooling and unpooling follow the pairs of its strided convolution.
"""

from __future__ import annotations

import os
import sys
import warnings
from functools import cached_property
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from bscnet.nn import QuantizedConv
from bscnet.sparse import SparseTensor

PEERS = Path(__file__).resolve().parents[2] / ".cache" / "peers"
_ALIGNMENT = 1 << 10  # of the lowest corner: sites keep their place in the voxels of every coarser level


def missing() -> str | None:
    """Why spconv cannot be measured, or None."""
    found = PathFinder.find_spec("spconv", [*sys.path, str(PEERS)])
    return None if found else "it is not installed (`make bench-peers` does it)"


def _ops() -> Any:
    if reason := missing():
        raise ImportError(f"spconv cannot be used: {reason}")
    if os.environ.get("OMP_NUM_THREADS") != "1":
        raise RuntimeError("spconv's sums on a CPU are wrong unless OMP_NUM_THREADS is 1")
    if str(PEERS) not in sys.path:
        sys.path.append(str(PEERS))  # at the end: nothing there may stand in for the project's own packages
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from spconv.pytorch import ops
    ops.get_current_stream = lambda: 0  # its gradients on a CPU ask torch for a CUDA stream, which they do not use
    return ops


class SpconvSites:
    """Active sites of one level; implements the real-valued part of ``bscnet.sparse.backend.Sites``.

    Args:
        indices: ``(N, 4)`` int32 [batch, z, y, x], none negative: its last axis runs fastest, as x does in bscnet.
        shape: cells along z, y, x, even.
        batches: number of clouds.
        tensor_stride: voxels of level 0 along an edge of a voxel of this level.
    """

    reads_packed = False

    def __init__(self, indices: Tensor, shape: list[int], batches: int, tensor_stride: int = 1) -> None:
        self.indices, self.shape, self.batches, self.tensor_stride = indices, shape, batches, tensor_stride
        self._ops = _ops()

    @classmethod
    def from_coords(cls, coords: Tensor) -> SpconvSites:
        """Level 0 from ``(N, 4)`` coordinates [batch, x, y, z]."""
        low = coords[:, 1:].amin(0).div(_ALIGNMENT, rounding_mode="floor") * _ALIGNMENT
        moved = (coords[:, 1:] - low).flip(1)
        shape = (moved.amax(0).div(_ALIGNMENT, rounding_mode="floor") + 1) * _ALIGNMENT
        indices = torch.cat([coords[:, :1], moved], dim=1).int().contiguous()
        return cls(indices, shape.tolist(), int(coords[:, 0].max()) + 1)

    def __len__(self) -> int:
        return len(self.indices)

    def _pairs(self, size: int, stride: int, padding: int, subm: bool) -> tuple[Tensor, Tensor, Tensor]:
        from spconv.core import ConvAlgo

        cube = [[number] * 3 for number in (size, stride, padding, 1, 0)]
        return tuple(  # indices of the outputs, pairs (2, K, N), pairs of each cell (K,)
            self._ops.get_indice_pairs(self.indices, self.batches, self.shape, ConvAlgo.Native, *cube, subm=subm)
        )

    @cached_property
    def _cube(self) -> tuple[Tensor, Tensor, Tensor]:
        return self._pairs(3, 1, 1, subm=True)

    @cached_property
    def _stride(self) -> tuple[Tensor, Tensor, Tensor]:
        return self._pairs(2, 2, 0, subm=False)

    @cached_property
    def coarser(self) -> SpconvSites:
        """The next coarser level."""
        return SpconvSites(self._stride[0], [n // 2 for n in self.shape], self.batches, 2 * self.tensor_stride)

    @cached_property
    def _parent(self) -> Tensor:
        _, pairs, counts = self._stride
        parent = torch.empty(len(self), dtype=torch.long)
        for (rows, parents), count in zip(pairs.unbind(1), counts.tolist(), strict=True):
            parent[rows[:count].long()] = parents[:count].long()
        return parent

    def submanifold(self, feats: Tensor, weight: Tensor, cells: Tensor | None = None) -> Tensor:
        """See ``Sites.submanifold``; kernels of 1 or 3, the latter with gradients."""
        from spconv.core import ConvAlgo
        from spconv.pytorch.functional import indice_subm_conv

        if weight.shape[0] == 1:
            return feats @ weight[0]
        return indice_subm_conv(feats, _krsc(weight), *self._cube[1:], len(self), ConvAlgo.Native)

    def down(self, feats: Tensor, weight: Tensor) -> Tensor:
        """See ``Sites.down``."""
        _, pairs, counts = self._stride
        return self._ops.indice_conv(feats, _krsc(weight), pairs, counts, len(self.coarser))

    def up(self, coarse_feats: Tensor, weight: Tensor) -> Tensor:
        """See ``Sites.up``."""
        _, pairs, counts = self._stride
        return self._ops.indice_conv(coarse_feats, _krsc(weight), pairs, counts, len(self), True)

    def pool_sum(self, feats: Tensor) -> Tensor:
        """See ``Sites.pool_sum``."""
        return feats.new_zeros(len(self.coarser), feats.shape[1]).index_add_(0, self._parent, feats)

    def unpool(self, coarse_feats: Tensor) -> Tensor:
        """See ``Sites.unpool``."""
        return coarse_feats.index_select(0, self._parent)


def sparse_tensor(feats: Tensor, coords: Tensor) -> SparseTensor:
    """Features on spconv's sites."""
    x = object.__new__(SparseTensor)
    x.feats, x.sites, x.backend_name = feats, SpconvSites.from_coords(coords), "spconv"  # type: ignore[assignment]
    return x


def lay_out_weights(network: nn.Module) -> None:
    """Keep the weights as spconv reads them, so that no forward pass has to rearrange them."""
    for module in network.modules():
        if isinstance(module, QuantizedConv):
            module.weight.data = laid_out(module.weight.data)


def laid_out(weight: Tensor) -> Tensor:
    """The same (K, C_in, C_out) numbers in the order in memory that spconv reads."""
    return weight.permute(2, 0, 1).contiguous().permute(1, 2, 0)


def _krsc(weight: Tensor) -> Tensor:
    """(K, C_in, C_out) as (C_out, z, y, x, C_in), without a copy where they are `laid_out`."""
    edge = round(weight.shape[0] ** (1 / 3))
    return weight.permute(2, 0, 1).contiguous().view(weight.shape[2], edge, edge, edge, weight.shape[1])
