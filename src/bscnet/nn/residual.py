"""How the values that a network keeps from layer to layer are held: as float32, or as numbers of float16."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from bscnet.settings.words import Residual, chosen

MOST = torch.finfo(torch.float16).max
"""The largest number of float16."""


class _Rounding(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        # the cast is infinite from 65520 on
        return x.clamp(-MOST, MOST).half().to(x.dtype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        return grad


def rounded_to_float16(x: Tensor) -> Tensor:
    """The nearest number of float16, of two the one with the even last bit; ±65504 beyond them; NaN stays NaN.

    One infinity would become NaN in the next norm, and spoil every site that sees it; the outermost number does not.
    The gradient is that of the identity (straight-through), there too, so that training can bring a value back.

    Args:
        x: of any shape.

    Returns:
        the same shape and type.

    Examples:
        >>> import torch
        >>> from bscnet.nn import rounded_to_float16
        >>> rounded_to_float16(torch.tensor([0.1, 2049.0, 1e6])).tolist()
        [0.0999755859375, 2048.0, 65504.0]
    """
    rounded: Tensor = _Rounding.apply(x)
    return rounded


class Float16Rounding(nn.Module):
    """``rounded_to_float16``: what passes takes 16 bits in the engine's memory.

    Examples:
        >>> import torch
        >>> from bscnet.nn import Float16Rounding
        >>> Float16Rounding()(torch.tensor([0.1])).tolist()
        [0.0999755859375]
    """

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        return rounded_to_float16(x)


KEEPERS: dict[Residual, type[nn.Module]] = {"float32": nn.Identity, "float16": Float16Rounding}


def make_keeper(name: Residual) -> nn.Module:
    """What kept values pass through.

    Raises:
        InputError: unknown name.

    Examples:
        >>> from bscnet.nn import make_keeper
        >>> make_keeper("float16")
        Float16Rounding()
    """
    return chosen(KEEPERS, name, "residual")()
