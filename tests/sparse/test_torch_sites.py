"""Kernel maps that sites of the torch backend keep, and the blocks that a convolution walks over."""

from __future__ import annotations

import pytest
import torch

from bscnet.sparse import blocks
from bscnet.sparse.blocks import BlockPlan, CompactPlan, DensePlan
from bscnet.sparse.kernel_map import build_table
from bscnet.sparse.map_requests import FORMS, MapRequests
from bscnet.sparse.offsets import kernel_offsets
from bscnet.sparse.torch import _MAKERS, TorchSites


def some_sites(count: int = 60) -> torch.Tensor:
    cells = torch.randperm(6**3, generator=torch.Generator().manual_seed(0))[:count]
    return torch.stack([torch.zeros_like(cells), cells // 36, cells // 6 % 6, cells % 6], dim=1)


def test_every_map_that_is_made_beforehand_has_a_maker_and_only_tables_are_made_beside_them() -> None:
    assert {name for name, _ in FORMS["torch"]} | {"table"} == set(_MAKERS)
    for form in FORMS["torch"]:
        sites = TorchSites(some_sites())
        sites.prepare([[form]])
        assert form in sites._maps
    with pytest.raises(KeyError):
        TorchSites(some_sites()).prepare([[("tabel", 3)]])


def test_a_table_is_dropped_with_the_blocks_made_of_it_unless_pairs_may_follow() -> None:
    feats, weight = torch.ones(60, 1), torch.ones(125, 1, 1)
    sites = TorchSites(some_sites())
    sites.submanifold(feats, weight)
    assert ("table", 5) not in sites._maps and ("blocks", 5) in sites._maps
    counted = TorchSites(some_sites())
    counted.cells_in_use(5)
    counted.submanifold(feats, weight)
    assert ("table", 5) in counted._maps
    prepared = TorchSites(some_sites())
    prepared.prepare([list(FORMS["torch"])])
    assert set(prepared._maps) == set(FORMS["torch"])


def test_cells_of_shifts_met_in_inference_mode_serve_training() -> None:
    shifts = ((0, 1, -1), (1, 0, 0))
    sites, feats, weight = TorchSites(some_sites()), torch.ones(60, 2), torch.ones(27, 2, 4)
    with torch.inference_mode():
        sites.shifted(feats, weight, shifts)
    leaf = weight.clone().requires_grad_()
    TorchSites(some_sites()).shifted(feats, leaf, shifts).sum().backward()
    assert leaf.grad is not None


def test_requests_are_recorded_of_levels_made_before_and_after() -> None:
    sites, requests = TorchSites(some_sites()), MapRequests()
    sites.coarser.table(3)  # before anyone listens
    sites.record_requests(requests)
    sites.coarser.cells_in_use(5)
    sites.coarser.coarser.cells_in_use(5)
    assert requests.wanted("torch") == [[("stride", 2)], [("counts", 5), ("stride", 2)], [("counts", 5)]]


def neighbours(coords: torch.Tensor) -> set[tuple[int, int, int]]:
    """(site, cell of a 3x3x3 cube, row of the neighbour) of every pair, from the definition."""
    places = [tuple(place) for place in coords[:, 1:].tolist()]
    return {
        (site, cell, places.index(at))
        for site, place in enumerate(places)
        for cell, offset in enumerate(kernel_offsets(3).tolist())
        if (at := tuple(a + b for a, b in zip(place, offset, strict=True))) in places
    }


def walked(plan: BlockPlan, count: int, cells: torch.Tensor | None, mirror: bool) -> tuple[set, list[int]]:
    """What a plan reads: the same triples by the cell that the weight's slice belongs to, and the blocks' lengths."""
    found, lengths = set(), []
    names = list(range(27)) if cells is None else cells.tolist()
    sites = list(range(count)) if plan.order is None else plan.order.tolist()
    for begin, end, slices, rows in plan.blocks(cells, 8, mirror):
        assert begin == sum(lengths)
        lengths.append(end - begin)
        read = names if slices is None else [names[slice_] for slice_ in slices.tolist()]
        assert rows.shape == (end - begin, len(read))
        for site, row in zip(sites[begin:end], rows.tolist(), strict=True):
            found |= {(site, cell, at) for cell, at in zip(read, row, strict=True) if at < count}
    assert sum(lengths) == count
    return found, lengths


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("cells", [None, [0, 4, 13, 25]])
@pytest.mark.parametrize("rows", [7, 20, 512])
@pytest.mark.parametrize("kind", [CompactPlan, DensePlan])
def test_blocks_hold_every_pair_once(
    kind: type[CompactPlan] | type[DensePlan],
    rows: int,
    cells: list[int] | None,
    mirror: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read = 27 if cells is None else len(cells)
    monkeypatch.setattr(blocks, "_CPU_ROWS", rows)
    monkeypatch.setattr(blocks, "_GATHERED_BYTES", rows * read * 8 + 3)
    coords = some_sites()
    wanted = None if cells is None else torch.tensor(cells)
    found, lengths = walked(kind(build_table(coords, 3)), len(coords), wanted, mirror)
    assert found == {
        (site, 26 - cell if mirror else cell, at)
        for site, cell, at in neighbours(coords)
        if cells is None or (26 - cell if mirror else cell) in cells
    }
    assert lengths == [len(part) for part in torch.arange(len(coords)).split(rows)]
