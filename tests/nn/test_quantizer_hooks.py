"""Progress, calibration and penalty reach the quantizers of whole networks."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from bscnet.nn import QuantizedConv, calibrate, penalty, set_progress
from bscnet.quantizers import mean_abs_scale, sign
from fixtures.methods import LITERATURE, layer_switches
from fixtures.networks import small_network, small_scene


def convolutions(network: nn.Module) -> list[QuantizedConv]:
    return [m for m in network.modules() if isinstance(m, QuantizedConv) and m.weight_quantizer is not None]


def of_method(method: str) -> nn.Module:
    return small_network("unet", **layer_switches(method))


@pytest.mark.parametrize("method", LITERATURE)
def test_progress_reaches_all_that_follows_it(method: str) -> None:
    network = of_method(method)
    set_progress(network, 0.25)
    followers = [module for module in network.modules() if hasattr(module, "progress")]
    assert followers and {module.progress for module in followers} == {0.25}


def test_a_quantizer_may_have_none_of_the_hooks() -> None:
    network = small_network("unet")
    for conv in convolutions(network):
        conv.input_quantizer = nn.Hardtanh()
    set_progress(network, 0.5)
    assert penalty(network) is None
    assert calibrate(network, lambda: pytest.fail("nothing waits for a batch")) == []


def test_calibration_goes_from_layer_to_layer_and_leaves_statistics_alone() -> None:
    """Each layer's scale is the quotient of deviations of what the calibrated layers before it give."""
    network, x = of_method("bipointnet").train(), small_scene("torch")
    before = {name: value.clone() for name, value in network.state_dict().items()}
    scales = calibrate(network, lambda: network(x))
    assert len(scales) == len(convolutions(network))
    for name, value in network.state_dict().items():
        if not name.endswith(("scale.value", "scale.calibrated")):
            assert torch.equal(value, before[name]), name

    seen: dict[QuantizedConv, float] = {}

    def look(conv: QuantizedConv, inputs: tuple) -> None:
        x, *fine = inputs
        form = conv.weight - conv.weight.mean()
        real = conv.apply_kernel(x, x.feats, form, *(fine or [None])).feats
        binary = conv.apply_kernel(x, sign(x.feats), sign(form), *(fine or [None])).feats
        seen[conv] = np.std(real.detach().numpy()) / np.std(binary.detach().numpy())

    for conv in convolutions(network):
        conv.register_forward_pre_hook(look)
    with torch.no_grad():
        network(x)
    for conv in convolutions(network):
        assert conv.weight_quantizer.scale.value.item() == pytest.approx(seen[conv], rel=1e-9)


@pytest.mark.parametrize("method", ["bnn_plus", "recu", "rbonn"])
def test_scales_that_start_at_the_magnitudes(method: str) -> None:
    network, x = of_method(method).train(), small_scene("torch")
    assert calibrate(network, lambda: network(x))
    for conv in convolutions(network):
        torch.testing.assert_close(conv.weight_quantizer.scale.value.data, mean_abs_scale(conv.weight))
    kept = {name: value.clone() for name, value in network.state_dict().items()}
    assert calibrate(network, lambda: pytest.fail("calibrated already")) == []
    other = of_method(method)
    other.load_state_dict(kept)
    assert calibrate(other, lambda: pytest.fail("the checkpoint is calibrated")) == []


@pytest.mark.parametrize("method", LITERATURE)
def test_the_penalty_is_the_sum_over_layers(method: str) -> None:
    network = of_method(method)
    found = penalty(network)
    if method == "bnn_plus":
        parts = [(c.weight_quantizer.scale.value - c.weight.abs()).abs().sum().item() for c in convolutions(network)]
        assert found is not None and found.item() == pytest.approx(1e-6 * sum(parts))
    elif method == "rbonn":
        parts = [
            (c.weight - c.weight_quantizer.scale.value * sign(c.weight)).square().sum().item() / 2
            for c in convolutions(network)
        ]
        assert found is not None and found.item() == pytest.approx(1e-4 * sum(parts))
    else:
        assert found is None
