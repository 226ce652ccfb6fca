from __future__ import annotations

import pytest
import torch

from bscnet.fused import weight_signs, weight_signs_and_scale
from bscnet.quantizers import WeightQuantizer
from fused.chains import kept_bytes

pytestmark = pytest.mark.usefixtures("body")


@pytest.mark.parametrize("shape", [(27, 3, 5), (8, 1, 24), (1, 7, 1), (9, 27, 3, 33)])
def test_signs_scale_and_gradient_are_those_of_the_quantizer(shape: tuple[int, ...]) -> None:
    weight = (1.5 * torch.randn(shape)).requires_grad_()
    with torch.no_grad():
        weight.view(-1)[:7] = torch.tensor([0.0, -0.0, 1.0, -1.0, 1.0000001, -1.0000001, 0.9999999])
    signs, scale = WeightQuantizer(shape[-1])(weight)
    found, found_scale = weight_signs_and_scale(weight)
    assert torch.equal(found, signs) and not found_scale.requires_grad
    torch.testing.assert_close(found_scale, scale, rtol=1e-6, atol=0)
    assert torch.equal(weight_signs(weight), signs)
    upstream = torch.randn(shape)
    for one in (found, weight_signs(weight)):
        assert torch.equal(*(torch.autograd.grad(y, weight, upstream, retain_graph=True)[0] for y in (one, signs)))


def test_the_latent_weights_are_kept_and_nothing_beside() -> None:
    weight = torch.randn(27, 16, 16, requires_grad=True)
    assert kept_bytes(lambda: weight_signs_and_scale(weight), weight) == 0
