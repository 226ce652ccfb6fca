"""Forms of latent weights, against their formulas; gradients in float64 against finite differences."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch

from bscnet.errors import InputError
from bscnet.quantizers import WEIGHT_FORMS, WeightQuantizer, mean_abs_scale, sign
from bscnet.quantizers.forms import Recurrent, centred, drawn_back, rectified_clamp, recu_tau, standardized
from oracles import binarizers

SHAPES = [(27, 3, 5), (8, 1, 4), (1, 7, 2), (4, 27, 3, 5)]
shapes = pytest.mark.parametrize("shape", SHAPES)


def latent(shape: tuple[int, ...], seed: int = 0) -> torch.Tensor:
    """Weights whose channels differ in mean and spread."""
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(shape, dtype=torch.float64, generator=generator)
    return 0.3 * weight * torch.arange(1, shape[-1] + 1) + torch.linspace(-0.2, 0.3, shape[-1], dtype=torch.float64)


@shapes
def test_centred_and_standardized(shape: tuple[int, ...]) -> None:
    weight = latent(shape)
    np.testing.assert_allclose(centred(weight).numpy(), weight.numpy() - weight.numpy().mean(), rtol=1e-13)
    for eps in (0.0, 1e-5):
        found, expected = standardized(weight, eps).numpy(), binarizers.standardized(weight.numpy(), eps)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("form", [centred, standardized])
def test_gradients_of_forms(form: Callable[[torch.Tensor], torch.Tensor]) -> None:
    assert torch.autograd.gradcheck(form, latent((8, 2, 3)).requires_grad_())


def test_a_channel_without_spread_is_all_plus() -> None:
    weight = torch.full((27, 2, 3), 0.5)
    assert torch.equal(standardized(weight), torch.zeros(27, 2, 3))
    signs, scale = WeightQuantizer(1, "power_of_two", "standardized", shape=(1, 1, 1))(torch.ones(1, 1, 1))
    assert signs.tolist() == [[[1.0]]] and bool(torch.isfinite(scale).all())


@pytest.mark.parametrize("progress", [0.0, 0.3, 1.0])
@shapes
def test_rectified_weights_are_clamped_at_the_quantile(shape: tuple[int, ...], progress: float) -> None:
    weight = latent(shape)
    wide, bound = binarizers.rectified_bound(weight.numpy(), progress)
    found = rectified_clamp(weight, recu_tau(progress))
    np.testing.assert_allclose(found.numpy(), np.clip(wide, -bound, bound), rtol=1e-12, atol=1e-13)


def test_tau_rises_from_085_to_099() -> None:
    assert recu_tau(0.0) == 0.85
    assert recu_tau(1.0) == pytest.approx(0.99, abs=1e-15)
    # the source's own words: A e^p + B with A = 0.14 / (e - 1), B = 0.85 - A
    factor = 0.14 / (math.e - 1)
    assert recu_tau(0.4) == pytest.approx(factor * math.exp(0.4) + 0.85 - factor, abs=1e-14)


def test_a_dead_weight_has_no_gradient_through_the_clamp() -> None:
    weight = torch.zeros(27, 2, 1, dtype=torch.float64)
    weight[:, 0, 0] = torch.linspace(-1, 1, 27, dtype=torch.float64)
    weight[0, 1, 0] = 300.0
    weight.requires_grad_()
    wide = 2 * math.sqrt(2) * standardized(weight, 1e-5)
    found = rectified_clamp(weight, 0.85)
    beyond = found.detach() != wide.detach()
    assert beyond[0, 1, 0]
    upstream = torch.zeros_like(found)
    upstream[0, 1, 0] = 1.0
    (gradient,) = torch.autograd.grad(found, weight, upstream)
    assert not gradient.any()


@pytest.mark.parametrize("form", [name for name in WEIGHT_FORMS if name != "latent"])
def test_every_form_keeps_the_shape_and_learns(form: str) -> None:
    weight = latent((27, 3, 4)).requires_grad_()
    quantizer = WeightQuantizer(4, form=form, estimator="identity", shape=(27, 3, 4)).double()
    signs, _ = quantizer(weight)
    assert signs.shape == weight.shape and signs.unique().tolist() == [-1.0, 1.0]
    signs.backward(torch.randn_like(signs))
    assert weight.grad is not None and bool(torch.isfinite(weight.grad).all()) and bool(weight.grad.any())


def test_the_channels_drawn_back_are_those_with_the_smallest_scales() -> None:
    assert drawn_back(torch.tensor([0.5, -0.1, 0.3, 0.2, 0.9])).tolist() == [0, 1, 0, 1, 0]
    assert drawn_back(torch.tensor([0.5, 0.1])).tolist() == [0, 0]  # 40 % of two are none
    assert drawn_back(torch.full((5,), 0.2)).tolist() == [1, 1, 0, 0, 0]


def test_recurrent_weights_follow_the_gradient_of_the_step_before() -> None:
    shape = (8, 2, 5)
    form, weight = Recurrent(shape).double(), latent(shape).requires_grad_()
    magnitudes = mean_abs_scale(weight)
    first = form(weight, magnitudes)
    assert torch.equal(first, weight), "there is no gradient yet"
    upstream = torch.randn_like(weight)
    first.backward(upstream)
    torch.testing.assert_close(form.gradient, upstream, rtol=0, atol=0)
    assert torch.equal(weight.grad, upstream)

    weight.grad = None
    second, again = form(weight, magnitudes), torch.randn_like(weight)
    marks = torch.tensor([1.0, 1.0, 0.0, 0.0, 0.0], dtype=torch.float64)
    assert set(magnitudes.argsort()[:2].tolist()) == {0, 1}
    assert form.u.tolist() == pytest.approx([0.2] * 5)
    torch.testing.assert_close(second, weight - form.u * marks * upstream, rtol=1e-14, atol=1e-15)
    form.u.grad = None
    second.backward(again)
    torch.testing.assert_close(form.u.grad, -(marks * upstream * again).sum((0, 1)), rtol=1e-12, atol=1e-13)
    assert torch.equal(form.gradient, again)


def test_recurrent_weights_are_the_latent_ones_in_evaluation() -> None:
    form = Recurrent((8, 2, 5)).eval()
    form.gradient.fill_(3.0)
    weight = latent((8, 2, 5)).float()
    assert form(weight, mean_abs_scale(weight)) is weight
    assert "gradient" in form.state_dict()


def test_forms_leave_scales_alone() -> None:
    """The scale is of the latent weights, but for the one that is of the form by definition."""
    weight = latent((27, 3, 5))
    for form in WEIGHT_FORMS:
        _, scale = WeightQuantizer(5, "mean_abs", form, shape=(27, 3, 5)).double()(weight)
        torch.testing.assert_close(scale, mean_abs_scale(weight))
    signs, scale = WeightQuantizer(5, "power_of_two", "standardized")(weight)
    expected = binarizers.standardized(weight.numpy())
    assert torch.equal(signs, sign(torch.from_numpy(expected)))
    assert scale.tolist() == binarizers.power_of_two(expected).tolist()


def test_unknown_forms_are_refused() -> None:
    with pytest.raises(InputError, match="w_form=round is not known: allowed are latent, centred, standardized"):
        WeightQuantizer(3, form="round")
