"""The torch backend's plain operators on a simulated GPU: the CPU's results, and when the host waits for the device."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from bscnet.errors import InputError
from bscnet.sparse import SparseTensor, blocks, tiles
from bscnet.sparse.coordinates import MAX_COORD
from bscnet.sparse.torch import TorchSites
from fixtures.simulated_cuda import SimulatedCuda, simulated_cuda
from fixtures.site_operators import OPERATORS
from fixtures.sites import random_sites

COORDS = random_sites(200, 8)
ON_CUDA = {name: operator for name, operator in OPERATORS.items() if name != "composite"}


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatedCuda]:
    monkeypatch.setattr(tiles, "available", lambda: False)
    monkeypatch.setattr(blocks, "_GATHERED_BYTES", 1 << 16)  # several blocks
    with simulated_cuda() as found:
        yield found


def run(name: str, sites: TorchSites, feats: Tensor, weight: Tensor) -> list[Tensor]:
    leaves = [feats.detach().requires_grad_(), weight.detach().requires_grad_()]
    found = OPERATORS[name][0](sites, *leaves)
    found.backward(torch.linspace(-1, 1, found.numel(), device=found.device).view_as(found))
    return [found.detach(), *(leaf.grad for leaf in leaves if leaf.grad is not None)]


@pytest.mark.parametrize("width", [6, 16, 32])  # shifted convolutions of a narrow one multiply all groups at once
@pytest.mark.parametrize("name", ON_CUDA)
def test_operators_give_the_results_of_the_cpu_and_wait_only_while_maps_are_made(
    name: str, width: int, device: SimulatedCuda
) -> None:
    _, cells, coarse = ON_CUDA[name]
    here = TorchSites(COORDS)
    feats, weight = torch.randn(len(here.coarser if coarse else here), width), torch.randn(cells, width, 4 * width)
    expected = run(name, here, feats, weight)
    there, x, w = TorchSites(COORDS.cuda()), feats.cuda(), weight.cuda()
    with device.phase("maps") as making:
        found = run(name, there, x, w)
    # And one where cells of shifts are copied, which is once a process.
    assert making.waits.total() - making.to_device.total() <= 2 and making.to_device.total() <= 1
    for one, other in zip(found, expected, strict=True):
        assert one.is_cuda
        torch.testing.assert_close(one.cpu(), other, rtol=1e-4, atol=1e-4)
    with device.phase("step") as counts:
        again = run(name, there, x, w)
    assert counts.waits.total() == counts.to_device.total() == counts.to_host.total() == 0
    assert {operator for operator, _ in counts.unrepeatable} <= {"index_copy"}  # to rows that are distinct
    assert all(torch.equal(one.cpu(), other.cpu()) for one, other in zip(found, again, strict=True))


def test_what_is_checked_takes_one_wait(device: SimulatedCuda) -> None:
    coords, feats = COORDS.cuda(), torch.ones(200, 3).cuda()
    with device.phase("checks") as counts:
        x = SparseTensor(feats, coords)
    assert counts.waits.total() == 1 and counts.to_device.total() == 0
    assert isinstance(x.sites, TorchSites)
    for changed, broken, told in (
        (torch.cat([COORDS[:199], COORDS[:1]]), feats, "1 of 200 sites are duplicates"),
        (COORDS + MAX_COORD, feats, f"to {MAX_COORD}"),
        (COORDS - 1, feats, "batch indices run from -1"),
        (COORDS, feats / 0, "NaN or infinite"),
    ):
        with pytest.raises(InputError, match=told):
            SparseTensor(broken, changed.cuda())


def test_each_level_takes_two_waits(device: SimulatedCuda) -> None:
    sites = TorchSites(COORDS.cuda(), distinct=True)
    for level in range(2):
        with device.phase(f"level {level}") as counts:
            feats = torch.ones(len(sites), 2, device="cuda")
            coarse = sites.down(feats, torch.ones(8, 2, 2, device="cuda"))
            sites.unpool(sites.pool_sum(feats) + sites.pool_max(feats) + coarse)
            for size in (3, 5):
                sites.submanifold(feats, torch.ones(size**3, 2, 2, device="cuda"))
        assert counts.waits.total() == 2 and counts.to_device.total() == 0
        sites = sites.coarser
