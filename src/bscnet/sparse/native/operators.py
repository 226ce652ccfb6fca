"""Where the operators of torch's namespace `bscnet_native` are registered.

`torch.library.custom_op` does the same in three times the time, which shows where a level has few sites.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.autograd import Function

_LIBRARY = torch.library.Library("bscnet_native", "FRAGMENT")


def operator(schema: str) -> Callable[[Callable[..., Any]], Any]:
    """Registers the decorated function as an operator, which takes its place."""
    name = schema.partition("(")[0]

    def register(body: Callable[..., Any]) -> Any:
        _LIBRARY.define(schema)
        _LIBRARY.impl(name, body, "CompositeExplicitAutograd")
        return getattr(torch.ops.bscnet_native, name).default

    return register


def shapes_of(operator: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Registers the decorated function as what tells the shapes of an operator's results."""
    decorate: Callable[[Callable[..., Any]], Callable[..., Any]] = torch.library.register_fake(operator.name())
    return decorate


def set_gradient(
    operator: Any, keep: Callable[[Any, tuple[Any, ...], Any], None], gradient: Callable[..., tuple[Any, ...]]
) -> None:
    """Gives an operator a gradient.

    Args:
        operator: registered by `operator`.
        keep: puts into the context what the backward pass needs of (context, inputs, output).
        gradient: of all inputs, from (context, gradient of the output).
    """

    class Differentiated(Function):
        @staticmethod
        def forward(ctx: Any, *inputs: Any) -> Any:
            with torch._C._AutoDispatchBelowAutograd():
                output = operator(*inputs)
            keep(ctx, inputs, output)
            return output

        backward = staticmethod(gradient)

    _LIBRARY.impl(operator.name().partition("::")[2], lambda *inputs: Differentiated.apply(*inputs), "Autograd")
