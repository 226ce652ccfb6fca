"""The MinkowskiEngine backend: the same operators through its functional interface.

Parameters stay in bscnet's own modules; only coordinate maps live in MinkowskiEngine. This is the one module that
imports it.
"""

from __future__ import annotations

import collections
import collections.abc
import warnings
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from bscnet.errors import InputError
from bscnet.sparse.backend import plain_features
from bscnet.sparse.offsets import Shift, group_sizes
from bscnet.sparse.operand import Operand
from bscnet.threads import limit_openblas

# MinkowskiEngine 0.5.4 still reads collections.Sequence, which Python 3.10 removed.
if not hasattr(collections, "Sequence"):
    collections.Sequence = collections.abc.Sequence  # type: ignore[attr-defined]
limit_openblas()
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it warns on import that it was built for the CPU only
    import MinkowskiEngine as ME
    from MinkowskiEngine.MinkowskiConvolution import (
        MinkowskiConvolutionFunction,
        MinkowskiConvolutionTransposeFunction,
    )
    from MinkowskiEngine.MinkowskiPooling import (
        MinkowskiLocalPoolingFunction,
        MinkowskiLocalPoolingTransposeFunction,
    )
    from MinkowskiEngineBackend._C import ConvolutionMode, PoolingMode


def supports_cuda() -> bool:
    """Whether the installed MinkowskiEngine was built with CUDA."""
    return bool(ME.is_cuda_available())


def _generator(kernel_size: int, stride: int, transpose: bool = False) -> Any:
    return ME.KernelGenerator(kernel_size=kernel_size, stride=stride, is_transpose=transpose, dimension=3)


class MinkowskiSites:
    """Active sites of one level on MinkowskiEngine; implements ``bscnet.sparse.backend.Sites``.

    Args:
        manager: MinkowskiEngine's coordinate manager of the batch.
        key: the level's coordinate map in it.
        tensor_stride: voxels of level 0 along an edge of a voxel of this level.
    """

    reads_packed = False

    def __init__(self, manager: Any, key: Any, tensor_stride: int = 1) -> None:
        self._manager = manager
        self._key = key
        self.tensor_stride = tensor_stride
        # Each insertion makes a coordinate map that lives as long as the manager, so every shift is inserted once.
        self._shifted_keys: dict[Shift, Any] = {(0, 0, 0): key}

    @classmethod
    def from_coords(cls, coords: Tensor) -> MinkowskiSites:
        """Level 0 from ``(N, 4)`` coordinates; rows keep their order.

        Raises:
            InputError: a site is listed twice.
        """
        manager = ME.CoordinateManager(D=3, coordinate_map_type=_map_type(coords.device))
        key, (unique, _) = manager.insert_and_map(coords.int().contiguous(), [1, 1, 1], "")
        if len(unique) not in (0, len(coords)):
            raise InputError(f"{len(coords) - len(unique)} of {len(coords)} sites are duplicates")
        return cls(manager, key)

    def __len__(self) -> int:
        return int(self._manager.size(self._key))

    @cached_property
    def coords(self) -> Tensor:
        """See ``Sites.coords``."""
        raw = self._manager.get_coordinates(self._key)
        return torch.cat([raw[:, :1], raw[:, 1:] // self.tensor_stride], dim=1)

    @cached_property
    def coarser(self) -> MinkowskiSites:
        """The next coarser level."""
        return MinkowskiSites(self._manager, self._manager.stride(self._key, [2, 2, 2]), 2 * self.tensor_stride)

    def cells_in_use(self, kernel_size: int) -> None:
        """See ``Sites.cells_in_use``: not known, MinkowskiEngine keeps its kernel maps to itself."""
        return None

    def submanifold(self, feats: Operand, weight: Tensor, cells: Tensor | None = None) -> Tensor:
        """See ``Sites.submanifold``."""
        feats = plain_features(feats)
        if cells is not None:
            weight = weight.new_zeros(125, *weight.shape[1:]).index_copy(0, cells, weight)
        if weight.shape[0] == 1:
            return feats @ weight[0]
        return self._cube(feats, weight, self._key)

    def shifted(self, feats: Operand, weight: Tensor, shifts: tuple[Shift, ...]) -> Tensor:
        """See ``Sites.shifted``: one plain cube convolution a group, evaluated at the sites moved by ``-p_g``."""
        feats = plain_features(feats)
        kernels = weight.split(group_sizes(weight.shape[2], len(shifts)), dim=2)
        outputs = [
            self._cube(feats, kernel, self._shifted_key(shift)) for shift, kernel in zip(shifts, kernels, strict=True)
        ]
        return torch.cat(outputs, dim=1)

    def down(self, feats: Operand, weight: Tensor) -> Tensor:
        """See ``Sites.down``."""
        return MinkowskiConvolutionFunction.apply(
            plain_features(feats),
            weight.contiguous(),
            _generator(2, 2),
            ConvolutionMode.DEFAULT,
            self._key,
            self.coarser._key,
            self._manager,
        )

    def up(self, coarse_feats: Operand, weight: Tensor) -> Tensor:
        """See ``Sites.up``."""
        return MinkowskiConvolutionTransposeFunction.apply(
            plain_features(coarse_feats),
            weight.contiguous(),
            _generator(2, 2, transpose=True),
            ConvolutionMode.DEFAULT,
            self.coarser._key,
            self._key,
            self._manager,
        )

    def pool_sum(self, feats: Tensor) -> Tensor:
        """See ``Sites.pool_sum``."""
        return self._pool(feats, PoolingMode.LOCAL_SUM_POOLING)

    def pool_max(self, feats: Tensor) -> Tensor:
        """See ``Sites.pool_max``."""
        return self._pool(feats, PoolingMode.LOCAL_MAX_POOLING)

    def unpool(self, coarse_feats: Tensor) -> Tensor:
        """See ``Sites.unpool``."""
        return MinkowskiLocalPoolingTransposeFunction.apply(
            coarse_feats,
            PoolingMode.LOCAL_SUM_POOLING,
            _generator(2, 2, transpose=True),
            self.coarser._key,
            self._key,
            self._manager,
        )

    def _pool(self, feats: Tensor, mode: Any) -> Tensor:
        return MinkowskiLocalPoolingFunction.apply(
            feats, mode, _generator(2, 2), self._key, self.coarser._key, self._manager
        )

    def _cube(self, feats: Tensor, weight: Tensor, out_key: Any) -> Tensor:
        generator = _generator(round(weight.shape[0] ** (1 / 3)), 1)
        return MinkowskiConvolutionFunction.apply(
            feats, weight.contiguous(), generator, ConvolutionMode.DEFAULT, self._key, out_key, self._manager
        )

    def _shifted_key(self, shift: Shift) -> Any:
        if shift not in self._shifted_keys:
            moved = self._manager.get_coordinates(self._key).clone()
            moved[:, 1:] -= torch.tensor(shift, dtype=moved.dtype, device=moved.device) * self.tensor_stride
            name = "shift" + "_".join(map(str, shift))
            key, _ = self._manager.insert_and_map(moved, [self.tensor_stride] * 3, name)
            self._shifted_keys[shift] = key
        return self._shifted_keys[shift]


def _map_type(device: torch.device) -> Any:
    return ME.CoordinateMapType.CUDA if device.type == "cuda" else ME.CoordinateMapType.CPU
