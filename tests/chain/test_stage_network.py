from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bscnet.chain.stage_network import stage_network
from bscnet.errors import InputError
from bscnet.nn import ShiftedSparseConv3d
from bscnet.search import ShiftPlan
from bscnet.settings.composed import Settings

SMALL = ("model=unet_s", "model.network.m=4", "model.network.depth=1")


def shifted(network: Any) -> dict[str, tuple[tuple[int, ...], ...]]:
    layers = network.named_modules()
    return {name: layer.shift_tuple for name, layer in layers if isinstance(layer, ShiftedSparseConv3d)}


def test_all_stages_mean_the_last_one(settings: Callable[..., Settings]) -> None:
    found = settings("method=bsc_manual", *SMALL)
    for stage, index in (("all", 2), (2, 2), (1, 1)):
        spec, network = stage_network(found, stage, None)
        assert spec.index == index and spec.conv == "shifted" and shifted(network)
    with pytest.raises(InputError, match="stage=3 is not a stage of method bsc_manual"):
        stage_network(found, 3, None)


def test_searched_shifts_are_those_of_the_plan(settings: Callable[..., Settings], tmp_path: Path) -> None:
    found = settings("method=bsc_net", *SMALL)
    spec, network = stage_network(found, "all", None)
    assert spec.shifts == "searched"
    assert {shift for shifts in shifted(network).values() for shift in shifts} == {(0, 0, 0)}
    corners = ((1, 1, 1), (-1, -1, -1), (1, -1, 1), (0, 0, 0))
    ShiftPlan(dict.fromkeys(shifted(network), corners)).save(tmp_path / "plan.json")
    assert set(shifted(stage_network(found, "all", tmp_path / "plan.json")[1]).values()) == {corners}
    with pytest.raises(InputError, match=r"none\.json"):
        stage_network(found, "all", tmp_path / "none.json")


def test_other_stages_leave_a_plan_unread(settings: Callable[..., Settings], tmp_path: Path) -> None:
    spec, _ = stage_network(settings("method=bsc_net", *SMALL), 1, tmp_path / "none.json")
    assert spec.conv == "composite"
