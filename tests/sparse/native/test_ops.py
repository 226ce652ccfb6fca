"""The operators as torch sees them, and sites that go to another process."""

from __future__ import annotations

import os
import pickle

import pytest
import torch
from torch import Tensor

from bscnet.errors import InputError
from bscnet.sparse.native import maps, ops, pooling
from bscnet.sparse.native.sites import NativeSites
from bscnet.sparse.operand import pack_signs, stand_in_for
from bscnet.sparse.transport import parcel_of
from fixtures.sites import random_sites

SITES = NativeSites(random_sites(80, 5))
CUBE = SITES.map(maps.CUBE_3)
CELLS = maps.every_cell(maps.CUBE_3)
BACK = maps.opposite(CELLS, maps.CUBE_3)


def operands(channels: int = 5) -> tuple[Tensor, Tensor]:
    return torch.randn(80, channels).requires_grad_(), torch.randn(27, channels, 6).requires_grad_()


def arguments(form: str) -> tuple[object, ...]:
    x, weight = operands()
    given: tuple[Tensor | None, ...] = (None, None, None, None)
    if form == "signs":
        given, x = (pack_signs(x.detach()), None, None, None), stand_in_for(80, 5, x.detach()).requires_grad_()
    if form == "normalized":
        given = (None, torch.randn(80, 5), torch.randn(5), torch.randn(5))
        x = stand_in_for(80, 5, x.detach()).requires_grad_()
    return (x, *given, weight, CUBE, CELLS, CUBE, BACK, 80)


@pytest.mark.parametrize("form", ["values", "signs", "normalized"])
def test_convolution_is_an_operator_of_torch(form: str) -> None:
    tests = ("test_schema", "test_autograd_registration", "test_faketensor", "test_aot_dispatch_dynamic")
    chosen = tests if form == "values" else tests[:3]  # the last makes operands of its own, which are no stand-ins
    torch.library.opcheck(ops.convolve, arguments(form), test_utils=chosen, rtol=1e-4, atol=1e-4)


def test_gradients_and_pooling_are_operators_of_torch() -> None:
    x, weight = (tensor.detach() for tensor in operands())
    dy = torch.randn(80, 6)
    torch.library.opcheck(ops.input_gradient, (dy, weight, CUBE, BACK, 80))
    torch.library.opcheck(ops.weight_gradient, (x, None, None, None, None, dy, CUBE, CELLS))
    links = SITES.links
    fine, coarse = x.clone().requires_grad_(), torch.randn(len(links.coords), 5).requires_grad_()
    torch.library.opcheck(pooling.pool_sum, (fine, *links[1:]))
    torch.library.opcheck(pooling.unpool, (coarse, *links[1:]))
    torch.library.opcheck(pooling.pool_max, (fine, *links[2:]))
    pooled = pooling.pool_max(x, *links[2:])
    torch.library.opcheck(pooling.pool_max_gradient, (x, pooled, torch.randn_like(pooled), *links[2:]))


@pytest.mark.parametrize(
    "change, message",
    [
        ({0: torch.zeros(80, 5, dtype=torch.float64)}, "features is torch.float64 on cpu; the native backend reads"),
        ({0: torch.zeros(79, 5)}, "the number of rows that the map leads to is 80; allowed are 79 to 79"),
        ({1: torch.zeros(80, 2, dtype=torch.int32)}, r"bits has shape \(80, 2\); it must be \(80, 1\)"),
        ({5: torch.zeros(27, 4, 6)}, r"weight has shape \(27, 4, 6\); it must be \(any, 5, any\)"),
        ({6: CUBE.long()}, "map is torch.int64"),
        ({6: CUBE[:40].clone()}, "the kernel map is damaged: it is too short"),
        ({7: CELLS[:, :26]}, r"cells has shape \(1, 26\)"),
        ({7: CELLS + 1}, "a cell is 27; allowed are 0 to 26"),
        ({10: 81}, "the number of rows that the map starts from is 80; allowed are 81 to 81"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[int, object], message: str) -> None:
    given = [*arguments("values")]
    for place, value in change.items():
        given[place] = value
    with pytest.raises(InputError, match=message):
        ops.convolve(*given)


def damaged(places: slice | int, value: int) -> Tensor:
    words = CUBE.clone()
    words[places] = value
    return words


HEADER, BLOCKS = 16, 2
ORDER = HEADER + BLOCKS
START = ORDER + 80
FROM = START + 27 + 1


@pytest.mark.parametrize(
    "words",
    [
        *(damaged(word, value) for word in range(7) for value in (-1, 1 << 30)),
        *(damaged(word, value) for word in (HEADER, HEADER + 1) for value in (-1, 79, 1 << 30)),
        *(damaged(ORDER + 9, value) for value in (-1, 80)),
        *(damaged(START + 9, value) for value in (-1, 1 << 30)),
        *(damaged(FROM + 9, value) for value in (-1, 80, 1 << 30)),
        damaged(-3, -1),
    ],
)
def test_maps_of_anybody_lead_nowhere(words: Tensor) -> None:
    """Whatever stands in a map is found out before it is followed."""
    assert int(CUBE[5]) == 1, "one block"
    x, weight = (tensor.detach() for tensor in operands())
    none = (None, None, None, None)
    dy = torch.randn(80, 6)
    for call in (
        lambda: ops.convolve(x, *none, weight, words, CELLS, CUBE, BACK, 80),
        lambda: ops.input_gradient(dy, weight, words, BACK, 80),
        lambda: ops.weight_gradient(x, *none, dy, words, CELLS),
    ):
        with pytest.raises(InputError, match="the kernel map is damaged|the number of rows that the map|^cells is"):
            call()


@pytest.mark.parametrize("place, value", [(0, -1), (0, 80), (1, 500), (1, -2)])
def test_links_of_anybody_lead_nowhere(place: int, value: int) -> None:
    _, parent, first_child, child = (tensor.clone() for tensor in SITES.links)
    (child if place == 0 else first_child)[3] = value
    parent[3] = value
    x, coarse = torch.randn(80, 3), torch.randn(len(SITES.coarser), 3)
    for call in (
        lambda: pooling.pool_sum(x, parent, first_child, child),
        lambda: pooling.pool_max(x, first_child, child),
        lambda: pooling.pool_max_gradient(x, coarse, coarse, first_child, child),
        lambda: pooling.unpool(coarse, parent, first_child, child),
    ):
        with pytest.raises(InputError, match="out of range"):
            call()


def test_sites_refuse_what_the_engine_refuses() -> None:
    for coords, message in (
        (torch.tensor([[0, 0, 0, 0], [0, 0, 0, 0]]), "1 of 2 sites are duplicates"),
        (torch.tensor([[0, 0, 0, 40000]]), "allowed are -32766 to 32765"),
        (torch.tensor([[-1, 0, 0, 0]]), "batch indices run from -1 to -1"),
        (torch.zeros(0, 4), "the number of sites is 0"),
    ):
        with pytest.raises(InputError, match=message):
            NativeSites(coords)


def same_as_here(other: NativeSites) -> None:
    x, weight = (tensor.detach() for tensor in operands())
    assert torch.equal(other.submanifold(x, weight), SITES.submanifold(x, weight))
    assert torch.equal(other.map(maps.CHILDREN), SITES.map(maps.CHILDREN))


def test_sites_can_be_sent() -> None:
    """With their maps, as a pickle and as the parcel of a batch; what is missing is made where they arrive."""
    sent = NativeSites(SITES.coords)
    sent.map(maps.CUBE_3)
    same_as_here(pickle.loads(pickle.dumps(sent)))
    same_as_here(parcel_of(sent).opened())


def test_threads_do_not_outlive_a_fork() -> None:
    """A child of a process whose threads have worked computes alone, and says so by being done."""
    x, weight = (tensor.detach() for tensor in operands())
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    wanted = SITES.submanifold(x, weight)
    child = os.fork()
    if child == 0:
        os._exit(0 if torch.equal(SITES.submanifold(x, weight), wanted) else 1)
    torch.set_num_threads(before)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
