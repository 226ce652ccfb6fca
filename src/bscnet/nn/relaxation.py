"""How a group's choice among shifts is relaxed: from logits to weights that sum to one in each row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable
from torch.nn import functional

from bscnet.settings import words


def importance(logits: Tensor) -> Tensor:
    """``pi = softmax(alpha)`` of each row of ``(G, n)`` search logits.

    Examples:
        >>> import torch
        >>> from bscnet.nn import importance
        >>> importance(torch.zeros(1, 4)).tolist()
        [[0.25, 0.25, 0.25, 0.25]]
    """
    return logits.softmax(dim=1) if logits.is_cuda else _Softmax.apply(logits)


class _Softmax(Function):
    """The softmax of each row with a gradient that, unlike torch's on the CPU, depends on no number of threads."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor) -> Tensor:
        pi = logits.softmax(dim=1)
        ctx.save_for_backward(pi)
        return pi

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (pi,) = ctx.saved_tensors
        return pi * (grad - (grad * pi).sum(1, keepdim=True))


def tempered(logits: Tensor, temperature: float) -> Tensor:
    """``softmax(alpha / temperature)`` of each row."""
    return importance(logits if temperature == 1 else logits / temperature)


def noisy(logits: Tensor, temperature: float) -> Tensor:
    """``softmax((alpha + Gumbel noise) / temperature)`` of each row; a sample."""
    noise = -torch.empty_like(logits).exponential_().log()
    return importance((logits + noise) / temperature)


def drawn(logits: Tensor, temperature: float) -> Tensor:
    """One-hot arg max of ``noisy``, with the gradient of ``noisy`` (straight-through)."""
    soft = noisy(logits, temperature)
    return largest(soft, 1.0) - soft.detach() + soft


def largest(logits: Tensor, temperature: float) -> Tensor:
    """One-hot arg max of each row; no gradient."""
    return functional.one_hot(logits.argmax(dim=1), logits.shape[1]).to(logits.dtype)


def any_one(logits: Tensor, temperature: float) -> Tensor:
    """One-hot rows drawn with equal chances, whatever the logits; no gradient."""
    rows, count = logits.shape
    chosen = torch.randint(count, (rows,), device=logits.device)
    return functional.one_hot(chosen, count).to(logits.dtype)


def _untempered(logits: Tensor, temperature: float) -> Tensor:
    return importance(logits)


@dataclass(frozen=True)
class Relaxation:
    """A relaxation; its functions take ``(G, n)`` logits and a temperature.

    Attributes:
        training: the weights of a training step.
        evaluation: those of an evaluation: what the training samples tend to, without noise.
        belief: how likely each shift is at present; of samples the chance to be the largest, whatever the temperature.
        start, end: the temperature at both ends of the search, where no setting says otherwise.
        learned: whether the logits are trained.
    """

    training: Callable[[Tensor, float], Tensor]
    evaluation: Callable[[Tensor, float], Tensor]
    belief: Callable[[Tensor, float], Tensor]
    start: float = 1.0
    end: float = 1.0
    learned: bool = True


RELAX: dict[words.Relaxation, Relaxation] = {
    "softmax": Relaxation(tempered, tempered, tempered),
    "gumbel_softmax": Relaxation(noisy, tempered, _untempered, 5.0, 0.1),
    "gumbel_st": Relaxation(drawn, largest, _untempered, 5.0, 0.1),
    # After Guo et al. (arXiv 1904.00420): weights are trained under all shifts alike, which are ranked afterwards.
    "supernet": Relaxation(any_one, largest, _untempered, learned=False),
}
"""By name."""
