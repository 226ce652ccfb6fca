"""A residual stream of float16: what is kept is rounded everywhere, on every backend, and the weights are the same."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from bscnet.models.blocks import ResidualUnit
from bscnet.sparse import SparseTensor
from fixtures.networks import FAMILIES, gradients, small_network, small_scene, trained_step
from fixtures.packed_sites import packed_scene

HEADS: list[tuple[str, dict[str, Any]]] = [
    ("unet", {"head_norm": True}),
    ("unet", {"head_norm": False}),
    ("fcn", {"fcn_up": "unpool_add"}),
    ("fcn", {"fcn_up": "unpool_concat"}),
    ("fcn", {"fcn_up": "deconv"}),
]
KINDS = ["torch", pytest.param("minkowski", marks=pytest.mark.minkowski), "packed"]


def scene(kind: str) -> SparseTensor:
    x = small_scene("torch")
    feats = x.feats.float()
    if kind == "packed":
        return packed_scene(feats, x.coords)
    return SparseTensor(feats, x.coords, kind)


@pytest.mark.parametrize("family, head", HEADS)
def test_weights_of_either_fit_the_other(family: str, head: dict[str, Any]) -> None:
    plain, half = (small_network(family, residual=residual, **head) for residual in ("float32", "float16"))
    half.load_state_dict(plain.state_dict())  # every key and shape
    x = small_scene("torch")
    assert not torch.equal(plain.eval()(x), half.eval()(x))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", list(FAMILIES))
def test_every_layer_keeps_numbers_of_float16_and_trains(family: str, kind: str) -> None:
    net = small_network(family, residual="float16").float()
    kept: list[torch.Tensor] = []
    for module in net.modules():
        if isinstance(module, ResidualUnit):
            module.register_forward_hook(lambda unit, args, out: kept.append(out.feats.detach()))
    trained_step(net, scene(kind))
    assert len(kept) >= 8
    for feats in kept:
        assert feats.dtype == torch.float32
        assert torch.equal(feats, feats.half().float())
    assert all(torch.isfinite(grad).all() and grad.any() for grad in gradients(net).values())
