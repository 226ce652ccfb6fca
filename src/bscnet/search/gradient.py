"""Whether the gradients of the search logits point anywhere: their mean over steps against their scatter."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bscnet.search.discretise import composite_layers


class GradientSignal:
    """Sums of the logits' gradients and of their squares over the steps at which they were added.

    Examples:
        >>> import torch
        >>> from bscnet.nn import CompositeShiftConv3d
        >>> from bscnet.search import GradientSignal, candidate_shifts
        >>> conv = CompositeShiftConv3d(4, 8, 2, candidate_shifts("all27"))
        >>> network = torch.nn.ModuleDict({"conv": conv})
        >>> signal = GradientSignal()
        >>> for step in (1.0, 2.0):
        ...     conv.alpha.grad = torch.full_like(conv.alpha, step)
        ...     signal.add(network)
        >>> {name: round(ratio, 3) for name, ratio in signal.ratios().items()}
        {'conv': 9.0}
    """

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._squares: dict[str, Tensor] = {}
        self._count = 0

    def add(self, network: nn.Module) -> None:
        """Add the gradients that the logits have now."""
        found = {name: layer.alpha.grad for name, layer in composite_layers(network).items()}
        grads = {name: grad.detach() for name, grad in found.items() if grad is not None}
        if not grads:
            return
        if not self._sums:
            self._sums = {name: torch.zeros_like(grad) for name, grad in grads.items()}
            self._squares = {name: torch.zeros_like(grad) for name, grad in grads.items()}
        torch._foreach_add_(list(self._sums.values()), list(grads.values()))
        torch._foreach_addcmul_(list(self._squares.values()), list(grads.values()), list(grads.values()))
        self._count += 1

    def ratios(self) -> dict[str, float]:
        """Of each layer ``n |mean|^2 / variance`` of its logits' gradients over n steps: 1 in the mean for noise alone,
        n and more for gradients that agree. Empty before there were two.

        Layers whose gradients do not vary, because they are all 0, are left out.
        """
        if self._count < 2:
            return {}
        found = {}
        for name, total in self._sums.items():
            signal = total.double().square().sum() / self._count
            noise = (self._squares[name].double().sum() - signal) / (self._count - 1)
            if noise > 0:
                found[name] = float(signal / noise)
        return found
