"""The spconv-triton backend: convolutions by that library's masked implicit GEMM, on CUDA.

It is a yardstick for this project's own kernels. The library is given tables of rows made here, so shifted convolutions
need nothing that it does not offer; pooling and coordinates are those of the torch backend. This is the one module that
imports it.
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from spconv_triton import constants
from spconv_triton.pytorch.functional import SparseImplicitGemmFunction
from torch import Tensor

from bscnet.errors import InputError
from bscnet.sparse.backend import plain_features
from bscnet.sparse.kernel_map import build_table
from bscnet.sparse.offsets import Shift, group_sizes, shifted_columns
from bscnet.sparse.operand import Operand
from bscnet.sparse.precision import in_product_type
from bscnet.sparse.torch import TorchSites

# The library skips absent cells by one 32-bit word a row; with more cells it multiplies all of them.
_MASKED_CELLS = 32
_ONE_WORD = [np.array([0xFFFFFFFF], dtype=np.uint32)]
_DTYPES = (torch.float32, torch.float16, torch.bfloat16)


class Gather(NamedTuple):
    """Which row each output reads through each cell, as spconv-triton takes it.

    Attributes:
        rows: ``(K, N_out)`` int32; -1 where there is none.
        mask: ``(N_out,)`` int32, bit k is set where cell k has a row; ascending. Empty where all cells are multiplied.
        order: ``(N_out,)`` int32 output of each mask.
    """

    rows: Tensor
    mask: Tensor
    order: Tensor

    @classmethod
    def of(cls, rows: Tensor) -> Gather:
        """The masks of a table."""
        if len(rows) > _MASKED_CELLS:
            return cls(rows, rows.new_empty(0), rows.new_empty(0))
        mask = torch.zeros_like(rows[0])
        for cell, sources in enumerate(rows):
            mask |= (sources >= 0).int() << cell
        ordered, order = mask.sort()
        return cls(rows, ordered, order.int())


class Relation(NamedTuple):
    """The table of a convolution and the one of its gradient, which goes from the outputs to the inputs."""

    forward: Gather
    backward: Gather

    @property
    def turned(self) -> Relation:
        """That of the transposed convolution."""
        return Relation(self.backward, self.forward)


class SpconvTritonSites:
    """Active sites of one level on spconv-triton; implements ``bscnet.sparse.backend.Sites``.

    Args:
        base: the same sites on the torch backend.
    """

    reads_packed = False

    def __init__(self, base: TorchSites) -> None:
        self._base = base
        self.tensor_stride = base.tensor_stride
        self._shifted: dict[Shift, Relation] = {}

    @property
    def coords(self) -> Tensor:
        """See ``Sites.coords``."""
        return self._base.coords

    @cached_property
    def coarser(self) -> SpconvTritonSites:
        """The next coarser level."""
        return SpconvTritonSites(self._base.coarser)

    def __len__(self) -> int:
        return len(self._base)

    def cells_in_use(self, kernel_size: int) -> None:
        """See ``Sites.cells_in_use``: a kernel of fewer cells would have to be compiled anew."""
        return None

    def submanifold(self, feats: Operand, weight: Tensor, cells: Tensor | None = None) -> Tensor:
        """See ``Sites.submanifold``."""
        plain = plain_features(feats)
        if cells is not None:
            weight = weight.new_zeros(125, *weight.shape[1:]).index_copy(0, cells, weight)
        if weight.shape[0] == 1:
            return plain @ weight[0]
        return _convolve(plain, weight, self._cube3 if weight.shape[0] == 27 else self._cube5)

    def shifted(self, feats: Operand, weight: Tensor, shifts: tuple[Shift, ...]) -> Tensor:
        """See ``Sites.shifted``: one convolution a group, by columns of the 5x5x5 table."""
        plain = plain_features(feats)
        kernels = weight.split(group_sizes(weight.shape[2], len(shifts)), dim=2)
        outputs = [_convolve(plain, kernel, self._moved(s)) for s, kernel in zip(shifts, kernels, strict=True)]
        return torch.cat(outputs, dim=1)

    def down(self, feats: Operand, weight: Tensor) -> Tensor:
        """See ``Sites.down``."""
        return _convolve(plain_features(feats), weight, self._strided)

    def up(self, coarse_feats: Operand, weight: Tensor) -> Tensor:
        """See ``Sites.up``."""
        return _convolve(plain_features(coarse_feats), weight, self._strided.turned)

    def pool_sum(self, feats: Tensor) -> Tensor:
        """See ``Sites.pool_sum``."""
        return self._base.pool_sum(feats)

    def pool_max(self, feats: Tensor) -> Tensor:
        """See ``Sites.pool_max``."""
        return self._base.pool_max(feats)

    def unpool(self, coarse_feats: Tensor) -> Tensor:
        """See ``Sites.unpool``."""
        return self._base.unpool(coarse_feats)

    @cached_property
    def _cube3(self) -> Relation:
        rows = _by_cell(self.coords, 3)
        return Relation(Gather.of(rows), Gather.of(rows.flip(0)))

    @cached_property
    def _cube5(self) -> Relation:
        rows = _by_cell(self.coords, 5)
        return Relation(Gather.of(rows), Gather.of(rows.flip(0)))

    def _moved(self, shift: Shift) -> Relation:
        if shift not in self._shifted:
            rows = self._cube5.forward.rows
            columns = shifted_columns(shift).to(rows.device)
            # A row v is read through cell k by the site v - offset_k: that of the mirrored cell of the table.
            ways = (Gather.of(rows.index_select(0, cells)) for cells in (columns, len(rows) - 1 - columns))
            self._shifted[shift] = Relation(*ways)
        return self._shifted[shift]

    @cached_property
    def _strided(self) -> Relation:
        stride_map = self._base.stride_map
        fine = torch.arange(len(self), device=self.coords.device)
        children = self.coords.new_full((8, stride_map.num_coarse), -1)
        children[stride_map.cell, stride_map.parent] = fine.int()
        parents = self.coords.new_full((8, len(self)), -1)
        parents[stride_map.cell, fine] = stride_map.parent.int()
        return Relation(Gather.of(children), Gather.of(parents))


def _by_cell(coords: Tensor, kernel_size: int) -> Tensor:
    table = build_table(coords, kernel_size).table.t()
    return torch.where(table < len(coords), table, -1).contiguous()


def _convolve(feats: Tensor, weight: Tensor, relation: Relation) -> Tensor:
    """``y_o = sum_k W_k^T x_{rows[k, o]}``, weight ``(K, C_in, C_out)``.

    Raises:
        InputError: the features are of a type that the library does not multiply.
    """
    feats, weight = in_product_type(feats, weight)
    if feats.dtype not in _DTYPES:
        raise InputError(f"spconv-triton multiplies float32, float16 and bfloat16, not {feats.dtype}")
    ahead, back = relation
    # Two switches are the library's own: autocast, which means float16 to it, and TF32, which is to follow torch's.
    constants.SPCONV_ALLOW_TF32 = torch.backends.cuda.matmul.fp32_precision == "tf32"
    with torch.autocast(feats.device.type, enabled=False):
        return SparseImplicitGemmFunction.apply(
            feats,
            weight.permute(2, 0, 1).contiguous(),
            ahead.rows,
            back.rows,
            [ahead.mask],
            [back.mask],
            [ahead.order],
            [back.order],
            ahead.rows.shape[1],
            _ONE_WORD,
            True,  # is_train
            False,  # is_subm
        )
