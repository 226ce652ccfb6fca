"""Whole networks give the same numbers on both backends, forward and backward, and states move between them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from bscnet.settings.words import Conv, LayerStyle, Precision, words
from fixtures.networks import gradients, small_network, small_scene, trained_step

TOLERANCE = {"rtol": 1e-8, "atol": 1e-10}
SWITCHES = [
    {"fcn_up": "unpool_concat"},
    {"fcn_up": "deconv"},
    {"head_norm": False},
    {"down_short": "maxpool"},
    {"down_short": "none"},
    {"layers_per_block": 1},
    {"sfsc_layers": "first"},
    {"sfsc_layers": "last"},
    {"w_scale": "learned"},
    {"ste_act": "clip"},
    {"act": "rprelu"},
    {"act": "hardtanh"},
    {"proj_norm": False, "short_norm": False},
    {"G": 8, "manual": "corners8"},
    {"G": 3, "manual": "random"},
    {"manual_alternate": True},
]


def check(family: str, **switches: object) -> None:
    scores, grads, buffers = {}, {}, {}
    for backend in ("torch", "minkowski"):
        net = small_network(family, **switches)
        scores[backend] = trained_step(net, small_scene(backend))
        grads[backend], buffers[backend] = gradients(net), dict(net.named_buffers())
        scores[backend] = torch.stack([scores[backend], net.eval()(small_scene(backend)).detach()])
    torch.testing.assert_close(scores["torch"], scores["minkowski"], **TOLERANCE)
    torch.testing.assert_close(grads["torch"], grads["minkowski"], **TOLERANCE)
    torch.testing.assert_close(buffers["torch"], buffers["minkowski"], **TOLERANCE)


@pytest.mark.minkowski
@pytest.mark.parametrize("style", words(LayerStyle))
@pytest.mark.parametrize("precision", words(Precision))
@pytest.mark.parametrize("conv", words(Conv))
@pytest.mark.parametrize("family", ["fcn", "unet"])
def test_both_backends_give_the_same_numbers(family: str, conv: str, precision: str, style: str) -> None:
    check(family, precision=precision, conv=conv, layer_style=style)


@pytest.mark.minkowski
@pytest.mark.parametrize("switches", SWITCHES, ids=lambda s: "-".join(f"{k}={v}" for k, v in s.items()))
def test_both_backends_agree_on_every_switch(switches: dict[str, object]) -> None:
    check("unet" if "head_norm" in switches else "fcn", **switches)


@pytest.mark.minkowski
@pytest.mark.parametrize("source, target", [("torch", "minkowski"), ("minkowski", "torch")])
@pytest.mark.parametrize("conv", words(Conv))
def test_states_move_between_backends(tmp_path: Path, conv: str, source: str, target: str) -> None:
    net = small_network("unet", "a1w32", conv)
    trained_step(net, small_scene(source))
    torch.optim.SGD(net.parameters(), 0.01).step()
    torch.save(net.state_dict(), tmp_path / "state.pt")
    other = small_network("unet", "a1w32", conv, seed=1)
    other.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True), strict=True)
    expected = net.eval()(small_scene(source)).detach()
    torch.testing.assert_close(other.eval()(small_scene(target)).detach(), expected, **TOLERANCE)
