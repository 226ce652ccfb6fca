"""A network described in plain values is built, described and built again as the same network."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch

from bscnet.errors import InputError
from bscnet.models import FCN, LayerFactory, NetworkSpec, UNet

SIZES = {"m": 4, "reps": 1, "depth": 1}
SEEN = {"in_channels": 3, "num_classes": 5}


@pytest.mark.parametrize(
    "spec, direct",
    [
        (
            NetworkSpec(
                "fcn", **SIZES, **SEEN, layers=LayerFactory("a1w1", "shifted", G=2, manual="random"), fcn_up="deconv"
            ),
            lambda: FCN(3, 5, 4, 1, 1, LayerFactory("a1w1", "shifted", G=2, manual="random"), fcn_up="deconv"),
        ),
        (
            NetworkSpec("unet", **SIZES, **SEEN, layers=LayerFactory(layer_style="react"), head_norm=False),
            lambda: UNet(3, 5, 4, 1, 1, LayerFactory(layer_style="react"), head_norm=False),
        ),
        (NetworkSpec("unet", **SIZES, **SEEN), lambda: UNet(3, 5, 4, 1, 1, LayerFactory())),
    ],
)
def test_a_spec_builds_the_network_that_its_values_say(spec: NetworkSpec, direct: Any) -> None:
    torch.manual_seed(1)
    wanted = direct()
    again = NetworkSpec.from_dict(json.loads(json.dumps(spec.as_dict())))
    assert again == spec
    for one in (spec, again):
        torch.manual_seed(1)
        found = one.build()
        assert str(found) == str(wanted)
        for name, tensor in wanted.state_dict().items():
            assert torch.equal(found.state_dict()[name], tensor), name


def test_a_spec_says_only_the_switch_of_its_own_family() -> None:
    assert NetworkSpec("fcn", **SIZES, **SEEN).as_dict()["network"] == {**SIZES, "fcn_up": "unpool_add"}
    assert NetworkSpec("unet", **SIZES, **SEEN).as_dict()["network"] == {**SIZES, "head_norm": True}


def test_what_is_said_of_other_things_is_passed_over_and_missing_switches_have_their_defaults() -> None:
    values = {"family": "unet", "network": {**SIZES, "_target_": "elsewhere"}, **SEEN, "G": 8, "recipe": "quick"}
    assert NetworkSpec.from_dict(values) == NetworkSpec("unet", **SIZES, **SEEN, layers=LayerFactory(G=8))


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"family": "resnet"}, "family=resnet is not known: allowed are fcn, unet"),
        ({"family": None}, "family=null is not known: allowed are fcn, unet"),
        ({"network": {**SIZES, "fcn_up": "deconv"}}, r"network\.fcn_up is not a value of family unet"),
        ({"network": {**SIZES, "m": "8"}}, "m is '8'; it must be a whole number"),
        ({"network": {**SIZES, "m": True}}, "m is True; it must be a whole number"),
        ({"network": {"m": 4, "reps": 1}}, r"lacks network\.depth"),
        ({"network": 3}, "the description of the network is not usable"),
        ({"num_classes": 2.5}, "num_classes is 2.5; it must be a whole number"),
        ({"act": "gelu"}, "act=gelu is not known: allowed are"),
    ],
)
def test_values_that_make_no_network_are_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        NetworkSpec.from_dict({"family": "unet", "network": SIZES, **SEEN, **changes})


@pytest.mark.parametrize("key", ["family", "network", "in_channels", "num_classes"])
def test_a_value_that_is_missing_is_named(key: str) -> None:
    values = {"family": "unet", "network": SIZES, **SEEN}
    del values[key]
    with pytest.raises(InputError, match=f"lacks {key}"):
        NetworkSpec.from_dict(values)


def test_numbers_that_make_no_network_are_refused_when_it_is_built() -> None:
    with pytest.raises(InputError, match="m is 0; it must be at least 1"):
        NetworkSpec("unet", 0, 1, 1, **SEEN).build()
    with pytest.raises(InputError, match="fcn_up=bilinear is not known"):
        NetworkSpec("fcn", **SIZES, **SEEN, fcn_up="bilinear").build()
