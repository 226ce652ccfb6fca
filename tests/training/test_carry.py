from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from bscnet.errors import InputError
from bscnet.nn import binary_weights
from bscnet.runs.checkpoint import read_checkpoint
from bscnet.runs.stage import StageOutcome
from bscnet.search import ShiftPlan, composite_layers, current_plan, discretise
from bscnet.sparse import SparseTensor
from bscnet.training.carry import carry
from fixtures.tiny_training import TinyData, batch_of, spec, train, unet
from oracles.searched_state import decided_state


def saved(network: nn.Module, path: Path, **metadata: Any) -> Path:
    """A checkpoint of a network as a stage would leave it, without training it."""
    state = {f"network.{key}": value for key, value in network.state_dict().items()}
    candidates = [layer.candidates.tolist() for layer in composite_layers(network).values()]
    if candidates:
        metadata["candidates"] = candidates[0]
    torch.save({"state_dict": state, "bscnet": metadata}, path)
    return path


def decided(**options: Any) -> tuple[nn.Module, ShiftPlan]:
    """A searched network whose logits are all different, and its decision."""
    network = unet("a1w32", "composite", **options)
    for layer in composite_layers(network).values():
        nn.init.normal_(layer.alpha)
    return network, discretise(network)


def equal(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


@pytest.mark.parametrize("share_kernel", [True, False])
@pytest.mark.parametrize("through", ["the plan", "the plan's file"])
def test_a_search_is_carried_bit_for_bit(tmp_path: Path, share_kernel: bool, through: str) -> None:
    searched, plan = decided(share_kernel=share_kernel)
    if through != "the plan":
        plan.save(tmp_path / "plan.json")
        plan = ShiftPlan.load(tmp_path / "plan.json")
    network = unet("a1w32", "shifted", seed=1)
    carry(saved(searched, tmp_path / "search.ckpt"), network, plan)
    state = network.state_dict()
    assert equal(state, decided_state(searched, plan.shifts))
    assert current_plan(network) == plan
    assert not any(key.endswith("alpha") for key in state)
    before = searched.state_dict()
    unchanged = [key for key in state if key in before and state[key].shape == before[key].shape]
    assert all(torch.equal(state[key], before[key]) for key in unchanged)
    assert {key for key in state if key not in unchanged} == {
        f"{layer}.{entry}" for layer in plan.shifts for entry in (["shifts"] if share_kernel else ["shifts", "weight"])
    }


def test_a_decided_search_computes_what_it_becomes(tmp_path: Path) -> None:
    """With one-hot logits the search and the network it is carried into are the same function."""
    searched, plan = decided()
    with torch.no_grad():
        for layer in composite_layers(searched).values():
            layer.alpha.copy_(1000 * nn.functional.one_hot(layer.alpha.argmax(1), layer.alpha.shape[1]))
    network = unet("a1w32", "shifted", seed=1)
    carry(saved(searched, tmp_path / "search.ckpt"), network, plan)
    batch = batch_of([5, 6])
    voxels = SparseTensor(batch.feats, batch.coords)
    with torch.no_grad():
        torch.testing.assert_close(network.eval()(voxels), searched.eval()(voxels), rtol=1e-4, atol=1e-5)


def test_quantizers_that_a_lower_precision_brings_start_afresh(tmp_path: Path) -> None:
    options = {"layer_style": "react", "w_scale": "learned"}
    real, binary = unet("a32w32", "plain", **options), unet("a1w1", "plain", seed=1, **options)
    fresh = {key: value.clone() for key, value in binary.state_dict().items()}
    carry(saved(real, tmp_path / "real.ckpt"), binary)
    new = binary.state_dict().keys() - real.state_dict().keys()
    assert new
    assert all("_quantizer." in key for key in new)
    for key, value in binary.state_dict().items():
        assert torch.equal(value, fresh[key] if key in new else real.state_dict()[key])


def test_a_search_may_start_from_a_plain_network(tmp_path: Path) -> None:
    plain, searched = unet("a1w32"), unet("a1w1", "composite", seed=1)
    carry(saved(plain, tmp_path / "plain.ckpt"), searched)
    assert all(bool((layer.alpha == 0).all()) for layer in composite_layers(searched).values())
    assert all(torch.equal(searched.state_dict()[key], value) for key, value in plain.state_dict().items())


def test_what_does_not_fit_is_refused_and_nothing_is_changed(tmp_path: Path) -> None:
    searched, plan = decided()
    search = saved(searched, tmp_path / "search.ckpt", model="unet_s")
    shifted = saved(unet("a1w32", "shifted", manual="tetra4", G=4), tmp_path / "shifted.ckpt")
    plain = saved(unet(), tmp_path / "plain.ckpt")
    refused = [
        (search, unet("a1w32", "shifted"), None, {}, r"search\.ckpt .*holds search logits .* no plan\.json"),
        (search, unet(), None, {}, r"search\.ckpt .*holds search logits"),
        (search, unet("a1w32", "shifted"), plan, {"model": "unet_h"}, r"search\.ckpt .*model='unet_s', this run needs"),
        (shifted, unet(), None, {}, r"shifted\.ckpt .*holds '.*\.shifts' and 5 more, which this network has not"),
        (plain, unet("a1w32", "shifted"), None, {}, r"plain\.ckpt .*lacks '.*\.shifts' and 5 more"),
        (plain, unet(m=8), None, {}, r"plain\.ckpt .*is \(.*4.*\) there and \(.*8.*\) in this network"),
        (shifted, unet("a1w32", "shifted", G=4), None, {}, r"shifts' is \[\[1, 1, 1\].* there and \[\[0, 0, 0\]"),
        (tmp_path / "none.ckpt", unet(), None, {}, r"no checkpoint at .*none\.ckpt"),
    ]
    for path, network, given, expected, message in refused:
        before = {key: value.clone() for key, value in network.state_dict().items() if not key.endswith("shifts")}
        with pytest.raises(InputError, match=message):
            carry(path, network, given, expected)
        assert all(torch.equal(network.state_dict()[key], value) for key, value in before.items())


def test_a_plan_of_shifts_that_were_not_searched_is_refused(tmp_path: Path) -> None:
    searched, plan = decided(share_kernel=False, cands="faces7")
    path = saved(searched, tmp_path / "search.ckpt")
    layer, rows = next(iter(plan.shifts.items()))
    moved = ShiftPlan({**plan.shifts, layer: ((1, 1, 1),) * len(rows)})
    network = unet("a1w32", "shifted", seed=1)
    with pytest.raises(InputError, match=f"{layer}: the plan holds shifts that are not among the candidates"):
        carry(path, network, moved)


def test_three_stages_in_a_row(tmp_path: Path) -> None:
    """search -> 1-bit activations -> fully binary: each starts from exactly the weights the one before ended with."""
    plan: ShiftPlan | None = None
    before: StageOutcome | None = None
    stages = [("a1w32", "composite"), ("a1w32", "shifted"), ("a1w1", "shifted")]
    for index, (precision, conv) in enumerate(stages, start=1):
        network = unet(precision, conv, seed=index)
        stage = spec(precision, conv, epochs=1, index=index, lr=0.0)
        init = before.checkpoint if before else None
        directory = tmp_path / f"stage{index}"
        after = train(network, stage, TinyData(), directory, checkpoint=init, plan=plan)
        if before is not None:
            was, now = (read_checkpoint(outcome.checkpoint)["state_dict"] for outcome in (before, after))
            weights = [key for key in now if key.endswith(("weight", "bias")) and key in was]
            assert len(weights) > 20
            binary = {id(weight) for weight in binary_weights(network)}
            clipped = {f"network.{name}" for name, weight in network.named_parameters() if id(weight) in binary}
            assert bool(clipped) == (precision == "a1w1")
            for key in weights:  # the learning rate is 0, so training moves nothing but by clipping
                assert torch.equal(now[key], was[key].clamp(-1, 1) if key in clipped else was[key])
        if after.plan_path is not None:
            plan = ShiftPlan.load(after.plan_path)
        else:
            assert current_plan(network) == plan
            assert "shift_plan" in read_checkpoint(after.checkpoint)["bscnet"]
        before = after
