"""Where an operator of the ``bscnet`` namespace is registered, and which body it runs."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import TypeVar

import torch
from torch import Tensor

_LIBRARY = torch.library.Library("bscnet", "FRAGMENT")
_Body = TypeVar("_Body", bound=Callable[..., object])


def operator(schema: str) -> Callable[[_Body], _Body]:
    """Registers the decorated function as ``torch.ops.bscnet.<name>``, for tensors on any device.

    It has no gradient of its own: autograd functions call it in both directions.
    """

    def register(body: _Body) -> _Body:
        _LIBRARY.define(schema)
        _LIBRARY.impl(schema.partition("(")[0], body, "CompositeExplicitAutograd")
        return body

    return register


def runs_triton(tensor: Tensor) -> bool:
    """Whether a body is Triton's: on CUDA where Triton is installed, elsewhere if its interpreter is on."""
    return _has_triton() and (tensor.is_cuda or os.environ.get("TRITON_INTERPRET") == "1")


def device_of(tensor: Tensor) -> AbstractContextManager[object]:
    """Launch on the tensor's own GPU, whichever is the current one."""
    return torch.cuda.device(tensor.device) if tensor.is_cuda else nullcontext()


@cache
def _has_triton() -> bool:
    return importlib.util.find_spec("triton") is not None
