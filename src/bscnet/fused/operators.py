"""Where an operator of the ``bscnet`` namespace is registered."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch

_LIBRARY = torch.library.Library("bscnet", "FRAGMENT")
_Body = TypeVar("_Body", bound=Callable[..., object])


def operator(schema: str) -> Callable[[_Body], _Body]:
    """Registers the decorated function as ``torch.ops.bscnet.<name>``, for tensors on any device.

    It has no gradient of its own: autograd functions call it in both directions. Its argument ``on_gpu`` says whether
    they were given CUDA tensors; if so, and where kernels serve the tensors that the body sees, the body is Triton's.
    """

    def register(body: _Body) -> _Body:
        _LIBRARY.define(schema)
        _LIBRARY.impl(schema.partition("(")[0], body, "CompositeExplicitAutograd")
        return body

    return register
