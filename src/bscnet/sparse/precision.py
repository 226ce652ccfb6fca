"""In which type convolutions multiply and add."""

from __future__ import annotations

import torch
from torch import Tensor


def in_product_type(feats: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """The operands of a convolution in the type in which it multiplies them: autocast's where it is on, else their own.

    As autocast does, this leaves float64 alone.
    """
    device = feats.device.type
    if device not in ("cpu", "cuda") or not torch.is_autocast_enabled(device) or feats.dtype == torch.float64:
        return feats, weight
    dtype = torch.get_autocast_dtype(device)
    return feats.to(dtype), weight.to(dtype)


def sum_type(dtype: torch.dtype) -> torch.dtype:
    """The type in which products of this type are added up: float32 at least."""
    return torch.promote_types(dtype, torch.float32)
