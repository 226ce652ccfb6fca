"""A network's layers as they are measured, against the definition; and one layer binarized alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from bscnet.errors import InputError
from bscnet.models import FCN, LayerFactory
from bscnet.nn import ShiftedSparseConv3d
from bscnet.probe.alone import binarized
from bscnet.probe.layers import ProbedLayer, probed_layers, watched
from bscnet.probe.measure import Measurement
from bscnet.probe.moments import all_bins, layer_nmse, scale
from bscnet.probe.operators import CENTRED, NUM_BINS, OWN, layer_moments
from bscnet.probe.windows import LevelWindows
from bscnet.sparse import SparseTensor
from bscnet.sparse.offsets import group_sizes
from fixtures.networks import small_network, small_scene
from fixtures.sites import random_sites
from oracles import quantization_error as oracle

SHIFTS = ((0, 0, 0), (1, 1, 1), (-1, 0, 1))


def shifted_layer(channels: int = 7) -> ProbedLayer:
    conv = ShiftedSparseConv3d(4, channels, SHIFTS).double()
    return ProbedLayer("layer", conv, conv.shift_tuple)


def test_a_shifted_layer_group_by_group_against_the_definition() -> None:
    layer, coords = shifted_layer(), random_sites(80, 6, 1, seed=1)
    h = torch.randn(80, 4, dtype=torch.float64)
    found = layer_moments(layer, h, LevelWindows(coords, shifted=True))
    weight = layer.conv.weight.detach().numpy()
    y, b, plain, bins = [], [], [], []
    begin = 0
    centre = oracle.rows_by_definition(coords.numpy(), (0, 0, 0))
    for shift, channels in zip(SHIFTS, group_sizes(7, 3), strict=True):
        kernel = weight[..., begin : begin + channels]
        begin += channels
        rows = oracle.rows_by_definition(coords.numpy(), shift)
        y.append(oracle.response(h.numpy(), kernel, rows))
        b.append(oracle.response(oracle.signs(h.numpy()), oracle.signs(kernel), rows))
        plain.append((oracle.response(h.numpy(), kernel, centre), oracle.signs(kernel)))
        bins += [[sum(row is not None for row in site) for site in rows]] * channels
    real, binary = np.concatenate(y, 1), np.concatenate(b, 1)
    # the real response is what the layer itself computes
    given = layer.conv(SparseTensor(h, coords)).feats.detach().numpy()
    np.testing.assert_allclose(real, given, atol=1e-12)
    own = found[OWN, "both"]
    assert float(layer_nmse(all_bins(own))) == pytest.approx(oracle.layer_nmse(real, binary), rel=1e-9)
    power = np.zeros((NUM_BINS, 7))
    for channel, counts in enumerate(bins):
        np.add.at(power[:, channel], counts, real[:, channel] ** 2)
    np.testing.assert_allclose(own[3].numpy(), power, rtol=1e-9)
    back = np.concatenate([one for one, _ in plain], 1)
    signs = np.concatenate([one for _, one in plain], 2)
    other = oracle.response(oracle.signs(h.numpy()), signs, centre)
    assert float(layer_nmse(found[CENTRED, "both"])) == pytest.approx(oracle.layer_nmse(back, other), rel=1e-9)


@pytest.mark.parametrize("conv", ["plain", "shifted"])
def test_layers_of_a_network_are_seen_in_forward_order_with_what_their_sign_is_taken_of(conv: str) -> None:
    net = small_network("unet", "a32w32", conv).eval()
    layers = probed_layers(net)
    assert len(layers) == 2 * 5  # three levels down, two up, two layers a block
    seen: list[tuple[str, torch.Tensor]] = []
    x = small_scene("torch", batches=1)
    with watched(layers, lambda layer, given: seen.append((layer.name, given.feats))), torch.no_grad():
        net(x)
    assert [name.count("deeper") for name, _ in seen] == [0, 0, 1, 1, 2, 2, 1, 1, 0, 0]
    unit = net.get_submodule("levels.encoder.0.0")
    with torch.no_grad():
        torch.testing.assert_close(seen[0][1], unit.pre(net.stem(x).feats))
    assert not any(layer.conv._forward_pre_hooks for layer in layers)


def test_scenes_add_up_to_the_whole() -> None:
    net = small_network("unet", "a32w32", "shifted").eval()
    layers = probed_layers(net)
    scenes = [small_scene("torch", count, 9, 1, seed) for seed, count in enumerate((60, 90))]
    together = Measurement(layers)
    given: list[tuple[torch.Tensor, torch.Tensor]] = []

    def see(layer: ProbedLayer, x: SparseTensor) -> None:
        together.see(layer, x)
        if layer is layers[0]:
            given.append((x.coords, x.feats))

    for scene in scenes:
        together.begin_scene()
        with watched(layers, see), torch.no_grad():
            net(scene)
    found = together.measures[layers[0].name]
    real, binary = [], []
    weight = layers[0].conv.weight.detach().numpy()
    for coords, h in given:
        parts = []
        begin = 0
        for shift, channels in zip(layers[0].shifts, layers[0].groups, strict=True):
            kernel = weight[..., begin : begin + channels]
            begin += channels
            rows = oracle.rows_by_definition(coords.numpy(), shift)
            real_part = oracle.response(h.numpy(), kernel, rows)
            parts.append((real_part, oracle.response(oracle.signs(h.numpy()), oracle.signs(kernel), rows)))
        real.append(np.concatenate([one for one, _ in parts], 1))
        binary.append(np.concatenate([one for _, one in parts], 1))
    whole = oracle.layer_nmse(np.concatenate(real), np.concatenate(binary))
    assert float(layer_nmse(all_bins(found.sums[OWN, "both"]))) == pytest.approx(whole, rel=1e-8)
    one_by_one = [oracle.layer_nmse(y, b) for y, b in zip(real, binary, strict=True)]
    assert found.scenes[OWN, "both", "raw"] == pytest.approx(one_by_one, rel=1e-8)
    centred = [oracle.layer_nmse(y, b, offset=True) for y, b in zip(real, binary, strict=True)]
    assert found.scenes[OWN, "both", "centred"] == pytest.approx(centred, rel=1e-8)
    assert [measure.level for measure in together.measures.values()] == [0, 0, 1, 1, 2, 2, 1, 1, 0, 0]


def test_learned_thresholds_belong_to_the_features_and_signs_are_the_networks_own() -> None:
    net = small_network("unet", "a1w1", "plain", layer_style="react", w_form="centred")
    layer = probed_layers(net)[0]
    quantizer = layer.conv.input_quantizer
    nn.init.normal_(quantizer.bias)
    feats = torch.randn(9, 8, dtype=torch.float64)
    torch.testing.assert_close(layer.sign_argument(feats), feats + quantizer.bias)
    assert torch.equal(torch.where(layer.sign_argument(feats) >= 0, 1.0, -1.0).double(), quantizer(feats))
    weight, signs = layer.weights()
    assert torch.equal(weight, layer.conv.weight) and torch.equal(signs, layer.conv.weight_quantizer(weight)[0])
    assert not layer.is_real


def test_one_layer_binarized_computes_its_least_squares_stand_in_and_is_real_again_afterwards() -> None:
    net = small_network("unet", "a32w32", "shifted").float().eval()
    x = small_scene("torch", batches=1)
    x = x.replace(x.feats.float())
    layer = probed_layers(net)[2]
    measurement = Measurement([layer])
    measurement.begin_scene()
    given: list[SparseTensor] = []
    with torch.no_grad():
        before = net(x)
        with watched([layer], lambda one, h: (given.append(h), measurement.see(one, h))):
            net(x)
        factors = scale(all_bins(measurement.measures[layer.name].sums[OWN, "both"]))[0]
        with binarized(layer, factors):
            changed = net(x)
            output = layer.conv(given[0]).feats
        after = net(x)
    assert torch.equal(before, after) and not torch.allclose(before, changed)
    h, weight = given[0].feats.double().numpy(), layer.conv.weight.detach().double().numpy()
    expected, begin = [], 0
    for shift, channels in zip(layer.shifts, layer.groups, strict=True):
        rows = oracle.rows_by_definition(given[0].coords.numpy(), shift)
        kernel = weight[..., begin : begin + channels]
        begin += channels
        real, binary = oracle.response(h, kernel, rows), oracle.response(oracle.signs(h), oracle.signs(kernel), rows)
        expected.append(binary * (real * binary).sum(0) / (binary**2).sum(0))
    np.testing.assert_allclose(output.numpy(), np.concatenate(expected, 1), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "net, sentence",
    [
        (lambda: small_network("unet", "a1w32", "composite"), "a mixture of shifts"),
        (lambda: small_network("unet", "a32w32", "plain", layer_style="bireal"), "fed by a ReLU"),
        (lambda: nn.Linear(3, 3), "no SSC layers"),
    ],
)
def test_networks_with_nothing_to_measure_are_refused(net: object, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        probed_layers(net())


def test_the_other_family_has_layers_too() -> None:
    torch.manual_seed(0)
    net = FCN(3, 5, 8, 1, 2, LayerFactory("a32w32", "plain"))
    assert len(probed_layers(net)) == 6
