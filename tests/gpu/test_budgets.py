"""What a training step may cost on a GPU: launches, waits and bytes of UNET-S and UNET-H, counted on the simulated one.

The steps are those of `training_step` with its loss, on a simulated room at 5 cm (11.3 of 27 neighbours a site; levels
shrink 1 : 0.275 : 0.072) with 4.6 points a voxel, and on two of them side by side. Colours, classes, weights are beside
the point: nothing that is counted depends on values.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bscnet.sparse import tiles

WORKER = Path(__file__).with_name("budget_worker.py")
LEVELS = 7
SITES = 1_300_000
"""Of a batch of 32 rooms of ScanNet at 5 cm."""

# (launches a step, bytes a site of level 0)
BUDGETS = {
    "S:real": (1000, 2600),
    "S:binary": (1000, 2600),
    "S:shifted": (1300, 3000),
    "S:search": (1300, 3500),
}
BYTES = {"H:shifted": 11e9}
"""Most bytes at SITES."""

# Gradients of weights are shared among programs where there are many sites, and added up in one more launch each.
_MORE_WITH_SITES = {"sum"}

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not tiles.available(), reason="Triton is not installed")]

Steps = Mapping[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def steps() -> Steps:
    """Small and large step of every network in the budgets."""
    environment = {**os.environ, "TRITON_INTERPRET": "1", "OMP_NUM_THREADS": "1"}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    command = [sys.executable, str(WORKER), *BUDGETS, *BYTES]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-5000:]
    found: Steps = json.loads(done.stdout.splitlines()[-1])
    return found


def launches(step: Mapping[str, Any]) -> int:
    return sum(step["by_operator"].values())


def line(steps: list[dict[str, Any]]) -> tuple[float, float]:
    """Slope and constant of the peak."""
    small, large = steps
    slope = (large["peak"] - small["peak"]) / (large["sites"] - small["sites"])
    return slope, small["peak"] - slope * small["sites"]


@pytest.mark.parametrize("network", BUDGETS)
def test_launches_of_a_step_stay_within_their_budget(steps: Steps, network: str) -> None:
    small, large = steps[network]
    most, _ = BUDGETS[network]
    by_part = {part: large[part]["launches"] for part in ("maps", "forward", "backward", "optimizer")}
    assert launches(large) <= most, (by_part, sorted(large["by_operator"].items(), key=lambda item: -item[1]))
    names = {*small["by_operator"], *large["by_operator"]} - _MORE_WITH_SITES
    assert {name: small["by_operator"].get(name) for name in names} == {
        name: large["by_operator"].get(name) for name in names
    }
    assert not any(step[part]["plain"] for step in (small, large) for part in by_part), "a body launched no kernel"


@pytest.mark.parametrize("network", [*BUDGETS, *BYTES])
def test_the_host_waits_for_the_number_of_sites_of_a_level_and_for_nothing_else(steps: Steps, network: str) -> None:
    for step in steps[network]:
        assert sum(step["maps"]["waits"].values()) <= 2 * LEVELS, step["maps"]["waits"]
        assert {part: step[part]["waits"] for part in ("forward", "backward", "optimizer")} == {
            "forward": {},
            "backward": {},
            "optimizer": {},
        }


@pytest.mark.parametrize("network", [*BUDGETS, *BYTES])
def test_no_sum_of_floats_depends_on_the_order_of_threads(steps: Steps, network: str) -> None:
    for step in steps[network]:
        for part in ("maps", "forward", "backward", "optimizer"):
            assert step[part]["unrepeatable"] == {}


@pytest.mark.parametrize("network", BUDGETS)
def test_bytes_a_site_stay_within_their_budget(steps: Steps, network: str) -> None:
    slope, _ = line(steps[network])
    _, most = BUDGETS[network]
    assert slope <= most


@pytest.mark.parametrize("network", BYTES)
def test_the_largest_network_fits_a_small_gpu(steps: Steps, network: str) -> None:
    slope, constant = line(steps[network])
    assert slope * SITES + constant <= BYTES[network]
