"""T10: the plan is the argmax, weights stay bit for bit, logits are gone."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import Tensor, nn

from bscnet.errors import InputError
from bscnet.models import FCN, LayerFactory, UNet
from bscnet.nn import CompositeShiftConv3d
from bscnet.search import (
    ShiftPlan,
    apply_plan,
    composite_layers,
    confidence_loss,
    current_plan,
    discretise,
    discretised_state,
    search_state,
    set_temperature,
    shifted_layers,
)
from bscnet.sparse import SparseTensor
from fixtures.sites import random_sites


def discretised(net: nn.Module, plan: ShiftPlan) -> dict[str, Tensor]:
    layer = next(iter(composite_layers(net).values()))
    return discretised_state(net.state_dict(), plan, [tuple(row) for row in layer.candidates.tolist()])


def unet(conv: str, **switches: object) -> UNet:
    return UNet(3, 5, 8, 1, 2, LayerFactory("a1w32", conv, cands="corners9", **switches)).double()


def searched(**switches: object) -> UNet:
    net = unet("composite", **switches)
    for layer in composite_layers(net).values():
        nn.init.normal_(layer.alpha)
    return net


def scene(backend: str) -> SparseTensor:
    coords = random_sites(60, 12)
    return SparseTensor(torch.randn(60, 3, dtype=torch.float64), coords, backend)


def one_hot(net: nn.Module) -> None:
    for layer in composite_layers(net).values():
        best = layer.alpha.argmax(1, keepdim=True)
        layer.alpha.data.fill_(-1e4).scatter_(1, best, 0.0)


def test_each_group_takes_its_largest_logit() -> None:
    net = searched()
    plan = discretise(net)
    assert list(plan.shifts) == list(composite_layers(net)) and len(plan.shifts) == 2 * 5
    for name, layer in composite_layers(net).items():
        for group, shift in enumerate(plan.shifts[name]):
            best = max(range(9), key=layer.alpha[group].tolist().__getitem__)
            assert list(shift) == layer.candidates[best].tolist()


def test_an_undecided_search_keeps_the_plain_convolution() -> None:
    assert all(set(rows) == {(0, 0, 0)} for rows in discretise(unet("composite")).shifts.values())


def test_weights_stay_bit_for_bit_and_logits_go() -> None:
    net, final = searched(), unet("shifted")
    plan = discretise(net)
    state = discretised(net, plan)
    assert not [name for name in state if "alpha" in name]
    final.load_state_dict(state, strict=True)
    assert current_plan(final) == plan
    before = net.state_dict()
    for name, value in final.state_dict().items():
        assert name.endswith(".shifts") or torch.equal(value, before[name])
    lost = before.keys() - final.state_dict().keys()
    assert lost == {f"{name}.alpha" for name in plan.shifts}
    assert sum(before[name].numel() for name in lost) == len(plan.shifts) * 4 * 9
    kept = sum(p.numel() for p in final.parameters())
    assert sum(p.numel() for p in net.parameters()) - kept == len(plan.shifts) * 4 * 9


@pytest.mark.parametrize("share_kernel", [True, False])
def test_a_decided_search_becomes_the_same_network(backend: str, share_kernel: bool) -> None:
    net, final = searched(share_kernel=share_kernel), unet("shifted")
    one_hot(net)
    final.load_state_dict(discretised(net, discretise(net)), strict=True)
    x = scene(backend)
    torch.testing.assert_close(final(x), net(x), rtol=1e-9, atol=1e-9)


def test_unshared_kernels_keep_the_chosen_one_bit_for_bit() -> None:
    net = searched(share_kernel=False)
    plan = discretise(net)
    state = discretised(net, plan)
    for name, layer in composite_layers(net).items():
        chosen = layer.alpha.argmax(1).tolist()
        for group, channels in enumerate(torch.arange(layer.out_channels).tensor_split(4)):
            assert torch.equal(state[f"{name}.weight"][..., channels], layer.weight[chosen[group]][..., channels])


def test_the_state_does_not_change_the_searched_network() -> None:
    net = searched()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    discretised(net, discretise(net))
    after = net.state_dict()
    assert before.keys() == after.keys() and all(torch.equal(after[name], before[name]) for name in before)


def test_a_plan_is_applied_to_every_layer(backend: str) -> None:
    net = unet("shifted")
    plan = ShiftPlan(dict.fromkeys(shifted_layers(net), ((0, 1, 0), (0, 0, 0), (1, 0, -1), (0, 0, 1))))
    x = scene(backend)
    before = net(x)
    apply_plan(net, plan)
    assert current_plan(net) == plan
    for name, layer in shifted_layers(net).items():
        assert layer.shifts.tolist() == [list(shift) for shift in plan.shifts[name]]
    assert not torch.allclose(net(x), before)


def test_one_layer_alone_can_be_discretised() -> None:
    layer = CompositeShiftConv3d(3, 8, 2, [(0, 0, 0), (1, 0, 0)])
    layer.alpha.data[1, 1] = 1.0
    plan = discretise(layer)
    assert plan == ShiftPlan({"": ((0, 0, 0), (1, 0, 0))})
    assert discretised(layer, plan).keys() == {"weight", "shifts"}


def test_plans_of_other_networks_are_refused() -> None:
    net = unet("shifted")
    good = current_plan(net)
    other = FCN(3, 5, 8, 1, 2, LayerFactory("a1w32", "shifted"))
    with pytest.raises(InputError, match="another network"):
        apply_plan(other, good)
    name = list(good.shifts)[-1]
    wrong_groups = ShiftPlan({**good.shifts, name: ((1, 0, 0),) * 2})
    first = next(iter(good.shifts))
    moved = ShiftPlan({**wrong_groups.shifts, first: ((1, 0, 0),) * 4})
    with pytest.raises(InputError, match="2 shifts given for 4 channel groups"):
        apply_plan(net, moved)
    assert current_plan(net) == good
    search = searched()
    with pytest.raises(InputError, match="another network"):
        discretised(search, current_plan(other))
    with pytest.raises(InputError, match="no composite convolution"):
        discretise(net)


def test_plans_off_the_candidates_are_refused() -> None:
    net = searched(share_kernel=False)
    plan = discretise(net)
    first = next(iter(plan.shifts))
    with pytest.raises(InputError, match="not among the candidates"):
        discretised(net, ShiftPlan({**plan.shifts, first: ((1, 0, 0),) * 4}))


def entropy_of(pi: Tensor) -> list[float]:
    return [-sum(p * math.log(p) for p in row) for row in pi.tolist()]


def test_search_state_reports_entropy_and_confidence_by_group() -> None:
    net = searched()
    state = search_state(net)
    assert state.keys() == composite_layers(net).keys()
    for name, layer in composite_layers(net).items():
        pi = layer.alpha.detach().softmax(1)
        assert state[name]["entropy"] == pytest.approx(entropy_of(pi))
        assert state[name]["max_pi"] == pytest.approx([max(row) for row in pi.tolist()])
    total = sum(sum(layer["entropy"]) for layer in state.values())
    assert float(confidence_loss(net, "entropy", "sum").detach()) == pytest.approx(total)


def test_temperature_falls_geometrically() -> None:
    net = searched(relax="gumbel_softmax")
    seen = []
    for progress in (-1.0, 0.0, 0.25, 0.5, 0.75, 1.0, 2.0):
        set_temperature(net, progress)
        (temperature,) = {layer.temperature for layer in composite_layers(net).values()}
        seen.append(temperature)
    assert seen[0] == seen[1] == 5.0 and seen[-1] == seen[-2] == pytest.approx(0.1)
    ratios = [b / a for a, b in itertools.pairwise(seen[1:6])]
    assert ratios == pytest.approx([0.02**0.25] * 4)
