"""OPs of small networks by hand, and by the rows that really run."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from bscnet.cost import Profile, profile_network, trace_layers
from bscnet.models import FCN, LayerFactory, UNet
from bscnet.nn import QuantizedConv, ShiftedSparseConv3d
from bscnet.sparse import SparseTensor
from oracles.pair_counts import coarser, composite_pairs, shifted_pairs, strided_pairs

# Two voxels side by side under one parent, and one far away.
COORDS = torch.tensor([[0, 0, 0, 0], [0, 1, 0, 0], [0, 8, 8, 8]])


def toy(precision: str, conv: str = "plain", **how: Any) -> UNet:
    layers = LayerFactory(
        precision=precision, conv=conv, layers_per_block=1, G=2, manual="none", proj_norm=False, short_norm=False, **how
    )
    return UNet(3, 5, 2, 1, 1, layers, head_norm=False)


def by_name(profile: Profile) -> dict[str, Any]:
    return {layer.name: layer for layer in profile.layers}


def test_toy_unet_by_hand() -> None:
    # Level 0: 3 sites, SSC pairs 2 + 2 + 1 = 5. Level 1: 2 sites (0,0,0), (4,4,4), SSC pairs 2. Widths 2, 4.
    profile = profile_network(toy("a1w1"), [COORDS], 3)
    real = 5 * 3 * 2 + 2 * 2 * 4 + 2 * 4 * 2 + 3 * 2 * 5  # stem, 1x1 down and 1x1 up (both on coarse sites), head
    binary = (
        5 * 2 * 2  # encoder level 0
        + 3 * 2 * 4  # down: one pair for each fine site
        + 2 * 4 * 4  # level 1
        + 3 * 4 * 2  # up
        + 5 * 4 * 2  # decoder, 2w -> w
        + 3 * 4 * 2  # its 1-bit projection
    )
    totals = profile.totals
    assert totals["flops"] == real == 92
    assert totals["bops"] == binary == 164
    assert totals["ops"] == 92 + 164 / 64
    weights_1bit = 27 * 4 + 8 * 8 + 27 * 16 + 8 * 8 + 27 * 8 + 8
    weights_real = 27 * 6 + 8 + 8 + 2 * 5 + 5
    assert (totals["params_1bit"], totals["params_real"]) == (weights_1bit, weights_real)
    assert totals["bytes"] == (32 * weights_real + weights_1bit) / 8
    assert profile.bytes_as_real == 4 * (weights_real + weights_1bit)
    assert profile.nominal_ops == totals["ops"]  # all windows are centred
    norms = 2 * (2 + 2 + 4 + 4 + 4)
    slopes = 2 + 4 + 4 + 2 + 2
    scales = 2 + 4 + 4 + 2 + 2 + 2
    assert totals["params_aux"] == norms + slopes + scales
    assert profile.total("aux_bytes") == 4 * totals["params_aux"]


def test_toy_unet_elementwise_by_hand() -> None:
    cost = by_name(profile_network(toy("a1w1"), [COORDS], 3))
    assert cost["levels.encoder.0.0.pre"].elementwise == 2 * 2 * 3  # factor and offset, 2 channels, 3 sites
    assert cost["levels.encoder.0.0.conv"].elementwise == 2 * 3  # scale
    assert cost["levels.encoder.0.0.post"].elementwise == 2 * 3  # slope
    assert cost["levels.encoder.0.0"].elementwise == 2 * 3  # shortcut
    assert cost["levels.down.shortcut.pool"].elementwise == 2 * 3  # on the fine sites
    assert cost["levels.down.post"].elementwise == 4 * 2
    assert cost["levels.up.post"].elementwise == 2 * 3
    assert cost["head"].elementwise == 5 * 3  # bias


def test_intermediate_precision_is_never_counted_as_binary() -> None:
    final, intermediate, real = (profile_network(toy(p), [COORDS], 3).totals for p in ("a1w1", "a1w32", "a32w32"))
    for totals in (intermediate, real):
        assert totals["bops"] == 0 and totals["params_1bit"] == 0
        assert totals["flops"] == totals["ops"] == final["flops"] + final["bops"]
        assert totals["params_real"] == final["params_real"] + final["params_1bit"]


@pytest.fixture
def cloud() -> torch.Tensor:
    return torch.cat([torch.zeros(150, 1, dtype=torch.int64), torch.randint(0, 7, (150, 3))], dim=1).unique(dim=0)


def as_set(coords: torch.Tensor) -> set[tuple[int, int, int, int]]:
    return {tuple(row) for row in coords.tolist()}


def test_shifted_layers_execute_their_own_windows(cloud: torch.Tensor) -> None:
    network = toy("a1w1", "shifted")
    shifts = ((1, 0, 1), (-1, -1, 1))
    for module in network.modules():
        if isinstance(module, ShiftedSparseConv3d):
            module.set_shifts(shifts)
    profile = profile_network(network, [cloud], 3)
    cost, sites = by_name(profile), as_set(cloud)
    for name, here, width in (
        ("levels.encoder.0.0.conv", sites, 2 * 1),
        ("levels.deeper.encoder.0.0.conv", coarser(sites), 4 * 2),
        ("levels.decoder.0.0.conv", sites, 4 * 1),
    ):
        pairs = [shifted_pairs(here, shift) for shift in shifts]
        assert cost[name].kind == "sfsc"
        assert cost[name].bops == cost[name].macs_executed == sum(pairs) * width
        assert cost[name].pairs == sum(pairs) / 2
        assert cost[name].macs_nominal == 2 * width * shifted_pairs(here, (0, 0, 0))
    assert cost["stem"].flops == shifted_pairs(sites, (0, 0, 0)) * 6
    assert (
        profile.nominal_ops == profile_network(toy("a1w1", "plain"), [cloud], 3).totals["ops"] != profile.totals["ops"]
    )
    assert cost["levels.down.conv"].bops == strided_pairs(sites) * 8


def test_composite_executes_the_whole_5x5x5_window(cloud: torch.Tensor) -> None:
    cost = by_name(profile_network(toy("a1w32", "composite"), [cloud], 3))
    corners = tuple((x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1))
    layer = cost["levels.encoder.0.0.conv"]
    assert layer.kind == "composite"
    assert layer.flops == composite_pairs(as_set(cloud), corners) * 4
    assert layer.macs_nominal == shifted_pairs(as_set(cloud), (0, 0, 0)) * 4


def network_of(family: str) -> nn.Module:
    layers = LayerFactory(precision="a1w1", conv="shifted", layer_style="react" if family == "deconv" else "r2b")
    if family == "unet":
        return UNet(3, 5, 4, 2, 3, layers)
    return FCN(3, 5, 4, 1, 3, layers, fcn_up=family)


@pytest.mark.parametrize("family", ["unet", "unpool_add", "unpool_concat", "deconv"])
def test_every_layer_is_traced_at_the_level_where_it_runs(family: str, cloud: torch.Tensor) -> None:
    network = network_of(family)
    rows: dict[str, int] = {}

    def record(name: str) -> Any:
        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            rows[name] = len(output.feats if isinstance(output, SparseTensor) else output)

        return hook

    wanted = {
        n: m for n, m in network.named_modules() if isinstance(m, (QuantizedConv, nn.Linear, nn.BatchNorm1d, nn.PReLU))
    }
    for name, module in wanted.items():
        module.register_forward_hook(record(name))
    network.eval()
    network(SparseTensor(torch.randn(len(cloud), 3), cloud))
    seen = dict(rows)
    cost = by_name(profile_network(network, [cloud], 3))
    assert wanted.keys() <= cost.keys()
    assert {name: cost[name].sites for name in wanted} == seen


def test_tracing_leaves_the_network_as_it_was() -> None:
    network = toy("a1w1").train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    trace_layers(network, 3)
    assert network.training and network.head.training
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert not any(module._forward_hooks for module in network.modules())


def test_too_deep_a_network_is_refused() -> None:
    with pytest.raises(ValueError, match="more than 10 levels"):
        trace_layers(FCN(3, 5, 1, 1, 10, LayerFactory(G=1, manual="none")), 3)


def test_mean_over_scenes(cloud: torch.Tensor) -> None:
    network = toy("a1w1")
    one, other, both = (profile_network(network, scenes, 3).totals for scenes in ([cloud], [COORDS], [cloud, COORDS]))
    assert both["ops"] == pytest.approx((one["ops"] + other["ops"]) / 2)
    assert both["params_1bit"] == one["params_1bit"]
