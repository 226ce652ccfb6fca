"""Batch norm of a trained network as the two float32 numbers a channel that a model file holds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from bscnet.errors import InputError

Floats = npt.NDArray[np.float32]


def norm_affine(norm: nn.BatchNorm1d, name: str) -> tuple[Floats, Floats]:
    """``(a, b)`` so that the norm in eval mode is ``fma(x, a, b)``, to the bit as torch computes it on a CPU with FMA.

    Formula: ``inv = 1 / sqrt(var + eps)``, ``a = inv * weight``, ``b = fma(-mean, a, bias)``, all float32.

    Args:
        norm: its running statistics and weights, ``(C,)`` each.
        name: of the layer, for the error.

    Raises:
        InputError: a result is not finite (a negative variance, or an overflow).
    """
    if norm.running_mean is None or norm.running_var is None:
        raise InputError(f"{name} keeps no running statistics; only such a batch norm can be exported")
    mean, variance = array(norm.running_mean), array(norm.running_var)
    weight = np.ones_like(mean) if norm.weight is None else array(norm.weight)
    bias = np.zeros_like(mean) if norm.bias is None else array(norm.bias)
    with np.errstate(all="ignore"):
        inverse = np.float32(1) / np.sqrt(variance + np.float32(norm.eps))
        a = inverse * weight
        b = fma(-mean, a, bias)
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise InputError(f"{name}: the statistics of this batch norm give a factor that is not finite")
    return a, b


def fma(x: Floats, a: Floats, b: Floats) -> Floats:
    """``x * a + b`` rounded once to float32.

    The product of two float32 is exact in float64. Where the sum is not, it is rounded to odd there, which float32's
    own rounding then cannot mistake for a tie (Boldo and Melquiond, 2008).
    """
    product = x.astype(np.float64) * a
    wide = b.astype(np.float64)
    total = product + wide
    back = total - product
    rest = (product - (total - back)) + (wide - back)  # what the addition lost, exactly (Knuth's TwoSum)
    even = (total.view(np.int64) & 1) == 0
    towards = np.where(rest > 0, np.inf, -np.inf)
    odd = np.where((rest != 0) & even & np.isfinite(total), np.nextafter(total, towards), total)
    with np.errstate(over="ignore"):
        return odd.astype(np.float32)


def array(tensor: torch.Tensor) -> Floats:
    """A detached float32 copy."""
    return np.ascontiguousarray(tensor.detach().cpu().to(torch.float32).numpy()).copy()
