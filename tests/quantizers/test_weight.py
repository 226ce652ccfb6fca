from __future__ import annotations

import numpy as np
import pytest
import torch

from bscnet.errors import InputError
from bscnet.quantizers import WeightQuantizer, mean_abs_scale


@pytest.mark.parametrize("shape", [(27, 3, 5), (8, 1, 4), (1, 7, 2), (9, 27, 3, 5)])
def test_mean_abs_is_the_mean_magnitude_of_a_channel(shape: tuple[int, ...]) -> None:
    weight = torch.randn(shape, dtype=torch.float64)
    expected = [np.abs(weight.numpy()[..., o]).mean() for o in range(shape[-1])]
    np.testing.assert_allclose(mean_abs_scale(weight).numpy(), expected, rtol=1e-14)


def test_mean_abs_minimizes_the_quantization_error() -> None:
    """The least-squares scale of sign(W), which is why XNOR-Net takes it."""
    weight = torch.randn(27, 4, 3, dtype=torch.float64)
    signs, scale = WeightQuantizer(3)(weight)
    best = (weight - scale * signs).square().sum((0, 1))
    for factor in (0.99, 1.01):
        assert bool(((weight - factor * scale * signs).square().sum((0, 1)) > best).all())


def test_signs_are_binary_and_their_gradient_is_clipped() -> None:
    weight = (2 * torch.randn(27, 4, 3, dtype=torch.float64)).requires_grad_()
    with torch.no_grad():
        weight[0, 0] = torch.tensor([0.0, -0.0, 1.0])
    signs, scale = WeightQuantizer(3)(weight)
    assert signs.unique().tolist() == [-1.0, 1.0]
    assert signs[0, 0].tolist() == [1.0, 1.0, 1.0]
    assert not scale.requires_grad
    upstream = torch.randn_like(weight)
    (signs * scale).backward(upstream)
    inside = torch.tensor(np.abs(weight.detach().numpy()) <= 1)
    torch.testing.assert_close(weight.grad, upstream * scale * inside, rtol=1e-14, atol=0)


def test_learned_scale_starts_at_one_and_learns() -> None:
    quantizer = WeightQuantizer(3, "learned").double()
    weight = torch.randn(27, 4, 3, dtype=torch.float64)
    signs, scale = quantizer(weight)
    assert scale.tolist() == [1, 1, 1]
    (signs * scale).sum().backward()
    (parameter,) = quantizer.parameters()
    torch.testing.assert_close(parameter.grad, signs.sum((0, 1)))
    assert not list(WeightQuantizer(3, "mean_abs").parameters())


def test_unknown_scales_are_refused() -> None:
    with pytest.raises(InputError, match="w_scale=max is not known: allowed are mean_abs, learned"):
        WeightQuantizer(3, "max")
