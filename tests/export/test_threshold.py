"""Batch norm and sign as two numbers and a comparison: equal to torch's own for every float32 around the threshold."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch

from bscnet.errors import InputError
from bscnet.export.affine import fma, norm_affine
from bscnet.export.threshold import sign_threshold
from bscnet.nn import SiteNorm
from bscnet.quantizers import RSign, SignQuantizer

CHANNELS = 64
EXTREMES = np.array([-3.4e38, -1.0, -1e-38, -1e-45, -0.0, 0.0, 1e-45, 1e-38, 1.0, 3.4e38], dtype=np.float32)


def random_norm(kind: str) -> SiteNorm:
    norm = SiteNorm(CHANNELS).eval()
    with torch.no_grad():
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.001, 3)
        norm.weight.normal_()
        norm.bias.normal_()
        if kind == "no weight":
            norm.weight[::2] = 0
            norm.bias[:8] = 0
        if kind == "tiny weight":
            norm.weight.mul_(1e-40)
        if kind == "huge weight":
            norm.weight.mul_(1e37)
        if kind == "no bias":
            norm.bias.zero_()
            norm.running_mean.zero_()
    return norm


def around(threshold: np.ndarray, reach: int = 400) -> np.ndarray:
    """(2 reach + 1, C) consecutive float32 numbers about each threshold, and the extremes."""
    finite = np.where(np.isfinite(threshold), threshold, 0).astype(np.float32)
    steps = [finite, finite]
    rows = [finite]
    for _ in range(reach):
        steps = [np.nextafter(steps[0], np.float32(-np.inf)), np.nextafter(steps[1], np.float32(np.inf))]
        rows += steps
    return np.concatenate([np.stack(rows), np.repeat(EXTREMES[:, None], len(threshold), axis=1)])


KINDS = ["plain", "no weight", "tiny weight", "huge weight", "no bias"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("quantizer", ["sign", "rsign"])
def test_sign_after_norm_is_the_threshold(kind: str, quantizer: str) -> None:
    norm = random_norm(kind)
    sign = SignQuantizer() if quantizer == "sign" else RSign(CHANNELS)
    if isinstance(sign, RSign):
        torch.nn.init.normal_(sign.bias)
    a, b = norm_affine(norm, "norm")

    def function(x: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):
            y = fma(x, a, b)
            return y + sign.bias.detach().numpy() if isinstance(sign, RSign) else y

    threshold, flip = sign_threshold(function, CHANNELS)
    assert not np.isnan(threshold).any()
    x = around(threshold)
    wanted = sign(norm(torch.from_numpy(x))).detach().numpy() > 0
    np.testing.assert_array_equal((x >= threshold) ^ flip.astype(bool), wanted)
    if kind == "plain":  # both signs, both directions
        assert wanted.any() and not wanted.all() and 0 < flip.sum() < CHANNELS


def test_a_sign_that_never_changes_has_an_infinite_threshold() -> None:
    value = np.array([0.0, -0.0, 3.0, -3.0], dtype=np.float32)
    threshold, flip = sign_threshold(lambda x: value + np.float32(0) * x, 4)
    x = np.array([[-1e30], [0.0], [1e30]], dtype=np.float32)
    assert np.isinf(threshold).all()
    np.testing.assert_array_equal((x >= threshold) ^ flip.astype(bool), np.tile([True, True, True, False], (3, 1)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", [1, 3, 17, 300])
def test_affine_is_torchs_batch_norm_to_the_bit(kind: str, rows: int) -> None:
    norm = random_norm(kind)
    x = torch.randn(rows, CHANNELS)
    a, b = norm_affine(norm, "norm")
    np.testing.assert_array_equal(fma(x.numpy(), a, b), norm(x).detach().numpy())


def test_fma_rounds_once() -> None:
    # x a + b = 1 + 2^-23 + 2^-24 - 2^-64: just below a tie of float32, and on it once float64 has rounded.
    x, a, b = (np.float32([v]) for v in (2.0**-12 * (1 + 2.0**-20), 2.0**-12 * (1 - 2.0**-20), 1 + 2.0**-23))
    twice = (x.astype(np.float64) * a + b).astype(np.float32)
    assert (fma(x, a, b)[0], twice[0]) == (np.float32(1 + 2.0**-23), np.float32(1 + 2.0**-22))


def test_fma_is_the_nearest_float32() -> None:
    rng = np.random.default_rng(0)
    x, a = (rng.normal(size=500).astype(np.float32) for _ in range(2))
    b = (-x * a * rng.choice([0, 1, 1 + 1e-6, 1e3], 500)).astype(np.float32)  # cancelling, and swamping
    found = fma(x, a, b)
    for row in zip(x, a, b, found, strict=True):
        x1, a1, b1, y = (Fraction(float(value)) for value in row)
        error = abs(x1 * a1 + b1 - y)
        for towards in (-np.inf, np.inf):
            assert error <= abs(x1 * a1 + b1 - Fraction(float(np.nextafter(row[3], np.float32(towards)))))


def test_a_norm_without_a_finite_factor_is_named() -> None:
    norm = random_norm("plain")
    norm.running_var[3] = -1.0
    with pytest.raises(InputError, match=r"levels\.norm: the statistics .* not finite"):
        norm_affine(norm, "levels.norm")
