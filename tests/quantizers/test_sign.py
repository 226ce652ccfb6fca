"""T7 and T8 for activations: only +1 and -1, and the surrogate gradients in closed form."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bscnet.errors import InputError
from bscnet.quantizers import ESTIMATORS, RSign, SignQuantizer, sign, sign_ste
from oracles.binarizers import estimator_factor

# both sides of every knee of the estimators, and the knees themselves
KNEES = [-3.0, -1.0000001, -1.0, -0.9999999, -0.5, -1e-38, -0.0, 0.0, 1e-38, 0.25, 0.9999999, 1.0, 1.0000001, 3.0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_sign_is_never_zero(dtype: torch.dtype) -> None:
    z = torch.tensor([0.0, -0.0, 1e-30, -1e-30, 5.0, -5.0, float("inf"), -float("inf")], dtype=dtype)
    found = sign(z)
    assert found.dtype == dtype
    assert found.tolist() == [1, 1, 1, -1, 1, -1, 1, -1]


@settings(max_examples=50, deadline=None, derandomize=True, database=None)
@given(st.lists(st.floats(allow_nan=False, width=32), min_size=1, max_size=20))
def test_sign_follows_its_definition(values: list[float]) -> None:
    assert sign(torch.tensor(values)).tolist() == [1.0 if value >= 0 else -1.0 for value in values]


@pytest.mark.parametrize("estimator", list(ESTIMATORS))
def test_gradient_equals_the_closed_form(estimator: str) -> None:
    values = KNEES + np.random.uniform(-2, 2, 200).tolist()
    z = torch.tensor(values, dtype=torch.float64, requires_grad=True)
    upstream = torch.randn(len(values), dtype=torch.float64)
    out = sign_ste(z, estimator)
    assert torch.equal(out.detach(), sign(z.detach()))
    out.backward(upstream)
    expected = upstream * torch.tensor([estimator_factor(estimator, value) for value in values], dtype=torch.float64)
    torch.testing.assert_close(z.grad, expected, rtol=1e-14, atol=1e-14)


def test_approx_is_the_slope_of_approxsign() -> None:
    """Bi-Real Net's piecewise polynomial ``2z + z^2`` on [-1, 0), ``2z - z^2`` on [0, 1) has this derivative."""
    z = torch.linspace(-1.5, 1.5, 301, dtype=torch.float64, requires_grad=True)
    inner = torch.where(z < 0, 2 * z + z * z, 2 * z - z * z)
    polynomial = torch.where(z < -1, -torch.ones_like(z), torch.where(z < 1, inner, torch.ones_like(z)))
    (expected,) = torch.autograd.grad(polynomial.sum(), z)
    (found,) = torch.autograd.grad(sign_ste(z, "approx").sum(), z)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("estimator", list(ESTIMATORS))
def test_rsign_has_a_learned_threshold(estimator: str) -> None:
    quantizer = RSign(3, estimator).double()
    assert torch.equal(quantizer.bias, torch.zeros(3, dtype=torch.float64))
    with torch.no_grad():
        quantizer.bias.copy_(torch.tensor([0.5, 0.0, -0.5]))
    z = torch.randn(40, 3, dtype=torch.float64, requires_grad=True)
    out = quantizer(z)
    assert torch.equal(out.detach(), sign((z + quantizer.bias).detach()))
    out.sum().backward()
    slopes = [[estimator_factor(estimator, v) for v in row] for row in (z + quantizer.bias).tolist()]
    torch.testing.assert_close(z.grad, torch.tensor(slopes, dtype=torch.float64))
    torch.testing.assert_close(quantizer.bias.grad, torch.tensor(slopes, dtype=torch.float64).sum(0))


def test_rsign_at_zero_threshold_is_the_plain_quantizer() -> None:
    z = torch.randn(20, 4)
    assert torch.equal(RSign(4)(z), SignQuantizer()(z))
    assert SignQuantizer.precision == RSign.precision == 1


def test_unknown_estimators_are_refused() -> None:
    for make in (lambda: SignQuantizer("swish"), lambda: RSign(3, "swish"), lambda: sign_ste(torch.zeros(1), "swish")):
        with pytest.raises(InputError, match="ste_act=swish is not known: allowed are clip, approx"):
            make()
