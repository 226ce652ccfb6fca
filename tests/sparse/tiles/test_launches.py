"""How many launches and waits the Triton engine costs, counted on a simulated GPU."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from bscnet.sparse.tiles import available, entries
from bscnet.sparse.tiles.sites import TileSites
from fixtures.simulated_cuda import SimulatedCuda, simulated_cuda
from fixtures.sites import random_sites

pytestmark = pytest.mark.skipif(not available(), reason="Triton is not installed")
TETRA = ((1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1))


@pytest.fixture
def gpu() -> Iterator[SimulatedCuda]:
    with simulated_cuda() as found:
        yield found


def make_plain(sites: TileSites) -> None:
    sites._tiles_by_entry(sites._cube((entries.cube(3),), 3))


def make_shifted(sites: TileSites) -> None:
    sites._tiles_by_entry(sites._cube(entries.shifted(TETRA), 5))
    sites._cube((entries.shifted_back(TETRA),), 5)


def make_strided(sites: TileSites) -> None:
    sites._tiles_by_entry(sites._children)
    sites._tiles_by_entry(sites._parents)


def test_maps_of_a_level_cost_few_launches_and_one_wait(gpu: SimulatedCuda) -> None:
    coords = random_sites(30, 4).to("cuda")
    for make in (make_plain, make_shifted, make_strided):
        make(TileSites(coords))  # what a process copies to the device once
    with gpu.phase("level 0") as first:
        sites = TileSites(coords)
    with gpu.phase("coarser") as link:
        sites.coarser  # noqa: B018
    found = [first, link]
    for make in (make_plain, make_shifted, make_strided):
        with gpu.phase(make.__name__) as counts:
            make(sites)
        found.append(counts)
    waits = [counts.totals()["waits"] for counts in found]
    launches = [counts.totals()["launches"] for counts in found]
    assert waits == [1, 1, 0, 0, 0]
    assert launches == [10, 7, 7, 11, 10]
    assert not any(counts.totals()["unrepeatable"] for counts in found)


@pytest.mark.parametrize("name", ["plain", "shifted"])
def test_a_convolution_is_one_launch_and_its_gradients_three_at_most(gpu: SimulatedCuda, name: str) -> None:
    gpu.runs_kernel = lambda kernel: kernel not in ("convolve", "weight_gradient")  # counted alone
    sites = TileSites(random_sites(30, 4).to("cuda"))
    feats = torch.randn(30, 4).to("cuda").requires_grad_()
    weight = torch.randn(27, 4, 8).to("cuda").requires_grad_()

    def convolved() -> torch.Tensor:
        return sites.submanifold(feats, weight) if name == "plain" else sites.shifted(feats, weight, TETRA)

    seed = torch.zeros(30, 8).to("cuda")
    torch.autograd.grad(convolved(), [feats, weight], seed)  # makes the maps
    with gpu.phase("forward") as forward:
        output = convolved()
    with gpu.phase("backward") as backward:
        torch.autograd.grad(output, [feats, weight], seed)
    assert forward.totals()["launches"] == 1 and backward.totals()["launches"] <= 3
    assert forward.totals()["waits"] == backward.totals()["waits"] == 0
