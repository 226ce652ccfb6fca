from __future__ import annotations

import copy

import pytest
import torch

from bscnet.fused import FUSED_ESTIMATORS, norm_sign, normalized, normalized_operand, sign_operand
from bscnet.quantizers import RSign, SignQuantizer
from bscnet.sparse.operand import Normalized, PackedSigns
from fixtures.packed_sites import unpacked
from fused.chains import CHANNELS, buffers, close, features, gradients, kept_bytes, norm

pytestmark = pytest.mark.usefixtures("body")

shapes = pytest.mark.parametrize(
    "rows, channels, training", [*((300, c, t) for c in CHANNELS for t in (True, False)), (1, 5, True), (2, 3, True)]
)
estimators = pytest.mark.parametrize("estimator", FUSED_ESTIMATORS)
packings = pytest.mark.parametrize("packed", [False, True])


@shapes
@estimators
@packings
def test_norm_and_sign_are_the_modules_in_a_row(
    rows: int, channels: int, training: bool, estimator: str, packed: bool
) -> None:
    """Values, all gradients, running statistics; and what reads x past the norm."""
    x, layer = features(rows, channels), norm(channels, training)
    other, quantizer = copy.deepcopy(layer), SignQuantizer(estimator)
    operand, passed = norm_sign(x, layer.parts(rows), estimator, packed)
    assert isinstance(operand, PackedSigns) == packed
    found = [unpacked(operand), passed]
    expected = [quantizer(other(x)), x * 1]
    close(found, expected, 0)
    close(buffers(layer), buffers(other), 1e-6)
    upstream = [torch.randn(rows, channels) for _ in found]
    close(
        gradients(found, upstream, (x, *layer.parameters())),
        gradients(expected, upstream, (x, *other.parameters())),
    )


@shapes
@pytest.mark.parametrize("form", ["operand", "values"])
def test_norm_is_the_module(rows: int, channels: int, training: bool, form: str) -> None:
    x, layer = features(rows, channels), norm(channels, training)
    other = copy.deepcopy(layer)
    if form == "operand":
        operand, _ = normalized_operand(x, layer.parts(rows))
        assert isinstance(operand, Normalized)
        found = unpacked(operand)
    else:
        found = normalized(x, layer.parts(rows))
    expected = other(x)
    close([found, *buffers(layer)], [expected, *buffers(other)], 1e-5)
    upstream = [torch.randn(rows, channels)]
    close(
        gradients([found], upstream, (x, *layer.parameters())),
        gradients([expected], upstream, (x, *other.parameters())),
    )


@pytest.mark.parametrize("channels", CHANNELS)
@estimators
@packings
@pytest.mark.parametrize("threshold", [False, True])
def test_signs_with_and_without_a_threshold(channels: int, estimator: str, packed: bool, threshold: bool) -> None:
    x = features(50, channels)
    quantizer = RSign(channels, estimator) if threshold else SignQuantizer(estimator)
    for parameter in quantizer.parameters():
        torch.nn.init.normal_(parameter)
    before = x.detach().clone()
    operand = sign_operand(x, getattr(quantizer, "bias", None), estimator, packed)
    found, expected = unpacked(operand), quantizer(x)
    close([found], [expected], 0)
    upstream, leaves = [torch.randn(50, channels)], (x, *quantizer.parameters())
    close(gradients([found], upstream, leaves), gradients([expected], upstream, leaves))
    assert torch.equal(x, before)


@estimators
def test_negative_zero_is_positive_and_the_knees_are_those_of_the_estimator(estimator: str) -> None:
    values = [-1.0000001, -1.0, -0.9999999, -0.0, 0.0, 0.9999999, 1.0, 1.0000001]
    x = torch.tensor(values).view(-1, 1).requires_grad_()
    found, expected = sign_operand(x, None, estimator, False), SignQuantizer(estimator)(x)
    assert torch.equal(found, expected)
    assert torch.equal(*(torch.autograd.grad(y.sum(), x)[0] for y in (found, expected)))


@packings
def test_norm_and_sign_keep_their_input_and_bits(packed: bool) -> None:
    x, layer = features(1000, 16), norm(16, True)
    kept = kept_bytes(lambda: norm_sign(x, layer.parts(1000), "approx", packed), x, layer.weight, layer.bias)
    assert kept == 5 * 16 * 4  # the statistics
    operand = norm_sign(x, layer.parts(1000), "approx", True)[0]
    assert isinstance(operand, PackedSigns) and operand.bits.untyped_storage().nbytes() == 4000
    assert operand.stand_in.untyped_storage().nbytes() == kept


def test_norm_as_an_operand_keeps_its_input() -> None:
    x, layer = features(1000, 16), norm(16, True)
    assert kept_bytes(lambda: normalized_operand(x, layer.parts(1000)), x, layer.weight, layer.bias) == 5 * 16 * 4


def test_running_statistics_may_be_means_over_all_batches() -> None:
    layer = norm(3, True)
    layer.momentum = None
    other = copy.deepcopy(layer)
    for rows in (20, 30):
        x = features(rows, 3)
        norm_sign(x, layer.parts(rows), "clip", True)
        other(x)
    close(buffers(layer), buffers(other), 1e-6)


def test_nothing_needs_a_gradient() -> None:
    x, layer = features(20, 3), norm(3, True)
    with torch.no_grad():
        operand, passed = norm_sign(x, layer.parts(20), "clip", True)
    assert isinstance(operand, PackedSigns) and not operand.stand_in.requires_grad and not passed.requires_grad


def test_one_side_alone_may_have_a_gradient() -> None:
    """What is not read has no gradient, and none is made up for it."""
    x, layer = features(20, 3), norm(3, True)
    _, passed = norm_sign(x, layer.parts(20), "clip", False)
    close(torch.autograd.grad(passed.sum(), x), [torch.ones(20, 3)], 0)


@pytest.mark.parametrize("packed", [False, True])
def test_fake_tensors_have_the_shapes_of_real_ones(packed: bool) -> None:
    from torch._subclasses.fake_tensor import FakeTensorMode

    x, layer = features(20, 33), norm(33, True)
    real, _ = norm_sign(x, layer.parts(20), "clip", packed)
    with FakeTensorMode(allow_non_fake_inputs=True):
        fake, _ = norm_sign(torch.empty(20, 33, requires_grad=True), layer.parts(20), "clip", packed)
    if isinstance(real, PackedSigns):
        assert isinstance(fake, PackedSigns) and fake.bits.shape == real.bits.shape
        assert fake.bits.dtype == real.bits.dtype and fake.stand_in.shape == real.stand_in.shape
    else:
        assert fake.shape == real.shape
