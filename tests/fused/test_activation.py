from __future__ import annotations

import pytest
import torch
from torch import nn

from bscnet.fused import scaled_prelu
from fused.chains import CHANNELS, close, features, gradients, kept_bytes

pytestmark = pytest.mark.usefixtures("body")


@pytest.mark.parametrize("channels", CHANNELS)
@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("shortcut", [False, True])
@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("rows", [1, 300])
def test_scale_prelu_and_shortcut_in_a_row(rows: int, channels: int, scaled: bool, shortcut: bool, whole: bool) -> None:
    """Values and the gradients of sums, slope, scale and shortcut."""
    sums = features(rows, channels)
    if whole:
        sums = (100 * sums.detach()).round().requires_grad_()
    scale = torch.randn(channels, requires_grad=True) if scaled else None
    beside = features(rows, channels) if shortcut else None
    layer = nn.PReLU(channels)
    nn.init.normal_(layer.weight)
    found = scaled_prelu(sums, scale, layer.weight, beside, whole)
    expected = layer(sums if scale is None else sums * scale)
    expected = expected if beside is None else expected + beside
    close([found], [expected], 0)
    leaves = [leaf for leaf in (sums, layer.weight, scale, beside) if leaf is not None]
    upstream = [torch.randn(rows, channels)]
    close(gradients([found], upstream, leaves), gradients([expected], upstream, leaves), 1e-4)


def test_a_scale_that_is_not_learned_gets_no_gradient() -> None:
    sums, scale = features(20, 3), torch.rand(3)
    scaled_prelu(sums, scale, torch.ones(3, requires_grad=True), None).sum().backward()
    assert scale.grad is None


def test_the_whole_range_of_int16_is_kept() -> None:
    sums = torch.tensor([[32767.0], [-32767.0], [0.0]], requires_grad=True)
    slope = torch.ones(1, requires_grad=True)
    (found,) = torch.autograd.grad(scaled_prelu(sums, None, slope, None, whole=True).sum(), slope)
    assert found.tolist() == [-32767.0]


@pytest.mark.parametrize("whole, expected", [(False, 0), (True, 2 * 1000 * 16)])
def test_the_sums_are_kept_and_nothing_beside(whole: bool, expected: int) -> None:
    sums, scale, slope = torch.randn(1000, 16).round().requires_grad_(), torch.rand(16), torch.rand(16)
    beside = features(1000, 16)
    assert kept_bytes(lambda: scaled_prelu(sums, scale, slope, beside, whole), sums, scale, slope) == expected
