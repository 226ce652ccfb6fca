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
    if tensor.dtype != dtype or tensor.device.type != "cpu":
        raise InputError(f"{name} is {tensor.dtype} on {tensor.device}; the native backend reads {dtype} on the CPU")
    fits = tensor.ndim == len(shape) and all(
        wanted is None or wanted == found for wanted, found in zip(shape, tensor.shape, strict=True)
    )
    if not fits:
        wanted = ", ".join("any" if length is None else str(length) for length in shape)
        raise InputError(f"{name} has shape {tuple(tensor.shape)}; it must be ({wanted})")
    return tensor.contiguous()
