"""Products and sums over rows, by the compiled library and by torch: values and gradients are those of the formula."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from bscnet.sparse import products
from bscnet.sparse.products import biased, column_sums, outer_product, pointwise, product, total

Function = Callable[..., Tensor]

X, W, B = torch.randn(700, 21), torch.randn(21, 5), torch.randn(5)
CASES: list[tuple[Function, Function, tuple[Tensor, ...]]] = [
    (pointwise, lambda x, w, b: x @ w + b, (X, W, B)),
    (pointwise, lambda x, w: x @ w, (X, W)),
    (pointwise, lambda x, w: x @ w, (X, W.t().contiguous().t())),
    (biased, lambda y, b: y + b, (X[:, :5], B)),
    (total, lambda x: x.sum(), (X,)),
]


@pytest.fixture(params=["library", "torch"])
def served(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "torch":
        monkeypatch.setattr(products, "native_serves", lambda tensor: False)


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize("function, formula, given", CASES)
def test_values_and_gradients(function: Function, formula: Function, given: tuple[Tensor, ...]) -> None:
    single = [tensor.clone().requires_grad_() for tensor in given]
    double = [tensor.double().requires_grad_() for tensor in given]
    found, expected = function(*single), formula(*double)
    torch.testing.assert_close(found, expected.float(), rtol=1e-5, atol=1e-3)
    upstream = torch.randn_like(found)
    for one, other in zip(
        torch.autograd.grad(found, single, upstream),
        torch.autograd.grad(expected, double, upstream.double()),
        strict=True,
    ):
        torch.testing.assert_close(one, other.float(), rtol=1e-5, atol=1e-3)


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize("rows", [1, 700])
def test_without_gradients(rows: int) -> None:
    x, others = X[:rows], torch.randn(rows, 6)
    torch.testing.assert_close(product(x, W), x @ W, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(outer_product(x, others), x.t() @ others, rtol=1e-4, atol=1e-3)
    torch.testing.assert_close(column_sums(x), x.sum(0), rtol=1e-4, atol=1e-3)


def test_short_types_of_autocast_are_those_of_torch() -> None:
    with torch.autocast("cpu", torch.bfloat16):
        assert pointwise(X, W).dtype == torch.bfloat16
