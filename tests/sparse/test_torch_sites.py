"""Kernel maps that sites of the torch backend keep, and the blocks that a convolution walks over."""

from __future__ import annotations

import pytest
import torch

from bscnet.sparse import blocks
from bscnet.sparse.blocks import BlockPlan
from bscnet.sparse.kernel_map import build_table
from bscnet.sparse.map_requests import FORMS, MapRequests
from bscnet.sparse.offsets import kernel_offsets
from bscnet.sparse.torch import _MAKERS, TorchSites


def some_sites(count: int = 60) -> torch.Tensor:
    cells = torch.randperm(6**3, generator=torch.Generator().manual_seed(0))[:count]
    return torch.stack([torch.zeros_like(cells), cells // 36, cells // 6 % 6, cells % 6], dim=1)


def test_every_map_that_is_made_beforehand_has_a_maker_and_only_tables_are_made_beside_them() -> None:
    assert {name for name, _ in FORMS} | {"table"} == set(_MAKERS)
    for form in FORMS:
        sites = TorchSites(some_sites())
        sites.prepare([[form]])
        assert form in sites._maps
    with pytest.raises(KeyError):
        TorchSites(some_sites()).prepare([[("tabel", 3)]])


def test_requests_are_recorded_of_levels_made_before_and_after() -> None:
    sites, requests = TorchSites(some_sites()), MapRequests()
    sites.coarser.table(3)  # before anyone listens
    sites.record_requests(requests)
    sites.coarser.cells_in_use(5)
    sites.coarser.coarser.cells_in_use(5)
    assert requests.wanted() == [[("stride", 2)], [("counts", 5), ("stride", 2)], [("counts", 5)]]


@pytest.mark.parametrize("rows", [7, 20, 512])
def test_blocks_hold_every_pair_once(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "_CPU_ROWS", rows)
    coords = some_sites()
    plan, found, last = BlockPlan(build_table(coords, 3)), set(), 0
    for block in plan.blocks():
        assert block.begin == last and block.end == min(last + rows, len(coords))
        assert block.rows.shape == (block.end - block.begin, len(block.cells))
        last = block.end
        for site, row in zip(plan.order[block.begin : block.end].tolist(), block.rows.tolist(), strict=True):
            found |= {(site, cell, at) for cell, at in zip(block.cells.tolist(), row, strict=True) if at < len(coords)}
    assert last == len(coords)
    places = [tuple(place) for place in coords[:, 1:].tolist()]
    expected = {
        (site, cell, places.index(at))
        for site, place in enumerate(places)
        for cell, offset in enumerate(kernel_offsets(3).tolist())
        if (at := tuple(a + b for a, b in zip(place, offset, strict=True))) in places
    }
    assert found == expected
