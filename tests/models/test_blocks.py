"""Each layer style's formula, written out with oracles for the convolutions and plain arithmetic for the rest."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from bscnet.models import LayerFactory
from bscnet.models.blocks import ResidualUnit, conv_layer, deconv_layer, ssc_block
from bscnet.nn import RPReLU, SiteNorm
from bscnet.sparse import SparseTensor
from fixtures.networks import small_scene
from oracles import sparse_convolution as oracle
from oracles.dense_convolution import dense_convolution


def wakened(unit: nn.Module) -> nn.Module:
    """Every norm, slope, threshold and offset away from its initial value."""
    for module in unit.modules():
        if isinstance(module, SiteNorm | nn.PReLU | RPReLU) or hasattr(module, "bias"):
            for parameter in module.parameters(recurse=False):
                nn.init.normal_(parameter, std=0.5)
    return unit.double()


def sign(x: Tensor) -> Tensor:
    return (x >= 0).double() * 2 - 1


def norm(x: Tensor, layer: SiteNorm) -> Tensor:
    return (x - x.mean(0)) / (x.var(0, unbiased=False) + 1e-4).sqrt() * layer.weight + layer.bias


def prelu(x: Tensor, slope: Tensor) -> Tensor:
    return torch.where(x > 0, x, slope * x)


def binary(weight: Tensor) -> tuple[Tensor, Tensor]:
    return sign(weight), weight.abs().mean((0, 1))


def close(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


def threshold(unit: ResidualUnit, x: Tensor) -> Tensor:
    return x + unit.conv.input_quantizer.bias if hasattr(unit.conv.input_quantizer, "bias") else x


def styled(unit: ResidualUnit, style: str, x: Tensor, conv: Tensor, shortcut: Tensor) -> Tensor:
    if style == "r2b":
        return shortcut + prelu(conv, unit.post.weight)
    if style == "bireal":
        return shortcut + norm(conv, unit.post)
    summed = shortcut + norm(conv, unit.post)
    return prelu(summed - unit.after.gamma, unit.after.slope) + unit.after.zeta


styles = pytest.mark.parametrize("style", ["r2b", "react", "bireal"])


def entered(unit: ResidualUnit, style: str, x: Tensor) -> Tensor:
    return norm(x, unit.pre) if style == "r2b" else x


def wide(x: SparseTensor, channels: int) -> SparseTensor:
    return x.replace(torch.randn(len(x.sites), channels, dtype=torch.float64))


@styles
@pytest.mark.parametrize("proj_norm", [True, False])
def test_ssc_block(backend: str, style: str, proj_norm: bool) -> None:
    """First layer with a 1-bit 1x1 projection, second with an identity."""
    block = wakened(ssc_block(LayerFactory("a1w1", layer_style=style, proj_norm=proj_norm), 6, 8))
    x = wide(small_scene(backend), 6)
    first, second = block
    h = entered(first, style, x.feats)
    signs, scale = binary(first.conv.weight)
    conv = dense_convolution(x.coords, sign(threshold(first, h)), signs) * scale
    bias = getattr(first.shortcut.conv.input_quantizer, "bias", torch.zeros(6, dtype=torch.float64))
    signs, scale = binary(first.shortcut.conv.weight)
    projected = sign(h + bias) @ signs[0] * scale
    if proj_norm:
        projected = norm(projected, first.shortcut.norm)
    middle = styled(first, style, x.feats, conv, projected)
    h = entered(second, style, middle)
    signs, scale = binary(second.conv.weight)
    conv = dense_convolution(x.coords, sign(threshold(second, h)), signs) * scale
    close(block(x).feats, styled(second, style, middle, conv, middle))


@styles
@pytest.mark.parametrize("down_short", ["avgpool", "maxpool", "none"])
def test_conv_layer(backend: str, style: str, down_short: str) -> None:
    unit = wakened(conv_layer(LayerFactory("a1w1", layer_style=style, down_short=down_short), 6, 8))
    x = wide(small_scene(backend), 6)
    y = unit(x)
    assert y.sites is x.sites.coarser
    h = entered(unit, style, x.feats)
    signs, scale = binary(unit.conv.weight)
    conv = oracle.rows_of(oracle.down(x.coords, sign(threshold(unit, h)), signs), y.coords) * scale
    shortcut = torch.zeros_like(conv)
    if down_short != "none":
        if down_short == "avgpool":
            pooled = oracle.rows_of(oracle.pool_sum(x.coords, x.feats), y.coords) / 8
        else:
            pooled = oracle.rows_of(oracle.pool_max(x.coords, x.feats), y.coords)
        shortcut = norm(pooled @ unit.shortcut.conv.weight[0], unit.shortcut.norm)
    close(y.feats, styled(unit, style, x.feats, conv, shortcut))


@styles
@pytest.mark.parametrize("short_norm", [True, False])
def test_deconv_layer(backend: str, style: str, short_norm: bool) -> None:
    unit = wakened(deconv_layer(LayerFactory("a1w1", layer_style=style, short_norm=short_norm), 8, 6))
    fine = small_scene(backend)
    coarse = fine.replace(torch.randn(len(fine.sites.coarser), 8, dtype=torch.float64), fine.sites.coarser)
    y = unit(coarse, fine.sites)
    assert y.sites is fine.sites
    h = sign(threshold(unit, entered(unit, style, coarse.feats)))
    signs, scale = binary(unit.conv.weight)
    conv = oracle.up(oracle.field_of(coarse.coords, h), fine.coords, signs) * scale
    shortcut = oracle.unpool(oracle.field_of(coarse.coords, coarse.feats), fine.coords) @ unit.shortcut.conv.weight[0]
    if short_norm:
        shortcut = norm(shortcut, unit.shortcut.norm)
    close(y.feats, styled(unit, style, coarse.feats, conv, shortcut))


def test_without_quantizers_the_same_formula_is_real(backend: str) -> None:
    (unit,) = wakened(ssc_block(LayerFactory("a32w32", layers_per_block=1), 8, 8))
    x = wide(small_scene(backend), 8)
    conv = dense_convolution(x.coords, norm(x.feats, unit.pre), unit.conv.weight)
    close(unit(x).feats, x.feats + prelu(conv, unit.post.weight))
