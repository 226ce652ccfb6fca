"""Launching the convolution's kernels: block sizes by width, and nothing that depends on the number of sites."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from bscnet.sparse.offsets import group_sizes
from bscnet.sparse.tiles.reading import EVEN_GROUPS, ONE_GROUP, TILE, UNEVEN_GROUPS, Reading
from bscnet.sparse.tiles.serving import device_of, parts, power_of_two

# Programs that a gradient of the weight is shared among: several times what a large GPU runs at once.
_PROGRAMS = 2048


@dataclass(frozen=True)
class Features:
    """What a convolution reads, as its kernels take it.

    Attributes:
        values: ``(N, C)`` floating point, or ``(N, ceil(C / 32))`` int32 bits of signs.
        scale: ``(C,)`` of normalized features, or None.
        shift: ``(C,)``, likewise.
    """

    values: Tensor
    scale: Tensor | None = None
    shift: Tensor | None = None

    @property
    def bits(self) -> bool:
        """Whether they are signs."""
        return not self.values.is_floating_point()

    @property
    def mode(self) -> int:
        """The constant of `bscnet.sparse.tiles.kernels.operand`."""
        return 1 if self.bits else 0 if self.scale is None else 2


def input_precision() -> str:
    """``tf32`` where PyTorch may use it for products of float32 matrices on CUDA, else ``ieee``."""
    return "tf32" if torch.backends.cuda.matmul.fp32_precision == "tf32" else "ieee"


def convolve(features: Features, weight: Tensor, reading: Reading) -> Tensor:
    """The convolution ``(rows, C_out)``, in the weight's type; see `bscnet.sparse.tiles.ops`."""
    from bscnet.sparse.tiles.kernels import convolution

    channels_in, channels_out = weight.shape[1:]
    out = weight.new_empty((reading.rows, channels_out))
    tiles = parts(reading.rows, TILE)
    widest_in = group_sizes(channels_in, reading.groups_in)[0]
    widest_out = group_sizes(channels_out, reading.groups)[0]
    options = forward_options(features, weight, widest_in, widest_out)
    grid = tiles, parts(widest_out, options["BLOCK_OUT"]), reading.groups
    values = features.values
    with device_of(values):
        convolution.convolve[grid](
            values,
            values if features.scale is None else features.scale,
            values if features.shift is None else features.shift,
            weight,
            out,
            reading.table,
            reading.order,
            reading.perm,
            reading.lists,
            reading.counts,
            reading.rows,
            tiles,
            reading.entries.shape[1],
            parts(widest_in, options["BLOCK_IN"]),
            *divmod(channels_in, reading.groups_in),
            *divmod(channels_out, reading.groups),
            channels_out,
            reading.last,
            *values.stride(),
            *weight.stride(),
            **kind_options(reading),
            MIRRORED=reading.last >= 0,
            GROUPING_IN=_grouping(channels_in, reading.groups_in),
            GROUPING_OUT=_grouping(channels_out, reading.groups),
            **options,
        )
    return out


def weight_gradient(
    features: Features, grad: Tensor, reading: Reading, by_entry: list[Tensor], shape: list[int]
) -> Tensor:
    """The gradient of a weight of this shape, in the type of ``grad``: one launch, and one that sums the splits."""
    from bscnet.sparse.tiles.kernels import weight_gradient as kernels

    slices, channels_in, channels_out = shape
    tiles = parts(reading.rows, TILE)
    widest_out = group_sizes(channels_out, reading.groups)[0]
    options = gradient_options(features, grad, channels_in, widest_out)
    blocks_out = parts(widest_out, options["BLOCK_OUT"])
    blocks = parts(channels_in, options["BLOCK_IN"]) * blocks_out
    entries = reading.entries.numel()
    splits = max(1, min(parts(tiles, 4), _PROGRAMS // (entries * blocks)))
    kind = grad.dtype if splits == 1 else torch.float32
    sums = torch.empty((splits, *shape), dtype=kind, device=grad.device)
    values = features.values
    tiles_of, tile_counts = by_entry if by_entry else (reading.lists, reading.counts)
    with device_of(values):
        kernels.weight_gradient[(entries, blocks, splits)](
            values,
            values if features.scale is None else features.scale,
            values if features.shift is None else features.shift,
            grad,
            sums,
            reading.table,
            reading.order,
            reading.perm,
            reading.entries,
            tiles_of,
            tile_counts,
            reading.rows,
            tiles,
            reading.entries.shape[1],
            slices,
            splits,
            blocks_out,
            channels_in,
            channels_out,
            *divmod(channels_out, reading.groups),
            *values.stride(),
            *grad.stride(),
            **kind_options(reading),
            GROUPING_OUT=_grouping(channels_out, reading.groups),
            **options,
        )
    return sums[0] if splits == 1 else sums.sum(0).to(grad.dtype)


def kind_options(reading: Reading) -> dict[str, Any]:
    """Compile-time options that follow from the kernel map."""
    return {"KIND": reading.kind, "SIDE": reading.side, "ORDERED": not len(reading.order), "TILE": TILE}


def forward_options(features: Features, weight: Tensor, channels_in: int, channels_out: int) -> dict[str, Any]:
    """Compile-time options of the convolution by the widths of a group.

    As many columns as fit go into one program, as each block of columns gathers the rows again.
    """
    half = weight.element_size() == 2
    products = _products(features, weight)
    # Without tensor cores, or with a weight in three parts, 128 columns take more registers than there are.
    narrow = not half and products["PRECISION"] == "ieee"
    block_out = min(power_of_two(channels_out, 16), 64 if narrow else 128)
    block_in = min(power_of_two(channels_in, 16), 64 if half and not features.bits else 32)
    return {
        **products,
        "BLOCK_IN": block_in,
        "BLOCK_OUT": block_out,
        "num_warps": 8 if block_out == 128 else 4,
        "num_stages": 3,
    }


def gradient_options(features: Features, grad: Tensor, channels_in: int, channels_out: int) -> dict[str, Any]:
    """Compile-time options of the weight's gradient."""
    return {
        **_products(features, grad),
        "BLOCK_ROWS": 64,
        "BLOCK_IN": min(power_of_two(channels_in, 16), 32 if features.bits else 64),
        "BLOCK_OUT": min(power_of_two(channels_out, 16), 64),
        "num_warps": 4,
        "num_stages": 2,
    }


def _grouping(channels: int, groups: int) -> int:
    return ONE_GROUP if groups == 1 else UNEVEN_GROUPS if channels % groups else EVEN_GROUPS


def _products(features: Features, other: Tensor) -> dict[str, Any]:
    precision = input_precision() if other.dtype == torch.float32 else "ieee"
    split = features.bits and other.dtype == torch.float32 and precision == "ieee"
    return {"OPERAND": features.mode, "PRECISION": precision, "SPLIT": split}
