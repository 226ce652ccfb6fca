"""The fit by added-up moments against direct least squares."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from bscnet.probe.moments import MIN_SITES, all_bins, centred, counts, layer_nmse, moments, scale
from oracles import quantization_error as oracle


def pair(sites: int = 200, channels: int = 5, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A response and one that resembles it, neither with mean 0."""
    rng = np.random.default_rng(seed)
    y = rng.normal(0.7, 2, (sites, channels))
    return y, 3 * y + rng.normal(-1, 4, (sites, channels))


def sums_of(y: np.ndarray, b: np.ndarray, bins: np.ndarray | None = None, num_bins: int = 1) -> torch.Tensor:
    places = np.zeros(len(y), np.int64) if bins is None else bins
    return moments(torch.from_numpy(y), torch.from_numpy(b), torch.from_numpy(places), num_bins)


def test_error_is_that_of_direct_least_squares() -> None:
    y, b = pair()
    sums = sums_of(y, b)
    assert float(layer_nmse(sums)) == pytest.approx(oracle.layer_nmse(y, b), rel=1e-10)
    assert float(layer_nmse(centred(sums))) == pytest.approx(oracle.layer_nmse(y, b, offset=True), rel=1e-10)
    for channel in range(y.shape[1]):
        alpha = np.linalg.lstsq(b[:, [channel]], y[:, channel], rcond=None)[0][0]
        assert float(scale(sums)[0, channel]) == pytest.approx(alpha, rel=1e-10)
        one = sums[..., [channel]]
        cosine = (y[:, channel] @ b[:, channel]) ** 2 / (
            y[:, channel] @ y[:, channel] * (b[:, channel] @ b[:, channel])
        )
        assert float(layer_nmse(one)) == pytest.approx(1 - cosine, rel=1e-10)


def test_scenes_add_up_and_bins_are_fitted_by_themselves() -> None:
    y, b = pair(300)
    bins = np.random.default_rng(1).integers(0, 3, 300)
    halves = [sums_of(y[part], b[part], bins[part], 3) for part in (slice(0, 120), slice(120, 300))]
    together = halves[0] + halves[1]
    torch.testing.assert_close(together, sums_of(y, b, bins, 3), rtol=1e-12, atol=1e-9)
    assert counts(together).tolist() == np.bincount(bins, minlength=3).tolist()
    for place, value in enumerate(layer_nmse(together).tolist()):
        assert value == pytest.approx(oracle.layer_nmse(y[bins == place], b[bins == place]), rel=1e-9)
    assert float(layer_nmse(all_bins(together))) == pytest.approx(oracle.layer_nmse(y, b), rel=1e-9)


def test_too_few_sites_give_no_value() -> None:
    y, b = pair(MIN_SITES - 1)
    assert math.isnan(float(layer_nmse(sums_of(y, b))))
    assert float(layer_nmse(sums_of(y, b), min_sites=2)) == pytest.approx(oracle.layer_nmse(y, b), rel=1e-10)


def test_channels_without_enough_sites_are_left_out() -> None:
    y, b = pair(100)
    wide = sums_of(y, b)
    narrow = sums_of(y[:10], b[:10])
    joined = torch.cat([wide, narrow], dim=2)
    assert float(layer_nmse(joined)) == pytest.approx(float(layer_nmse(wide)), rel=1e-12)


def test_a_constant_stand_in_explains_nothing_beyond_the_mean() -> None:
    y, _ = pair(100, 1)
    sums = sums_of(y, np.full_like(y, 0.1))
    assert float(layer_nmse(centred(sums))) == 1.0
    assert float(layer_nmse(sums)) == pytest.approx(float(y.var() / (y**2).mean()), rel=1e-10)
    assert float(layer_nmse(sums_of(y, np.zeros_like(y)))) == 1.0
    assert float(layer_nmse(sums_of(y, -2 * y))) == pytest.approx(0.0, abs=1e-12)
    assert math.isnan(float(layer_nmse(sums_of(np.zeros_like(y), y))))
