"""The Gaussian prediction against its numbers, its limits and drawn numbers."""

from __future__ import annotations

import numpy as np
import pytest

from bscnet.errors import InputError
from bscnet.probe.gaussian import VARIANTS, gaussian_nmse
from oracles import quantization_error as oracle


def test_known_numbers() -> None:
    assert gaussian_nmse([1, 15, 27], 0.5, 0.0) == pytest.approx([1 - (2 / np.pi) ** 2] * 3)
    assert gaussian_nmse([1, 15, 27], 0.5, 1.0) == pytest.approx([0.595, 0.428, 0.413], abs=5e-4)
    for variant in ("sign_w", "sign_h"):
        assert float(gaussian_nmse(1, 0.3, 0.2, variant)) == pytest.approx(1 - 2 / np.pi)
    assert gaussian_nmse(9, 0.4, 0.7, "sign_w") == pytest.approx(gaussian_nmse(9, 0.7, 0.4, "sign_h"))


def normal(rng: np.random.Generator, shape: tuple[int, ...], rho: float) -> np.ndarray:
    """Standard normal numbers, the last axis with a correlation between any two of its entries."""
    cells = shape[-1]
    factor = np.linalg.cholesky(np.full((cells, cells), rho) + (1 - rho) * np.eye(cells))
    return rng.normal(size=shape) @ factor.T


@pytest.mark.parametrize("present, rho, kernel_rho", [(3, 0.6, 0.0), (6, 0.5, 0.8), (4, 0.7, -0.2), (1, 0.0, 0.0)])
def test_monte_carlo_over_many_channels(present: int, rho: float, kernel_rho: float) -> None:
    rng = np.random.default_rng(7)
    h = normal(rng, (1500, 300, present), rho).reshape(1500, -1)
    w = normal(rng, (24, 300, present), kernel_rho).reshape(24, -1).T
    real = h @ w
    given = {"sign_w": h @ oracle.signs(w), "sign_h": oracle.signs(h) @ w, "both": oracle.signs(h) @ oracle.signs(w)}
    for variant in VARIANTS:
        expected = float(gaussian_nmse(present, rho, kernel_rho, variant))
        assert oracle.layer_nmse(real, given[variant]) == pytest.approx(expected, abs=0.02)


def test_what_is_refused_and_what_cannot_be() -> None:
    with pytest.raises(InputError, match="rho is 1.5"):
        gaussian_nmse(3, 1.5)
    with pytest.raises(InputError, match="kernel_rho is -2"):
        gaussian_nmse(3, 0.5, -2)
    with pytest.raises(InputError, match="variant is 'none'; allowed are sign_w"):
        gaussian_nmse(3, 0.5, 0.5, "none")
    found = gaussian_nmse([2, 27], 0.9, -0.5)
    assert np.isfinite(found[0]) and np.isnan(found[1])
