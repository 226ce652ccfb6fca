"""T6: the table of parameters, and the published networks that ours grew from."""

from __future__ import annotations

import pytest
from torch import nn

from bscnet.models import FCN, LayerFactory, UNet
from bscnet.nn import QuantizedConv, SiteNorm, binary_weights
from bscnet.search import composite_layers

NETWORKS = {
    "fcn_s": (FCN, 4, 40, 16, 1, 8),
    "fcn_h": (FCN, 4, 40, 24, 2, 8),
    "unet_s": (UNet, 3, 20, 16, 1, 6),
    "unet_h": (UNet, 3, 20, 32, 2, 6),
}
# name, layers per block, 1-bit weights, real weights, norms and activations, bytes real, bytes 1-bit (in MiB)
TABLE = [
    ("fcn_s", 1, 2_461_440, 92_008, 5_456, 9.76, 0.665),
    ("fcn_s", 2, 4_431_360, 92_008, 7_616, 17.28, 0.908),
    ("fcn_h", 1, 9_970_560, 184_072, 11_424, 38.78, 1.934),
    ("fcn_h", 2, 18_835_200, 184_072, 17_904, 72.62, 3.016),
    ("unet_s", 1, 2_731_008, 58_980, 5_328, 10.66, 0.571),
    ("unet_s", 2, 4_327_680, 58_980, 7_680, 16.76, 0.770),
    ("unet_h", 1, 17_310_720, 232_628, 15_360, 66.98, 3.010),
    ("unet_h", 2, 30_084_096, 232_628, 24_768, 115.74, 4.568),
]


def network(name: str, layers: LayerFactory, **head: object) -> nn.Module:
    family, *numbers = NETWORKS[name]
    return family(*numbers, layers, **head)


def counts(net: nn.Module) -> tuple[int, int, int]:
    """1-bit weights; real weights of convolutions and linear layers; everything else."""
    binary = sum(weight.numel() for weight in binary_weights(net))
    linear = (QuantizedConv, nn.Linear)
    weights = sum(p.numel() for m in net.modules() if isinstance(m, linear) for p in m.parameters(recurse=False))
    return binary, weights - binary, sum(p.numel() for p in net.parameters()) - weights


def without_extra_norms(name: str) -> dict[str, bool]:
    return {"head_norm": False} if name.startswith("unet") else {}


@pytest.mark.parametrize("conv", ["plain", "shifted"])
@pytest.mark.parametrize("name, layers_per_block, binary, real, aux, mib_real, mib_binary", TABLE)
def test_counts_of_the_table(
    name: str, layers_per_block: int, binary: int, real: int, aux: int, mib_real: float, mib_binary: float, conv: str
) -> None:
    layers = LayerFactory("a1w1", conv, layers_per_block=layers_per_block, proj_norm=False, short_norm=False)
    net = network(name, layers, **without_extra_norms(name))
    assert counts(net) == (binary, real, aux)
    assert sum(p.numel() for p in net.parameters()) == binary + real + aux
    assert round(4 * (binary + real + aux) / 2**20, 2) == mib_real
    assert round((binary / 8 + 4 * (real + aux)) / 2**20, 3) == mib_binary


@pytest.mark.parametrize("precision", ["a32w32", "a1w32"])
@pytest.mark.parametrize("name", ["fcn_s", "unet_s"])
def test_every_stage_has_the_same_parameters(name: str, precision: str) -> None:
    """So that a checkpoint carries from stage to stage; and nothing is 1-bit before the last."""
    stage, last = network(name, LayerFactory(precision)), network(name, LayerFactory("a1w1"))
    assert {k: v.shape for k, v in stage.state_dict().items()} == {k: v.shape for k, v in last.state_dict().items()}
    assert counts(stage)[0] == 0 and counts(stage)[1] == sum(counts(last)[:2])


@pytest.mark.parametrize("cands, number", [("all27", 27), ("corners9", 9)])
@pytest.mark.parametrize("name", ["fcn_s", "unet_s"])
def test_search_adds_its_logits_only(name: str, cands: str, number: int) -> None:
    search = network(name, LayerFactory("a1w32", "composite", cands=cands))
    plain = network(name, LayerFactory("a1w32"))
    logits = {f"{layer}.alpha" for layer in composite_layers(search)}
    assert search.state_dict().keys() - plain.state_dict().keys() == logits
    assert plain.state_dict().keys() <= search.state_dict().keys()
    added = sum(p.numel() for p in search.parameters()) - sum(p.numel() for p in plain.parameters())
    assert added == len(logits) * 4 * number


@pytest.mark.parametrize(
    "name, layers_per_block, total",
    [("unet_s", 2, 4_334_660), ("unet_h", 2, 30_104_308), ("fcn_s", 1, 2_496_040), ("fcn_h", 1, 10_024_600)],
)
def test_without_its_own_shortcuts_it_is_sparseconvnets_network(name: str, layers_per_block: int, total: int) -> None:
    """Residual U-Nets of SparseConvNet's README and the FCNs of its NYU example, counted there."""
    layers = LayerFactory(
        "a32w32", act="hardtanh", layers_per_block=layers_per_block, down_short="none", proj_norm=False
    )
    assert sum(p.numel() for p in network(name, layers, **without_extra_norms(name)).parameters()) == total


@pytest.mark.parametrize("head_norm, total", [(False, 2_689_828), (True, 2_689_860)])
def test_small_unet_without_projections_is_sparseconvnets_plain_one(head_norm: bool, total: int) -> None:
    layers = LayerFactory("a32w32", act="hardtanh", layers_per_block=1, down_short="none", proj_norm=False)
    net = network("unet_s", layers, head_norm=head_norm)
    kept = {name: p for name, p in net.named_parameters() if ".shortcut." not in name}
    prelu = sum(p.numel() for m in net.modules() if isinstance(m, nn.PReLU) for p in m.parameters())
    assert sum(p.numel() for p in kept.values()) - prelu == total


def test_switches_add_the_norms_they_name() -> None:
    def norms(**switches: bool) -> int:
        head = {"head_norm": switches.pop("head_norm", False)}
        net = network("unet_s", LayerFactory(**{"proj_norm": False, "short_norm": False, **switches}), **head)
        return sum(p.numel() for m in net.modules() if isinstance(m, SiteNorm) for p in m.parameters())

    widths = [16 * (i + 1) for i in range(7)]
    bare = norms()
    assert norms(head_norm=True) - bare == 2 * 16
    assert norms(proj_norm=True) - bare == 2 * sum(widths[:-1])
    assert norms(short_norm=True) - bare == 2 * (sum(widths[1:]) + sum(widths[:-1]))


def test_learned_scales_are_one_a_binary_output_channel() -> None:
    learned = network("unet_s", LayerFactory("a1w1", w_scale="learned"))
    fixed = network("unet_s", LayerFactory("a1w1"))
    added = sum(p.numel() for p in learned.parameters()) - sum(p.numel() for p in fixed.parameters())
    assert added == sum(weight.shape[-1] for weight in binary_weights(fixed))
