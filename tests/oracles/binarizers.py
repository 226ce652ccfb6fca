"""The quantizers of the binarization literature, written from their formulas in NumPy."""

from __future__ import annotations

import math

import numpy as np


def estimator_factor(name: str, z: float, progress: float = 0.0) -> float:
    """What the sign's gradient is multiplied by at z."""
    if name == "clip":
        return 1.0 if -1 <= z <= 1 else 0.0
    if name == "approx":
        if -1 <= z < 0:
            return 2 + 2 * z
        return 2 - 2 * z if 0 <= z < 1 else 0.0
    if name == "identity":
        return 1.0
    if name == "ede":
        t = 10 ** (-1 + 2 * progress)  # from 0.1 to 10, evenly in its logarithm
        k = 1 / t if t < 1 else 1.0
        return k * t * (1 - math.tanh(t * z) ** 2)
    if name == "sign_swish":
        beta = 5.0
        return beta * (2 - beta * z * math.tanh(beta * z / 2)) / (1 + math.cosh(beta * z))
    assert name == "fourier"
    if abs(z) > 1:
        return 0.0
    omega, terms = 0.1, 10 + math.floor(9 * progress)
    return sum(4 * omega / math.pi * math.cos((2 * i + 1) * omega * z) for i in range(terms))


def channels(weight: np.ndarray) -> list[np.ndarray]:
    """The weights of each output channel, in a row."""
    return [weight[..., o].ravel() for o in range(weight.shape[-1])]


def joined(rows: list[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    """The inverse of ``channels``."""
    return np.stack([row.reshape(shape[:-1]) for row in rows], axis=-1)


def standardized(weight: np.ndarray, eps: float = 0.0) -> np.ndarray:
    return joined([(row - row.mean()) / np.sqrt(row.var(ddof=1) + eps) for row in channels(weight)], weight.shape)


def rectified_bound(weight: np.ndarray, progress: float) -> tuple[np.ndarray, float]:
    """ReCU's weights before the clamp, and where they are clamped."""
    rate = (math.exp(progress) - 1) / (math.e - 1)
    tau = 0.85 + (0.99 - 0.85) * rate
    wide = standardized(weight, 1e-5) * 2 * math.sqrt(2)
    return wide, -np.abs(wide).mean() * math.log(2 - 2 * tau)


def mean_magnitudes(weight: np.ndarray) -> np.ndarray:
    return np.array([np.abs(row).mean() for row in channels(weight)])


def power_of_two(form: np.ndarray) -> np.ndarray:
    return np.array([2.0 ** round(math.log2(np.abs(row).mean())) for row in channels(form)])


def xnor_gradient(weight: np.ndarray, upstream: np.ndarray) -> np.ndarray:
    """Of the latent weight under ``mean|W| sign(W)`` (XNOR-Net, section 3.1), upstream being that of the product."""
    rows = []
    for row, grad in zip(channels(weight), channels(upstream), strict=True):
        signs = np.where(row >= 0, 1.0, -1.0)
        inside = np.abs(row) <= 1
        rows.append(np.abs(row).mean() * inside * grad + np.sign(row) * (grad * signs).mean())
    return joined(rows, weight.shape)


def noise(z: np.ndarray, reduce: np.ndarray, expand: np.ndarray, progress: float) -> np.ndarray:
    """FDA's correction of the signs of the rows of z."""
    factor = 0.05 * (1 + math.cos(math.pi * progress))
    return factor * (np.maximum(z @ reduce.T, 0) @ expand.T + 0.1 * np.sin(z))
