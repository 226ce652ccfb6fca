"""Plans from files and levels by their sites."""

from __future__ import annotations

import numpy as np
import pytest

from bscnet.chain.build import build_datamodule
from bscnet.chain.plans import mean_sites, stage_plan, with_levels
from bscnet.chain.stage_network import stage_network
from bscnet.errors import InputError
from bscnet.search import ShiftPlan, current_plan, mirrored, permuted, random_plan, shifted_layers
from fixtures.scannet_files import write_root

SMALL = ("model.network.m=8", "model.network.depth=1", "method=bsc_manual")


@pytest.fixture
def plan(settings, tmp_path):
    """A plan of the small network, with its path."""
    _, network = stage_network(settings(*SMALL), "all", None)
    made = random_plan(shifted_layers(network), 4, 3)
    made.save(tmp_path / "plan.json")
    return made, tmp_path / "plan.json"


@pytest.mark.parametrize(
    "change, expected", [("none", lambda p: p), ("mirrored", mirrored), ("permuted", lambda p: permuted(p, 5))]
)
def test_a_plan_takes_the_presets_place(settings, plan, change, expected):
    made, path = plan
    given = settings(*SMALL, f"method.plan={path}", f"method.plan_change={change}", "method.manual_seed=5")
    for stage in (1, 2):
        spec, network = stage_network(given, stage, None)
        assert current_plan(network) == expected(made) == stage_plan(given, spec, None)


def test_a_plan_of_another_number_of_groups_than_the_preset_is_taken(settings, tmp_path):
    given = settings(*SMALL, "method.G=8", "method.plan=x")
    _, network = stage_network(settings(*SMALL, "method.G=8", "method.manual=none"), "all", None)
    made = random_plan(shifted_layers(network), 8, 3)
    made.save(tmp_path / "eight.json")
    given = given.changed("method", plan=str(tmp_path / "eight.json"))
    assert current_plan(stage_network(given, "all", None)[1]) == made


def test_a_plan_of_another_network_is_refused(settings, tmp_path):
    ShiftPlan({"levels.other": ((0, 0, 0),) * 4}).save(tmp_path / "plan.json")
    with pytest.raises(InputError, match="the shift plan is of another network"):
        stage_network(settings(*SMALL, f"method.plan={tmp_path / 'plan.json'}"), "all", None)
    with pytest.raises(InputError, match="shift plan .*none.json does not exist"):
        stage_network(settings(*SMALL, f"method.plan={tmp_path / 'none.json'}"), "all", None)


def test_levels_with_too_few_sites_are_plain(settings, tmp_path):
    root = write_root(tmp_path, train=2, val=1, points=300)
    data = ("data=scannet", f"data.root={root}", "data.voxel_size=0.2", "data.num_workers=0")
    base = ("model.network.m=8", "model.network.depth=3", "method=bsc_manual", *data)
    given = settings(*base)
    datamodule = build_datamodule(given)
    sites = mean_sites(datamodule, 4)
    scenes = datamodule.eval_dataset("train")
    for level, found in enumerate(sites):
        cells = [{tuple(row) for row in np.asarray(scenes.placed(name).voxels.coords) // 2**level}
                 for name in scenes.scenes]  # fmt: skip
        assert found == pytest.approx(sum(map(len, cells)) / 2)
    assert sites == sorted(sites, reverse=True) and sites[0] > sites[2]
    between = (sites[1] + sites[2]) / 2
    chosen = settings(*base, f"method.min_sites={between}")
    assert with_levels(chosen, datamodule).method.levels == (0, 1)
    _, network = stage_network(chosen, "all", None)
    assert {name.count("deeper") for name in shifted_layers(network)} == {0, 1}
    assert with_levels(given).method.levels is None
    with pytest.raises(InputError, match="method.min_sites=1e\\+06 leaves no level to shift: the finest has"):
        with_levels(settings(*base, "method.min_sites=1e6"), datamodule)
