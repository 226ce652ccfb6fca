"""Whether kernels serve a tensor, and how one is launched."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import torch
from torch import Tensor

from bscnet.sparse.tiles import available


def kernels_serve(tensor: Tensor) -> bool:
    """Whether Triton kernels take a tensor: on CUDA, or on the CPU in Triton's interpreter; and not in float64."""
    here = tensor.is_cuda or os.environ.get("TRITON_INTERPRET") == "1"
    return here and available() and tensor.dtype != torch.float64


@contextmanager
def device_of(tensor: Tensor) -> Iterator[None]:
    """Launch on the tensor's own GPU, whichever is the current one."""
    with torch.cuda.device(tensor.device) if tensor.is_cuda else nullcontext():
        yield


def power_of_two(number: int, lowest: int = 1) -> int:
    """The smallest power of two that is at least ``number`` and ``lowest``."""
    return max(1 << (number - 1).bit_length(), lowest)


def parts(number: int, size: int) -> int:
    """How many blocks of a size hold a number."""
    return -(-number // size)
