"""The Lovász extension of the Jaccard loss, from its definition (Berman et al. 2018, arXiv 1705.08790)."""

from __future__ import annotations

import numpy as np


def jaccard_loss(wrong: set[int], truth: set[int]) -> float:
    """1 - |truth minus wrong| / |truth or wrong|: of a prediction that is wrong at these points, of one class."""
    return 1 - len(truth - wrong) / len(truth | wrong)


def lovasz_extension(errors: np.ndarray, truth: set[int]) -> float:
    """Σ_i m_i (Δ({p_1 … p_i}) - Δ({p_1 … p_(i-1)})) with errors m sorted downwards."""
    order = np.argsort(-errors)
    value, before, wrong = 0.0, 0.0, set()
    for point in order:
        wrong.add(int(point))
        after = jaccard_loss(wrong, truth)
        value += errors[point] * (after - before)
        before = after
    return value


def lovasz_softmax(logits: np.ndarray, labels: np.ndarray, ignored: int) -> float:
    """Of (P, C) logits and (P,) labels: the mean over the classes that are there."""
    counted = labels != ignored
    logits, labels = logits[counted], labels[counted]
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = shifted / shifted.sum(axis=1, keepdims=True)
    values = []
    for label in np.unique(labels):
        errors = np.where(labels == label, 1 - probabilities[:, label], probabilities[:, label])
        values.append(lovasz_extension(errors, set(np.flatnonzero(labels == label).tolist())))
    return float(np.mean(values)) if values else 0.0
