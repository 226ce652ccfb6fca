"""The confidence loss, which makes a layer choose one shift."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from bscnet.errors import InputError
from bscnet.nn import importance
from bscnet.search.discretise import composite_layers
from bscnet.settings.words import Confidence, Reduction, chosen, require_word


def entropy(pi: Tensor) -> Tensor:
    """``-sum_i pi_i log pi_i`` of each row of ``(G, n_s)``; after Quantformer's entropy of the branch weights."""
    return -torch.special.xlogy(pi, pi).sum(-1)


def one_minus_max(pi: Tensor) -> Tensor:
    """``1 - max_i pi_i`` of each row."""
    return 1 - pi.max(-1).values


def nll_max(pi: Tensor) -> Tensor:
    """``-log max_i pi_i`` of each row."""
    return -pi.max(-1).values.log()


def neg_l2(pi: Tensor) -> Tensor:
    """``-sum_i pi_i^2`` of each row."""
    return -pi.square().sum(-1)


CONFIDENCE: dict[Confidence, Callable[[Tensor], Tensor]] = {
    "entropy": entropy,
    "one_minus_max": one_minus_max,
    "nll_max": nll_max,
    "neg_l2": neg_l2,
}


def reduce_confidence(pis: list[Tensor], kind: Confidence = "entropy", reduce: Reduction = "paper") -> Tensor:
    """The confidence loss of a list of layers' importance weights.

    Args:
        pis: ``(G, n_s)`` of each layer.
        kind: ``entropy``, ``one_minus_max``, ``nll_max`` or ``neg_l2``, taken of each group.
        reduce: ``paper``: sum over layers and groups of the value / n_s; ``mean``: mean over all groups of all layers;
            ``sum``: plain sum. In the gradient of an undecided group the number of candidates counts once already,
            because the softmax shares the weight among them: the entropy's with respect to ``pi`` is weighted by
            ``pi_i``, about 1 / n_s. With ``paper`` it counts twice, with ``mean`` and ``sum`` once.

    Raises:
        InputError: unknown kind or reduction, or no layer.

    Examples:
        >>> import torch
        >>> from bscnet.search import reduce_confidence
        >>> float(reduce_confidence([torch.tensor([[0.25, 0.75]])], "one_minus_max", "mean"))
        0.25
    """
    value_of = chosen(CONFIDENCE, kind, "conf")
    require_word(Reduction, reduce, "reduce")
    if not pis:
        raise InputError("the network has no composite convolution, so there is nothing to be confident about")
    values = [value_of(pi) for pi in pis]
    if reduce == "paper":
        values = [value / pi.shape[1] for value, pi in zip(values, pis, strict=True)]
    joined = torch.cat(values)
    return joined.mean() if reduce == "mean" else joined.sum()


def confidence_loss(network: nn.Module, kind: Confidence = "entropy", reduce: Reduction = "paper") -> Tensor:
    """``reduce_confidence`` over all composite convolutions of a network (scalar, differentiable), temperature 1.

    Layers with as many candidates are taken together: dozens of tables of a few rows are dozens of launches on a GPU.

    Examples:
        >>> import torch
        >>> from bscnet.nn import CompositeShiftConv3d
        >>> from bscnet.search import candidate_shifts, confidence_loss
        >>> conv = CompositeShiftConv3d(4, 8, 2, candidate_shifts("all27"))
        >>> network = torch.nn.ModuleDict({"conv": conv})
        >>> round(confidence_loss(network, "entropy", "mean").item(), 4)  # ln 27: nothing is decided yet
        3.2958
    """
    alike: dict[int, list[Tensor]] = {}
    for layer in composite_layers(network).values():
        choices = layer.choices()
        alike.setdefault(choices.shape[1], []).append(choices)
    return reduce_confidence([importance(torch.cat(logits)) for logits in alike.values()], kind, reduce)
