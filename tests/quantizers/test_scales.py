"""Scales, penalties and noise of 1-bit weights, against their formulas."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bscnet.errors import InputError
from bscnet.quantizers import WEIGHT_SCALES, NoisySign, WeightQuantizer, mean_abs_scale, sign
from bscnet.quantizers.noise import SignNoise
from bscnet.quantizers.penalties import bilinear, manhattan
from bscnet.quantizers.scales import LayerScale, LearnedFromMeanAbs
from oracles import binarizers


def latent(*shape: int) -> torch.Tensor:
    return 0.7 * torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("scale", list(WEIGHT_SCALES))
def test_every_scale_is_one_number_a_channel(scale: str) -> None:
    weight = latent(27, 4, 3)
    found = WEIGHT_SCALES[scale](3).double()(weight, weight)
    assert found.shape == (3,) and found.is_contiguous() and found.dtype == torch.float64


def test_without_a_scale_it_is_one() -> None:
    assert WeightQuantizer(3, "none")(latent(8, 4, 3).float())[1].tolist() == [1, 1, 1]


def test_mean_abs_with_its_gradient_is_xnor_nets_rule() -> None:
    weight = latent(27, 4, 3) * 2
    weight[0, 0] = torch.tensor([1.0, -1.0, 1.5])
    weight.requires_grad_()
    signs, scale = WeightQuantizer(3, "mean_abs_gradient")(weight)
    assert torch.equal(scale.detach(), mean_abs_scale(weight))
    upstream = torch.randn_like(signs)
    (signs * scale).backward(upstream)
    expected = binarizers.xnor_gradient(weight.detach().numpy(), upstream.numpy())
    np.testing.assert_allclose(weight.grad.numpy(), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("mean, power", [(0.8, 1.0), (0.7, 0.5), (0.71, 1.0), (3.0, 4.0), (0.05, 0.0625)])
def test_powers_of_two(mean: float, power: float) -> None:
    form = torch.full((9, 2, 1), mean)
    assert WEIGHT_SCALES["power_of_two"](1)(latent(9, 2, 1), form).tolist() == [power]


def refuse_to_respond(binary: bool, weight: torch.Tensor) -> torch.Tensor:
    raise AssertionError("the data have no say")


def test_a_learned_scale_from_mean_magnitudes() -> None:
    quantizer, weight = WeightQuantizer(3, "learned_from_mean_abs").double(), latent(27, 4, 3)
    assert isinstance(quantizer.scale, LearnedFromMeanAbs) and quantizer.scale.needs_calibration
    assert quantizer.calibrate(weight, refuse_to_respond)
    torch.testing.assert_close(quantizer.scale.value.data, mean_abs_scale(weight))
    kept = quantizer.state_dict()
    with torch.no_grad():
        quantizer.scale.value.fill_(2.0)
    assert not quantizer.calibrate(weight, refuse_to_respond), "once is enough"
    assert quantizer(weight)[1].tolist() == [2, 2, 2]
    other = WeightQuantizer(3, "learned_from_mean_abs").double()
    other.load_state_dict(kept)
    assert not other.scale.needs_calibration


def layer(weight: torch.Tensor, feats: torch.Tensor):
    """A linear layer's answers, as `calibrate` asks for them."""

    def respond(binary: bool, used: torch.Tensor) -> torch.Tensor:
        return (sign(feats) if binary else feats) @ used.flatten(0, -2)

    return respond


def test_the_layer_scale_is_the_quotient_of_standard_deviations() -> None:
    quantizer, weight = WeightQuantizer(3, "layer", "centred").double(), latent(1, 6, 3)
    feats = torch.randn(50, 6, dtype=torch.float64)
    assert quantizer.calibrate(weight, layer(weight, feats))
    w, x = weight[0].numpy(), feats.numpy()
    w = w - w.mean()
    expected = (x @ w).std(ddof=1) / (np.where(x >= 0, 1, -1) @ np.where(w >= 0, 1, -1)).std(ddof=1)
    assert isinstance(quantizer.scale, LayerScale)
    assert quantizer.scale.value.item() == pytest.approx(expected, rel=1e-6)
    assert quantizer(weight)[1].tolist() == [quantizer.scale.value.item()] * 3


@pytest.mark.parametrize("rows", [0, 1, 5])
def test_the_layer_scale_without_spread_is_that_of_the_weights(rows: int) -> None:
    quantizer, weight = WeightQuantizer(1, "layer").double(), latent(1, 6, 1)
    quantizer.calibrate(weight, layer(weight, torch.zeros(rows, 6, dtype=torch.float64)))
    w = weight.numpy()
    assert quantizer.scale.value.item() == pytest.approx(w.std(ddof=1) / np.sign(w).std(ddof=1), rel=1e-6)


def test_the_layer_scale_of_one_weight_stays_one() -> None:
    quantizer, weight = WeightQuantizer(1, "layer"), torch.full((1, 1, 1), 0.3)
    quantizer.calibrate(weight, layer(weight, torch.zeros(4, 1)))
    assert quantizer.scale.value.item() == 1.0


def test_penalties() -> None:
    weight, scale = latent(27, 4, 3).requires_grad_(), torch.tensor([0.5, 0.1, 0.9], dtype=torch.float64)
    scale.requires_grad_()
    w, a = weight.detach().numpy(), scale.detach().numpy()
    assert manhattan(weight, scale).item() == pytest.approx(np.abs(a - np.abs(w)).sum(), rel=1e-13)
    grads = torch.autograd.grad(manhattan(weight, scale), [weight, scale])
    np.testing.assert_allclose(grads[0].numpy(), -np.sign(a - np.abs(w)) * np.sign(w))
    np.testing.assert_allclose(grads[1].numpy(), np.sign(a - np.abs(w)).sum((0, 1)))
    rest = w - a * np.where(w >= 0, 1, -1)
    assert bilinear(weight, scale).item() == pytest.approx((rest**2).sum() / 2, rel=1e-13)
    grads = torch.autograd.grad(bilinear(weight, scale), [weight, scale])
    np.testing.assert_allclose(grads[0].numpy(), rest, rtol=1e-13)
    np.testing.assert_allclose(grads[1].numpy(), -(rest * np.where(w >= 0, 1, -1)).sum((0, 1)), rtol=1e-12)


def test_the_penalty_of_a_quantizer_has_its_weight() -> None:
    weight = latent(27, 4, 3)
    quantizer = WeightQuantizer(3, penalty="manhattan", penalty_weight=0.25).double()
    assert quantizer.has_penalty
    assert float(quantizer.penalty(weight)) == pytest.approx(0.25 * float(manhattan(weight, mean_abs_scale(weight))))
    assert not WeightQuantizer(3, penalty="manhattan").has_penalty
    assert not WeightQuantizer(3, penalty_weight=1.0).has_penalty
    with pytest.raises(InputError, match="w_penalty=l2 is not known: allowed are none, manhattan, bilinear"):
        WeightQuantizer(3, penalty="l2")


@pytest.mark.parametrize("progress, factor", [(0.0, 0.1), (0.5, 0.05), (1.0, 0.0)])
def test_noise(progress: float, factor: float) -> None:
    noise = SignNoise(130).double()
    noise.progress = progress
    assert noise.weight == pytest.approx(factor, abs=1e-15) and noise.reduce.out_features == 2
    z = torch.randn(7, 130, dtype=torch.float64)
    expected = binarizers.noise(z.numpy(), *(p.detach().numpy() for p in noise.parameters()), progress)
    np.testing.assert_allclose(noise(z).detach().numpy(), expected, rtol=1e-11, atol=1e-13)
    assert SignNoise(5).reduce.out_features == 1


def test_noise_is_there_in_training_alone() -> None:
    z, weight = torch.randn(9, 6), latent(8, 2, 3).float()
    activations, weights = NoisySign(6), WeightQuantizer(3, noisy=True, shape=(8, 2, 3))
    for quantizer in (activations, weights):
        quantizer.set_progress(0.3)
    with torch.no_grad():
        noisy, (signs, _) = activations(z), weights(weight)
        np.testing.assert_allclose(noisy, sign(z) + activations.noise(z))
        for o in range(3):
            row = weight[..., o].flatten()[None]
            torch.testing.assert_close(signs[..., o].flatten()[None], sign(row) + weights.noise(row))
        assert not activations.gives_signs and not weights.gives_signs
        activations.eval(), weights.eval()
        assert activations.gives_signs and weights.gives_signs
        assert torch.equal(activations(z), sign(z)) and torch.equal(weights(weight)[0], sign(weight))
