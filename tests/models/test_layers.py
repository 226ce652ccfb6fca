"""The layer factory: what it refuses, and which convolutions it makes."""

from __future__ import annotations

import pytest
from torch import nn

from bscnet.errors import InputError
from bscnet.models import LayerFactory
from bscnet.models.blocks import conv_layer, deconv_layer, ssc_block
from bscnet.nn import (
    AvgPool,
    CompositeShiftConv3d,
    MaxPool,
    QuantizedConv,
    ShiftedSparseConv3d,
    SiteNorm,
    SparseConv3d,
)
from bscnet.quantizers import RSign, SignQuantizer


@pytest.mark.parametrize(
    "switch",
    [
        "precision",
        "conv",
        "layer_style",
        "act",
        "sfsc_layers",
        "down_short",
        "w_scale",
        "ste_act",
        "ste_weight",
        "w_form",
        "w_penalty",
        "manual",
        "cands",
        "relax",
    ],
)
def test_unknown_names_are_refused(switch: str) -> None:
    with pytest.raises(InputError, match=f"{switch}=nonsense is not known: allowed are"):
        LayerFactory(**{switch: "nonsense"})


def test_switches_that_exclude_each_other_are_refused() -> None:
    with pytest.raises(InputError, match="per_site_scale and scene_gate are both on"):
        LayerFactory(per_site_scale=True, scene_gate=True)
    with pytest.raises(InputError, match="sign_noise is on and layer_style is react"):
        LayerFactory(sign_noise=True, layer_style="react")


@pytest.mark.parametrize("number", [0, 3, -1])
def test_blocks_have_one_or_two_layers(number: int) -> None:
    with pytest.raises(InputError, match=f"layers_per_block={number} is not known: allowed are 1, 2"):
        LayerFactory(layers_per_block=number)


def kinds(block: nn.Module) -> list[type[QuantizedConv]]:
    return [type(unit.conv) for unit in block]


@pytest.mark.parametrize("conv, made", [("shifted", ShiftedSparseConv3d), ("composite", CompositeShiftConv3d)])
def test_placement_of_shifted_layers(conv: str, made: type[QuantizedConv]) -> None:
    def block(where: str, layers_per_block: int = 2) -> list[type[QuantizedConv]]:
        return kinds(ssc_block(LayerFactory("a1w1", conv, sfsc_layers=where, layers_per_block=layers_per_block), 8, 8))

    assert block("all") == [made, made]
    assert block("first") == [made, SparseConv3d]
    assert block("last") == [SparseConv3d, made]
    assert block("all", 1) == block("first", 1) == block("last", 1) == [made]


def test_alternating_positions_are_negated_in_the_second_layer() -> None:
    first, second = ssc_block(LayerFactory(conv="shifted", manual_alternate=True), 8, 8)
    assert [tuple(-c for c in shift) for shift in first.conv.shift_tuple] == list(second.conv.shift_tuple)
    first, second = ssc_block(LayerFactory(conv="shifted"), 8, 8)
    assert first.conv.shift_tuple == second.conv.shift_tuple


@pytest.mark.parametrize("precision", ["a32w32", "a1w32", "a1w1"])
@pytest.mark.parametrize("style, quantizer", [("r2b", SignQuantizer), ("react", RSign), ("bireal", SignQuantizer)])
def test_precision_of_every_convolution(precision: str, style: str, quantizer: type[nn.Module]) -> None:
    """Stem and 1x1 of Conv and DeConv are real; the projection and the main convolutions are of the stage."""
    layers = LayerFactory(precision, layer_style=style, ste_act="clip")
    stem, down, up, block = (
        layers.stem(3, 8),
        conv_layer(layers, 8, 16),
        deconv_layer(layers, 16, 8),
        ssc_block(layers, 16, 8),
    )
    staged = [down.conv, up.conv, block[0].conv, block[0].shortcut.conv, block[1].conv]
    for conv in (stem, down.shortcut.conv, up.shortcut.conv):
        assert conv.input_quantizer is None and conv.weight_quantizer is None
    for conv in staged:
        assert (conv.input_quantizer is not None) == (precision != "a32w32")
        assert (conv.weight_quantizer is not None) == (precision == "a1w1")
        if conv.input_quantizer is not None:
            assert type(conv.input_quantizer) is quantizer and conv.input_quantizer.estimator == "clip"
    assert block[0].shortcut.conv.kernel_size == 1


def test_norms_and_pools_follow_their_switches() -> None:
    layers = LayerFactory(norm_eps=1e-3, norm_momentum=0.2, down_short="maxpool")
    norms = [m for m in conv_layer(layers, 8, 16).modules() if isinstance(m, SiteNorm)]
    assert len(norms) == 2 and all((m.eps, m.momentum) == (1e-3, 0.2) for m in norms)
    assert isinstance(conv_layer(layers, 8, 16).shortcut.pool, MaxPool)
    assert isinstance(conv_layer(LayerFactory(), 8, 16).shortcut.pool, AvgPool)
    bare = LayerFactory(down_short="none")
    assert conv_layer(bare, 8, 16).shortcut is None and deconv_layer(bare, 16, 8).shortcut is None
