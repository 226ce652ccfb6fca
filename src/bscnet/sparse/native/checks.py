"""Tensors as the compiled library reads them: refused in one sentence, or laid out in C order."""

from __future__ import annotations

import torch
from torch import Tensor

from bscnet.errors import InputError

Shape = tuple[int | None, ...]
"""Lengths that a tensor must have; None allows any."""


def check_floats(name: str, tensor: Tensor, shape: Shape) -> Tensor:
    """The tensor in C order; InputError: not float32 on the CPU, or of another shape."""
    return check_tensor(name, tensor, shape, torch.float32)


def check_integers(name: str, tensor: Tensor, shape: Shape) -> Tensor:
    """The tensor in C order; InputError: not int32 on the CPU, or of another shape."""
    return check_tensor(name, tensor, shape, torch.int32)


def check_tensor(name: str, tensor: Tensor, shape: Shape, dtype: torch.dtype) -> Tensor:
    """The tensor in C order; InputError: not of this type on the CPU, or of another shape."""
    if tensor.dtype != dtype or not tensor.is_cpu:
        raise InputError(f"{name} is {tensor.dtype} on {tensor.device}; the native backend reads {dtype} on the CPU")
    found = tensor.shape
    fits = len(found) == len(shape)
    # some thousand times a step: a loop is the fastest
    for wanted, length in zip(shape, found, strict=False):
        fits = fits and (wanted is None or wanted == length)
    if not fits:
        lengths = ", ".join("any" if wanted is None else str(wanted) for wanted in shape)
        raise InputError(f"{name} has shape {tuple(found)}; it must be ({lengths})")
    return tensor.contiguous()
