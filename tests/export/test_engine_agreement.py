"""The compiled engine gives what torch gives, layer by layer, for the four networks, on simulated and real geometry."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from bscnet import runtime
from bscnet.data.sample import evaluation_sample
from bscnet.data.scan import Scan
from bscnet.datasets.real.clouds import motorcycle
from bscnet.datasets.real.package_files import PackageUnavailableError
from bscnet.errors import InputError
from bscnet.export.builder import pack_signs
from bscnet.export.network import compile_network
from bscnet.export.scene import simulated_scan
from bscnet.models.blocks import ResidualUnit
from bscnet.nn import QuantizedConv
from bscnet.nn.residual import MOST
from bscnet.quantizers import RSign
from bscnet.sparse import SparseTensor
from fixtures.methods import LITERATURE, layer_switches
from fixtures.ordered_sums import OrderedSums
from fixtures.packed_networks import network, ordered_scene, seasoned, write_model
from fixtures.sites import random_sites
from oracles.packed_program import ModelFile

NETWORKS = {
    "fcn_s": ("fcn", 16, 1, 8),
    "fcn_h": ("fcn", 24, 2, 8),
    "unet_s": ("unet", 16, 1, 6),
    "unet_h": ("unet", 32, 2, 6),
}
METHODS: dict[str, dict[str, Any]] = {
    "real": {"precision": "a32w32"},
    "bsc_baseline": {"precision": "a1w1"},
    "bsc_manual": {"precision": "a1w1", "conv": "shifted", "manual": "tetra4"},
    "bsc_net": {"precision": "a1w1", "conv": "shifted", "manual": "none"},
}
# Of a real-valued layer or score, relative to the largest: torch sums wide convolutions in parts.
REAL_TOLERANCE = 2e-5
Arrays = dict[Any, np.ndarray]


def simulated() -> Scan:
    return simulated_scan()


def real() -> Scan:
    try:
        cloud = motorcycle()
    except PackageUnavailableError as error:
        pytest.skip(f"no real geometry: {error}")
    assert cloud.colors is not None
    return Scan(cloud.name, cloud.points, cloud.colors, np.full(len(cloud.points), -100, np.int16))


SCENES = (simulated, real)


@pytest.fixture(scope="module")
def scene(request: pytest.FixtureRequest) -> tuple[torch.Tensor, torch.Tensor]:
    """Sites in lexicographic order; the real scene in two batches, so that both are seen."""
    make: Callable[[], Scan] = request.param
    voxels = evaluation_sample(make(), 0.14, None).voxels
    assert len(voxels.coords) > 600
    batch = np.zeros((len(voxels.coords), 1), np.int32)
    if make is real:
        batch[len(batch) // 2 :] = 1
    return torch.from_numpy(np.concatenate([batch, voxels.coords], axis=1)), torch.from_numpy(voxels.feats)


class Watch:
    """What torch computes inside: outputs of units; of convolutions the signs read and the sums before the scale."""

    def __init__(self, net: nn.Module) -> None:
        self.units: dict[QuantizedConv, np.ndarray] = {}
        self.signs: dict[QuantizedConv, np.ndarray] = {}
        self.sums: dict[QuantizedConv, np.ndarray] = {}
        for module in net.modules():
            if isinstance(module, ResidualUnit):
                module.register_forward_hook(self._unit)
            if isinstance(module, QuantizedConv):
                self._wrap(module)

    def _unit(self, unit: ResidualUnit, args: Any, out: SparseTensor) -> None:
        self.units[unit.conv] = out.feats.numpy()

    def _wrap(self, conv: QuantizedConv) -> None:
        apply = conv.apply_kernel

        def watched(x: SparseTensor, feats: torch.Tensor, weight: torch.Tensor, fine: Any) -> SparseTensor:
            y = apply(x, feats, weight, fine)
            self.signs[conv], self.sums[conv] = feats.numpy(), y.feats.numpy()
            return y

        conv.apply_kernel = watched  # type: ignore[method-assign]


def instruction_of(file: ModelFile, conv: QuantizedConv) -> int:
    """The instruction that holds a convolution's weight."""
    weight = conv.weight.detach()
    wanted = (
        weight.numpy() if conv.weight_quantizer is None else pack_signs(conv.weight_quantizer(weight)[0].numpy() > 0)
    )
    found = [
        int(name.split(".")[0])
        for name, tensor in file.tensors.items()
        if name.endswith(".weight") and tensor.shape == wanted.shape and np.array_equal(tensor, wanted)
    ]
    assert len(found) == 1
    return found[0]


def in_order(trace: runtime.Trace) -> np.ndarray:
    """Rows in lexicographic order of their sites, as torch has them."""
    return trace.data[np.lexsort(trace.coords.T[::-1])]


@pytest.mark.parametrize(
    "scene, name, method",
    [
        pytest.param(SCENES[(i + j) % 2], name, method, id=f"{SCENES[(i + j) % 2].__name__}-{name}-{method}")
        for i, name in enumerate(NETWORKS)
        for j, method in enumerate(METHODS)
    ],
    indirect=["scene"],
)
def test_engine_agrees_with_torch(
    name: str, method: str, scene: tuple[torch.Tensor, torch.Tensor], tmp_path: Path
) -> None:
    """Every network with every method, and each of both on either scene."""
    coords, feats = scene
    family, m, reps, depth = NETWORKS[name]
    net = network(family, m, reps, depth, classes=20, **METHODS[method])
    seasoned(net, coords, feats, random_shifts=method == "bsc_net")
    path = write_model(tmp_path / "m.safetensors", net)
    watch = Watch(net)
    with torch.no_grad(), OrderedSums(enabled=method != "real"):
        wanted = net(SparseTensor(feats, coords)).numpy()
    session = runtime.load(path)
    found = session(coords.numpy(), feats.numpy())

    assert len(np.unique(wanted.argmax(1))) >= 10, "the network does not tell its sites apart"
    assert (found.argmax(1) == wanted.argmax(1)).mean() >= 0.9999
    if method == "real":
        np.testing.assert_allclose(found, wanted, rtol=0, atol=REAL_TOLERANCE * np.abs(wanted).max())
    else:
        np.testing.assert_array_equal(found, wanted)
    compare_layers(session.trace(coords.numpy(), feats.numpy()), watch, ModelFile(path), exact=method != "real")


@pytest.mark.parametrize(
    "family, switches",
    [
        ("unet", {"conv": "shifted", "manual": "none"}),
        ("unet", {"layer_style": "react", "down_short": "maxpool"}),
        ("fcn", {"fcn_up": "unpool_add"}),
        ("fcn", {"fcn_up": "unpool_concat", "conv": "shifted"}),
        ("fcn", {"layer_style": "bireal", "down_short": "none"}),
    ],
)
def test_a_residual_stream_of_float16_agrees_to_the_bit(family: str, switches: dict[str, Any], tmp_path: Path) -> None:
    """Whatever the threads and the order of sites; some values lie beyond float16's range, and some below it."""
    coords, feats = ordered_scene(random_sites(300, 9, 2))
    net = network(family, m=24, residual="float16", **switches)
    with torch.no_grad():
        net.stem.weight.mul_(torch.logspace(-7, 5.5, net.stem.out_channels))
    net = seasoned(net, coords, feats)
    path = write_model(tmp_path / "m.safetensors", net)
    watch = Watch(net)
    with torch.no_grad(), OrderedSums():
        wanted = net(SparseTensor(feats, coords)).numpy()
    assert any((np.abs(kept) == MOST).any() for kept in watch.units.values())
    session = runtime.load(path)
    order = np.random.default_rng(0).permutation(len(coords))
    for threads in (1, 3):
        np.testing.assert_array_equal(session(coords.numpy(), feats.numpy(), threads=threads), wanted)
        found = session(coords.numpy()[order], feats.numpy()[order], threads=threads)
        np.testing.assert_array_equal(found, wanted[order])
    steps = 4 if switches.get("layer_style") == "react" else 3
    compare_layers(session.trace(coords.numpy(), feats.numpy()), watch, ModelFile(path), True, steps)


@pytest.mark.parametrize("method", LITERATURE)
@pytest.mark.parametrize("family", ["unet", "fcn"])
def test_methods_of_the_literature_agree_to_the_bit(family: str, method: str, tmp_path: Path) -> None:
    coords, feats = ordered_scene(random_sites(300, 9, 2))
    net = seasoned(network(family, **layer_switches(method)), coords, feats)
    path = write_model(tmp_path / "m.safetensors", net)
    watch = Watch(net)
    with torch.no_grad(), OrderedSums():
        wanted = net(SparseTensor(feats, coords)).numpy()
    session = runtime.load(path)
    assert len(np.unique(wanted.argmax(1))) >= 3, "the network does not tell its sites apart"
    np.testing.assert_array_equal(session(coords.numpy(), feats.numpy()), wanted)
    steps = 3 if isinstance(net.levels.down.conv.input_quantizer, RSign) else 2  # the norm, or the activation alone
    compare_layers(session.trace(coords.numpy(), feats.numpy()), watch, ModelFile(path), True, steps)


@pytest.mark.parametrize(
    "override, reason",
    [
        ("method.per_site_scale=true", r"every site by the magnitude of its neighbours \(method.per_site_scale\)"),
        ("method.scene_gate=true", r"every scene by a gate of its mean \(method.scene_gate\)"),
    ],
)
def test_factors_of_sites_and_scenes_are_refused_with_the_reason(override: str, reason: str) -> None:
    net = network("unet", **layer_switches("real_to_binary", override)).eval()
    with pytest.raises(InputError, match=f"conv scales {reason}, and the engine has one factor a channel"):
        compile_network(net)


def compare_layers(traces: list[runtime.Trace], watch: Watch, file: ModelFile, exact: bool, steps: int = 2) -> None:
    """Signs and integer sums of every bit convolution, and every unit's result that the engine keeps.

    ``steps`` are those of a unit; an instruction with more has taken in what comes after it.
    """
    values = {trace.value: in_order(trace) for trace in traces if trace.what != "sums"}
    sums = {trace.instruction: in_order(trace) for trace in traces if trace.what == "sums"}
    units = 0
    for conv in watch.sums:
        number = instruction_of(file, conv)
        instruction = file.description["instructions"][number]
        if exact and conv.weight_quantizer is not None:
            np.testing.assert_array_equal(values[instruction["in"]], watch.signs[conv])
            np.testing.assert_array_equal(sums.pop(number), watch.sums[conv])
        if conv in watch.units and instruction["out"] in values and len(instruction["steps"]) <= steps:
            units += 1
            tolerance = 0 if exact else REAL_TOLERANCE * np.abs(watch.units[conv]).max()
            np.testing.assert_allclose(values[instruction["out"]], watch.units[conv], rtol=0, atol=tolerance)
    assert not sums
    assert units >= len(watch.units) - 1, "at most the last unit goes into the head"
