"""Layers by fused operations are the layers module by module, in float32, with less kept."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from bscnet.models import LayerFactory
from bscnet.models.blocks import ResidualUnit, conv_layer, deconv_layer, ssc_block
from bscnet.nn import RPReLU, SiteNorm, set_progress
from bscnet.settings.words import Conv, LayerStyle, Precision, words
from bscnet.sparse import SparseTensor
from fixtures.methods import LITERATURE, layer_switches
from fixtures.networks import FAMILIES, gradients, small_network, small_scene, trained_step
from fixtures.packed_sites import packed_scene

KINDS = ["torch", pytest.param("minkowski", marks=pytest.mark.minkowski), "packed"]
kinds = pytest.mark.parametrize("kind", KINDS)
families = pytest.mark.parametrize("family", list(FAMILIES))
SWITCHES = [
    {"w_scale": "learned"},
    {"ste_act": "clip"},
    {"act": "rprelu"},
    {"act": "hardtanh"},
    {"proj_norm": False, "short_norm": False},
    {"down_short": "maxpool"},
    {"down_short": "none"},
    {"head_norm": False},
    {"conv": "composite", "precision": "a1w1"},
    {"conv": "composite", "precision": "a1w1", "G": 3, "share_kernel": False},
]


def scene(kind: str, count: int = 70) -> SparseTensor:
    x = small_scene("torch", count)
    feats = x.feats.float()
    return packed_scene(feats, x.coords) if kind == "packed" else SparseTensor(feats, x.coords, kind)


def by_modules(network: nn.Module) -> nn.Module:
    """A copy whose layers run module by module, as each has a hook inside."""
    network = copy.deepcopy(network)
    for unit in network.modules():
        if isinstance(unit, ResidualUnit):
            unit.conv.register_forward_hook(lambda *_: None)
    return network


def wakened(network: nn.Module) -> nn.Module:
    """Every norm, slope, threshold and offset away from its initial value."""
    for module in network.modules():
        if isinstance(module, SiteNorm | nn.PReLU | RPReLU) or hasattr(module, "bias"):
            for parameter in module.parameters(recurse=False):
                nn.init.normal_(parameter, mean=0.5, std=0.3)
    return network


def check(network: nn.Module, x: SparseTensor) -> None:
    """Scores, gradients and running statistics of a training step, and the scores after it."""
    other = by_modules(network)
    scores, expected = trained_step(network, x), trained_step(other, x)
    torch.testing.assert_close(scores, expected, rtol=1e-3, atol=1e-4)
    for name, right in gradients(other).items():
        found = gradients(network)[name]
        assert float((found - right).norm()) <= 2e-3 * float(right.norm()) + 1e-6, name
    torch.testing.assert_close(dict(network.named_buffers()), dict(other.named_buffers()), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(network.eval()(x), other.eval()(x), rtol=1e-3, atol=1e-4)


@kinds
@pytest.mark.parametrize("style", words(LayerStyle))
@pytest.mark.parametrize("precision", words(Precision))
def test_networks_of_every_style(kind: str, precision: str, style: str) -> None:
    check(wakened(small_network("fcn", precision, layer_style=style).float()), scene(kind))


@kinds
@pytest.mark.parametrize("conv", words(Conv))
@pytest.mark.parametrize("precision", words(Precision))
def test_networks_of_every_convolution(kind: str, precision: str, conv: str) -> None:
    check(wakened(small_network("unet", precision, conv).float()), scene(kind))


@kinds
@pytest.mark.parametrize("switches", SWITCHES, ids=lambda s: "-".join(f"{k}={v}" for k, v in s.items()))
def test_networks_with_every_switch(kind: str, switches: dict[str, object]) -> None:
    check(wakened(small_network("unet", **switches).float()), scene(kind))


@pytest.mark.parametrize("kind", ["torch", "packed"])
@pytest.mark.parametrize("method", [*LITERATURE, "xnor_net method.per_site_scale=true", "bnn method.scene_gate=true"])
def test_methods_of_the_literature(kind: str, method: str) -> None:
    network = wakened(small_network("unet", **layer_switches(*method.split())).float())
    set_progress(network, 0.5)
    check(network, scene(kind))


@pytest.mark.parametrize("kind", ["torch", "packed"])
@pytest.mark.parametrize("precision", words(Precision))
@pytest.mark.parametrize("style", words(LayerStyle))
def test_one_site(kind: str, precision: str, style: str) -> None:
    check(wakened(small_network("unet", precision, layer_style=style).float()), scene(kind, 1))


@kinds
@pytest.mark.parametrize("channels", [(1, 3), (24, 33)])
@pytest.mark.parametrize(
    "make",
    [ssc_block, conv_layer, deconv_layer],
    ids=["SSC", "Conv", "DeConv"],
)
def test_odd_numbers_of_channels(kind: str, channels: tuple[int, int], make: Callable[..., nn.Module]) -> None:
    layer = wakened(make(LayerFactory("a1w1"), *channels))
    x = scene(kind)
    fine = x.sites if make is deconv_layer else None
    sites = x.sites if fine is None else x.sites.coarser
    found = []
    for one in (layer, by_modules(layer)):
        feats = torch.randn(len(sites), channels[0], generator=torch.Generator().manual_seed(0)).requires_grad_()
        start = x.replace(feats, sites)
        y = one(start).feats if fine is None else one(start, fine).feats
        upstream = torch.randn(y.shape, generator=torch.Generator().manual_seed(1))
        found.append([y, *torch.autograd.grad(y, [feats, *one.parameters()], upstream)])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-3)


@families
def test_a_hook_on_any_module_inside_a_layer_sees_what_passes_it(family: str) -> None:
    network, seen = small_network(family, "a1w1").float(), []
    hooked = [module for module in network.modules() if isinstance(module, SiteNorm | nn.PReLU)]
    for module in hooked:
        module.register_forward_hook(lambda module, *_: seen.append(module))
    network(scene("torch"))
    assert set(seen) == set(hooked) and len(seen) == len(hooked)


def kept_bytes(network: nn.Module, x: SparseTensor) -> int:
    """Bytes that a training forward pass keeps, without the parameters."""
    parameters = {value.untyped_storage().data_ptr() for value in network.parameters()}
    found: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in parameters:
            found[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        scores = network.train()(x)
    del scores
    return sum(found.values())


@pytest.mark.parametrize("precision, most", [("a1w1", 0.75), ("a1w32", 0.8), ("a32w32", 1.0)])
def test_less_is_kept(precision: str, most: float) -> None:
    network, x = small_network("unet", precision, "plain").float(), scene("torch", 1500)
    assert kept_bytes(network, x) <= most * kept_bytes(by_modules(network), x)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_autocast_leaves_signs_and_whole_sums_alone(dtype: torch.dtype) -> None:
    """Of a layer whose convolutions are 1-bit alone, autocast changes nothing."""
    block, x = wakened(ssc_block(LayerFactory("a1w1"), 24, 33)), scene("packed")
    feats = torch.randn(len(x.sites), 24)
    expected = block(x.replace(feats)).feats
    with torch.autocast("cpu", dtype):
        found = block(x.replace(feats)).feats
    assert found.dtype == torch.float32 and torch.equal(found, expected)


def test_autocast_rounds_the_real_shortcuts_alone() -> None:
    network, x = wakened(small_network("unet", "a1w1", "plain").float()), scene("packed")
    with torch.autocast("cpu", torch.bfloat16):
        scores = network.train()(x)
    scores.float().sum().backward()
    assert all(bool(torch.isfinite(grad).all()) and grad.dtype == torch.float32 for grad in gradients(network).values())
