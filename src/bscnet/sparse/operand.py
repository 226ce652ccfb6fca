"""What a convolution reads: real features, or signs that are kept as bits."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class PackedSigns:
    """Features of +-1 as bits, and a stand-in through which their gradient flows.

    A float tensor of signs takes 32 times the memory of its bits, and autograd would keep it until the backward pass.
    The stand-in has the shape and type of that tensor, takes no memory and holds NaN, so that whoever reads its values
    finds out. The gradient of a convolution with respect to the signs is the gradient with respect to the stand-in.

    Attributes:
        bits: ``(N, ceil(C / 32))`` int32; bit ``c % 32`` of word ``c // 32`` is 1 where channel c is +1. Bits beyond C
            are 0.
        stand_in: ``(N, C)`` floating point, made by `stand_in_for`.
    """

    bits: Tensor
    stand_in: Tensor

    @property
    def channels(self) -> int:
        """C."""
        return self.stand_in.shape[1]

    def __len__(self) -> int:
        return len(self.bits)


@dataclass(frozen=True)
class Normalized:
    """Real features ``scale_c * x_c + shift_c`` that are made where they are read, and not kept.

    Batch norm keeps its input for the backward pass anyway, so its output need not be kept beside it.

    Attributes:
        values: ``(N, C)`` x.
        scale: ``(C,)``.
        shift: ``(C,)``.
        stand_in: as in `PackedSigns`: its gradient is the one with respect to the normalized features.
    """

    values: Tensor
    scale: Tensor
    shift: Tensor
    stand_in: Tensor

    @property
    def channels(self) -> int:
        """C."""
        return self.stand_in.shape[1]

    def __len__(self) -> int:
        return len(self.values)


Operand = Tensor | PackedSigns | Normalized
"""What a convolution may be given as features; `Sites.reads_packed` says whether a backend takes the last two."""


def stand_in_for(rows: int, channels: int, like: Tensor) -> Tensor:
    """A ``(rows, channels)`` tensor of NaN on the device and of the type of ``like`` that takes no memory."""
    return like.new_full((1, 1), torch.nan).expand(rows, channels)


def pack_signs(values: Tensor) -> Tensor:
    """The bits of ``values >= 0``, in the form of ``PackedSigns.bits``, from ``(N, C)`` numbers."""
    rows, channels = values.shape
    words = -(-channels // 32)
    bits = torch.zeros(rows, words * 32, dtype=torch.int64, device=values.device)
    bits[:, :channels] = values >= 0
    weights = torch.bitwise_left_shift(torch.ones(32, dtype=torch.int64, device=values.device), _places(values.device))
    return (bits.view(rows, words, 32) * weights).sum(2).to(torch.int32)


def unpack_signs(bits: Tensor, channels: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """``(N, C)`` of +-1 from ``PackedSigns.bits``."""
    places = _places(bits.device).to(torch.int32)
    found = torch.bitwise_right_shift(bits[:, :, None], places) & 1
    return (found.reshape(len(bits), -1)[:, :channels] * 2 - 1).to(dtype)


def _places(device: torch.device) -> Tensor:
    return torch.arange(32, device=device)
