"""Whole networks in float32: the native backend takes the steps of the torch backend."""

from __future__ import annotations

import pytest
import torch

from bscnet.sparse import SparseTensor
from fixtures.networks import gradients, small_network, trained_step
from fixtures.sites import random_sites

CASES = [
    ("unet", "a32w32", "plain"),
    ("unet", "a1w1", "plain"),
    ("unet", "a1w1", "shifted"),
    ("fcn", "a1w1", "shifted"),
    ("unet", "a32w32", "composite"),
]


@pytest.mark.parametrize("family, precision, conv", CASES)
def test_a_step_is_that_of_the_torch_backend(family: str, precision: str, conv: str) -> None:
    """Sums of signs are exact, so a sign flips in neither; what is real differs by rounding."""
    coords, feats = random_sites(200, 14), torch.randn(200, 3)
    found = {}
    for backend in ("torch", "native"):
        net = small_network(family, precision, conv).float()
        x = SparseTensor(feats, coords, backend)
        found[backend] = trained_step(net, x), gradients(net)
    torch.testing.assert_close(found["native"][0], found["torch"][0], rtol=1e-3, atol=1e-4)
    for name, wanted in found["torch"][1].items():
        scale = float(wanted.abs().max()) + 1e-3
        torch.testing.assert_close(found["native"][1][name] / scale, wanted / scale, rtol=1e-3, atol=2e-3)
