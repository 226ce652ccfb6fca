"""Surrogate gradients against their formulas, and against the functions that they are derivatives of."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from bscnet.errors import InputError
from bscnet.quantizers import ESTIMATORS, WeightQuantizer, sign, sign_ste
from bscnet.quantizers.gradients import gradient_of
from oracles.binarizers import estimator_factor

# both sides of every kink, the kinks themselves, and where cosh would overflow in float32
KNEES = [
    -40.0,
    -3.0,
    -1.0000001,
    -1.0,
    -0.9999999,
    -0.48,
    -1e-38,
    -0.0,
    0.0,
    1e-38,
    0.25,
    0.9999999,
    1.0,
    1.0000001,
    40.0,
]


@pytest.mark.parametrize("progress", [0.0, 0.1, 0.5, 0.99, 1.0])
@pytest.mark.parametrize("estimator", list(ESTIMATORS))
def test_every_estimator_is_its_formula(estimator: str, progress: float) -> None:
    values = KNEES + np.random.default_rng(0).uniform(-2, 2, 100).tolist()
    z = torch.tensor(values, dtype=torch.float64, requires_grad=True)
    upstream = torch.randn(len(values), dtype=torch.float64)
    signs = sign_ste(z, estimator, progress)
    assert torch.equal(signs.detach(), sign(z.detach()))
    signs.backward(upstream)
    expected = torch.tensor([estimator_factor(estimator, value, progress) for value in values], dtype=torch.float64)
    torch.testing.assert_close(z.grad, upstream * expected, rtol=1e-11, atol=1e-12)


def sign_swish(z: Tensor) -> Tensor:
    x = 5 * z
    return 2 * x.sigmoid() * (1 + x * (1 - x.sigmoid())) - 1


def ede(progress: float) -> Callable[[Tensor], Tensor]:
    t = 0.1 * (10 / 0.1) ** progress
    return lambda z: max(1 / t, 1) * (t * z).tanh()


def square_wave(terms: int) -> Callable[[Tensor], Tensor]:
    odd = [2 * i + 1 for i in range(terms)]
    return lambda z: 4 / math.pi * torch.stack([(n * 0.1 * z).sin() / n for n in odd]).sum(0)


@pytest.mark.parametrize(
    "estimator, progress, function",
    [
        ("sign_swish", 0.0, sign_swish),
        ("ede", 0.0, ede(0.0)),
        ("ede", 0.5, ede(0.5)),
        ("ede", 1.0, ede(1.0)),
        ("fourier", 0.0, square_wave(10)),
        ("fourier", 0.5, square_wave(14)),
        ("fourier", 0.95, square_wave(18)),
    ],
)
def test_estimators_are_the_derivatives_of_smooth_signs(
    estimator: str, progress: float, function: Callable[[Tensor], Tensor]
) -> None:
    z = torch.linspace(-0.99, 0.99, 201, dtype=torch.float64, requires_grad=True)
    (expected,) = torch.autograd.grad(function(z).sum(), z)
    torch.testing.assert_close(ESTIMATORS[estimator](z.detach(), progress), expected, rtol=1e-10, atol=1e-12)


def test_progress_changes_what_it_should() -> None:
    z = torch.linspace(-1, 1, 9)
    changing = {name for name, gradient in ESTIMATORS.items() if not torch.equal(gradient(z, 0.0), gradient(z, 1.0))}
    assert changing == {"ede", "fourier"}


@pytest.mark.parametrize("estimator", list(ESTIMATORS))
def test_gradients_are_finite_in_single_precision(estimator: str) -> None:
    found = ESTIMATORS[estimator](torch.tensor(KNEES), 1.0)
    assert found.dtype == torch.float32 and bool(torch.isfinite(found).all())


def test_the_refusal_names_the_switch() -> None:
    with pytest.raises(InputError, match="ste_weight=tanh is not known: allowed are clip, approx, identity, ede"):
        gradient_of("tanh", "ste_weight")
    with pytest.raises(InputError, match="ste_weight=tanh is not known"):
        WeightQuantizer(3, estimator="tanh")
