"""Open3D's sparse convolutions under bscnet's own networks, so that both sides run one network with one set of weights.

A convolution of `open3d.ml` looks for its neighbours anew in every call; here a level looks for them once, as the other
engines do. Pooling and unpooling, which Open3D lacks for voxels, are torch's.
"""

from __future__ import annotations

import functools
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from bscnet.sparse import SparseTensor


@functools.cache
def missing() -> str | None:
    """Why Open3D cannot be measured, or None."""
    try:
        _ml()
    except Exception as error:  # Open3D raises plain exceptions for a torch that it was not built for
        return str(error).splitlines()[0]
    return None


def _ml() -> Any:
    import open3d.ml.torch

    return open3d.ml.torch


class Open3dSites:
    """Active sites of one level; implements the real-valued part of ``bscnet.sparse.backend.Sites``, forward alone.

    Args:
        coords: ``(N, 4)`` int32 [0, x, y, z], one cloud.
        tensor_stride: voxels of level 0 along an edge of a voxel of this level.
    """

    reads_packed = False

    def __init__(self, coords: Tensor, tensor_stride: int = 1) -> None:
        if coords[:, 0].any():
            raise ValueError("clouds of a batch are not told apart")
        self.coords, self.tensor_stride = coords, tensor_stride
        self._centres = coords[:, 1:].float() + 0.5

    def __len__(self) -> int:
        return len(self.coords)

    @cached_property
    def _cube(self) -> Any:
        return _neighbours(self._centres, self._centres, 3)

    @cached_property
    def _levels(self) -> tuple[Open3dSites, Tensor]:
        halved = self.coords.clone()
        halved[:, 1:] >>= 1
        coarse, parent = torch.unique(halved, dim=0, return_inverse=True)
        return Open3dSites(coarse, 2 * self.tensor_stride), parent

    @cached_property
    def _pair(self) -> Any:
        return _neighbours(self._centres, 2 * self.coarser._centres, 2)

    @cached_property
    def _back(self) -> Any:
        return _neighbours(2 * self.coarser._centres, self._centres, 2)

    @property
    def coarser(self) -> Open3dSites:
        """The next coarser level."""
        return self._levels[0]

    def submanifold(self, feats: Tensor, weight: Tensor, cells: Tensor | None = None) -> Tensor:
        """See ``Sites.submanifold``; kernels of 1 or 3."""
        if weight.shape[0] == 1:
            return feats @ weight[0]
        return _convolved(feats, weight, self._centres, self._centres, self._cube, 3)

    def down(self, feats: Tensor, weight: Tensor) -> Tensor:
        """See ``Sites.down``."""
        return _convolved(feats, weight, self._centres, 2 * self.coarser._centres, self._pair, 2)

    def up(self, coarse_feats: Tensor, weight: Tensor) -> Tensor:
        """See ``Sites.up``: seen from a child its parent lies on the other side, so cells are taken backwards."""
        return _convolved(coarse_feats, weight.flip(0), 2 * self.coarser._centres, self._centres, self._back, 2)

    def pool_sum(self, feats: Tensor) -> Tensor:
        """See ``Sites.pool_sum``."""
        return feats.new_zeros(len(self.coarser), feats.shape[1]).index_add_(0, self._levels[1], feats)

    def unpool(self, coarse_feats: Tensor) -> Tensor:
        """See ``Sites.unpool``."""
        return coarse_feats.index_select(0, self._levels[1])


def _neighbours(points: Tensor, queries: Tensor, size: int) -> Any:
    """Points in the cube of that size around each query."""
    search = _ml().layers.FixedRadiusSearch(metric="Linf", ignore_query_point=False, return_distances=False)
    return search(points, queries=queries, radius=size * 0.51, hash_table_size_factor=1 / 64)


def _convolved(feats: Tensor, weight: Tensor, points: Tensor, queries: Tensor, found: Any, size: int) -> Tensor:
    nothing = feats.new_empty(0)
    result: Tensor = _ml().ops.continuous_conv(
        filters=weight.reshape(size, size, size, *weight.shape[1:]).contiguous(),
        out_positions=queries,
        extents=feats.new_full((1, 1), float(size)),
        offset=feats.new_zeros(3),
        inp_positions=points,
        inp_features=feats.contiguous(),
        inp_importance=nothing,
        neighbors_index=found.neighbors_index,
        neighbors_importance=nothing,
        neighbors_row_splits=found.neighbors_row_splits,
        align_corners=False,
        coordinate_mapping="identity",
        interpolation="nearest_neighbor",
        normalize=False,
        max_temp_mem_MB=64,
    )
    return result


def sparse_tensor(feats: Tensor, coords: Tensor) -> SparseTensor:
    """Features on Open3D's sites."""
    x = object.__new__(SparseTensor)
    x.feats, x.sites, x.backend_name = feats, Open3dSites(coords), "open3d"  # type: ignore[assignment]
    return x
