from __future__ import annotations

import pytest
import torch

from bscnet.errors import InputError
from bscnet.nn import ACTIVATIONS, RPReLU, make_activation


def test_rprelu_follows_its_formula() -> None:
    layer = RPReLU(3).double()
    for parameter in layer.parameters():
        torch.nn.init.normal_(parameter)
    x = torch.randn(40, 3, dtype=torch.float64, requires_grad=True)
    moved = x - layer.gamma
    expected = torch.where(moved > 0, moved, layer.slope * moved) + layer.zeta
    torch.testing.assert_close(layer(x), expected)
    leaves = (x, *layer.parameters())
    for one, other in zip(
        torch.autograd.grad(layer(x).square().sum(), leaves),
        torch.autograd.grad(expected.square().sum(), leaves),
        strict=True,
    ):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("name, parameters", [("prelu", 5), ("rprelu", 15), ("hardtanh", 0)])
def test_activations_by_name(name: str, parameters: int) -> None:
    layer = make_activation(name, 5)
    assert sum(p.numel() for p in layer.parameters()) == parameters
    x = torch.tensor([[-4.0, -0.5, 0.0, 0.5, 4.0]])
    expected = {"hardtanh": [-1, -0.5, 0, 0.5, 1]}.get(name, [-1, -0.125, 0, 0.5, 4])
    assert layer(x)[0].tolist() == expected


def test_unknown_activation_is_refused() -> None:
    with pytest.raises(InputError, match=f"act=gelu is not known: allowed are {', '.join(ACTIVATIONS)}"):
        make_activation("gelu", 3)
