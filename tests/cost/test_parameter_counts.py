"""T6: parameter counts of the four networks (method section 7)."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from bscnet.cost.parameters import ParameterCounts, module_parameters
from bscnet.models import FCN, LayerFactory, UNet
from bscnet.nn import QuantizedConv, SceneGate, SparseConv3d
from bscnet.quantizers import RSign, WeightQuantizer

FCN_S: dict[str, Any] = {"in_channels": 4, "num_classes": 40, "m": 16, "reps": 1, "depth": 8}
FCN_H: dict[str, Any] = {"in_channels": 4, "num_classes": 40, "m": 24, "reps": 2, "depth": 8}
UNET_S: dict[str, Any] = {"in_channels": 3, "num_classes": 20, "m": 16, "reps": 1, "depth": 6, "head_norm": False}
UNET_H: dict[str, Any] = {"in_channels": 3, "num_classes": 20, "m": 32, "reps": 2, "depth": 6, "head_norm": False}
TINY: dict[str, Any] = {"in_channels": 3, "num_classes": 4, "m": 4, "reps": 1, "depth": 1}

TABLE = [
    (FCN, FCN_S, 1, 2_461_440, 92_008, 5_456, 9.76, 0.665),
    (FCN, FCN_S, 2, 4_431_360, 92_008, 7_616, 17.28, 0.908),
    (FCN, FCN_H, 1, 9_970_560, 184_072, 11_424, 38.78, 1.934),
    (FCN, FCN_H, 2, 18_835_200, 184_072, 17_904, 72.62, 3.016),
    (UNet, UNET_S, 1, 2_731_008, 58_980, 5_328, 10.66, 0.571),
    (UNet, UNET_S, 2, 4_327_680, 58_980, 7_680, 16.76, 0.770),
    (UNet, UNET_H, 1, 17_310_720, 232_628, 15_360, 66.98, 3.010),
    (UNet, UNET_H, 2, 30_084_096, 232_628, 24_768, 115.74, 4.568),
]


def network_parameters(network: nn.Module) -> ParameterCounts:
    """Sum over all layers of a network."""
    total: dict[str, int] = {}
    inside: set[nn.Module] = set()
    for module in network.modules():
        if module in inside:
            continue
        counts = module_parameters(module)
        if isinstance(module, QuantizedConv):
            inside.update(module.modules())
        for name, value in vars(counts).items() if counts else ():
            total[name] = total.get(name, 0) + value
    return ParameterCounts(**total)


def build(family: type[nn.Module], numbers: dict[str, Any], per_block: int, **how: Any) -> nn.Module:
    layers = LayerFactory(layers_per_block=per_block, proj_norm=False, short_norm=False, **how)
    with torch.device("meta"):
        return family(layers=layers, **numbers)


@pytest.mark.parametrize(("family", "numbers", "per_block", "one_bit", "real", "aux", "mb_real", "mb_binary"), TABLE)
def test_section_7(
    family: type[nn.Module],
    numbers: dict[str, Any],
    per_block: int,
    one_bit: int,
    real: int,
    aux: int,
    mb_real: float,
    mb_binary: float,
) -> None:
    binary = network_parameters(build(family, numbers, per_block, precision="a1w1"))
    assert (binary.one_bit, binary.real, binary.norm + binary.act) == (one_bit, real, aux)
    whole = network_parameters(build(family, numbers, per_block, precision="a32w32"))
    assert (whole.one_bit, whole.real, whole.norm + whole.act, whole.scale) == (0, one_bit + real, aux, 0)
    assert 4 * (whole.real + whole.aux) / 2**20 == pytest.approx(mb_real, abs=0.006)
    # The table leaves the scales out.
    assert (binary.weight_bytes + 4 * (binary.norm + binary.act)) / 2**20 == pytest.approx(mb_binary, abs=0.0006)


@pytest.mark.parametrize("precision", ["a32w32", "a1w32", "a1w1"])
@pytest.mark.parametrize("style", ["r2b", "react"])
def test_nothing_is_left_out_or_counted_twice(precision: str, style: str) -> None:
    layers = LayerFactory(precision=precision, conv="shifted", layer_style=style, w_scale="learned", act="rprelu")
    network = UNet(3, 20, 4, 2, 2, layers)
    counts = network_parameters(network)
    assert sum(vars(counts).values()) == sum(p.numel() for p in network.parameters())


def test_shifts_leave_the_counts_and_the_search_adds_its_logits() -> None:
    plain, shifted, search = (
        network_parameters(UNet(layers=LayerFactory(conv=conv), **UNET_S)) for conv in ("plain", "shifted", "composite")
    )
    assert shifted == plain
    shifted_layers = 2 * 13  # two layers in the block of 7 encoder and 6 decoder levels
    assert search.logits == shifted_layers * 4 * 27
    assert (search.one_bit, search.real) == (plain.one_bit, plain.real)


def test_one_layer_by_hand() -> None:
    layer = SparseConv3d(5, 6, 3, RSign(5), WeightQuantizer(6))
    assert module_parameters(layer) == ParameterCounts(one_bit=27 * 5 * 6, scale=6, threshold=5)
    assert ParameterCounts(real=3, one_bit=16, norm=4, act=2).weight_bytes == 12 + 2


def test_an_unknown_layer_is_not_silently_free() -> None:
    with pytest.raises(TypeError, match="GroupNorm"):
        network_parameters(nn.Sequential(nn.GroupNorm(2, 4)))


def test_what_quantizers_have_for_training_alone_is_not_counted() -> None:
    plain, noisy, recurrent = (
        network_parameters(UNet(layers=LayerFactory("a1w1", **how), **TINY))
        for how in ({}, {"sign_noise": True}, {"w_form": "recurrent", "w_scale": "learned_from_mean_abs"})
    )
    assert plain == noisy == recurrent


def test_a_gate_of_scenes_is_real_weights() -> None:
    plain, gated = (UNet(layers=LayerFactory("a1w1", scene_gate=on), **TINY) for on in (False, True))
    gates = sum(p.numel() for m in gated.modules() if isinstance(m, SceneGate) for p in m.parameters())
    found, expected = network_parameters(gated), network_parameters(plain)
    assert gates > 0 and found.real == expected.real + gates and found.one_bit == expected.one_bit
