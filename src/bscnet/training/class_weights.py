"""Weights of classes by how many points of the training scenes they have."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from bscnet.settings.words import ClassWeights, chosen

Shares = npt.NDArray[np.float64]

RULES: dict[ClassWeights, Callable[[Shares], Shares]] = {
    "none": np.ones_like,
    "inverse": lambda share: 1 / share,
    "sqrt_inverse": lambda share: 1 / np.sqrt(share),
    "log_inverse": lambda share: 1 / np.log(1.02 + share),
}
"""Weight of a class whose share of the labelled points is f: 1, 1/f, 1/√f, 1/ln(1.02 + f) (ENet, arXiv 1606.02147)."""


def class_weights(counts: npt.NDArray[np.integer], rule: ClassWeights) -> Tensor:
    """(C,) float32, with mean 1 over the classes that have points; 1 for the others, which no point can ask for.

    Args:
        counts: (C,) points of each class.
        rule: one of `RULES`.
    """
    present = counts > 0
    weights = np.ones(len(counts))
    if present.any():
        found = chosen(RULES, rule, "loss.class_weights")(counts[present] / counts.sum())
        weights[present] = found / found.mean()
    return torch.from_numpy(weights.astype(np.float32))
