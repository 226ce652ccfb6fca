from __future__ import annotations

import pytest
import torch
from hypothesis import given

from bscnet.errors import InputError
from bscnet.sparse.coordinates import (
    KEY_STRIDES,
    MAX_BATCH,
    MAX_COORD,
    MIN_COORD,
    check_form,
    check_values,
    coordinate_keys,
)
from fixtures.sites import PROPERTY, site_lists


def check(coords: torch.Tensor) -> None:
    check_form(coords)
    check_values(coords, torch.zeros(len(coords), 1), distinct=True)


@PROPERTY
@given(site_lists(low=MIN_COORD, high=MAX_COORD))
def test_keys_sort_as_the_sites_do(coords: torch.Tensor) -> None:
    by_key = coords[torch.argsort(coordinate_keys(coords))]
    assert by_key.tolist() == sorted(coords.tolist())


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_step_adds_the_axis_stride(axis: int) -> None:
    site = torch.tensor([[3, 17, -5, 0]])
    neighbour = site.clone()
    neighbour[0, 1 + axis] += 1
    assert int(coordinate_keys(neighbour) - coordinate_keys(site)) == KEY_STRIDES[axis]


@pytest.mark.parametrize("batch", [0, MAX_BATCH])
@pytest.mark.parametrize("value", [MIN_COORD, MAX_COORD])
def test_the_ends_of_the_range_are_allowed(batch: int, value: int) -> None:
    site = torch.tensor([[batch, value, value, value]], dtype=torch.int32)
    check(site)
    # two cells beyond the site, as a 5x5x5 kernel looks, still lies in the same batch's keys
    for step in (-2, 2):
        reached = site.long() + torch.tensor([0, step, step, step])
        assert int(coordinate_keys(reached)) >> 48 == batch


@pytest.mark.parametrize(
    "coords, message",
    [
        (torch.zeros(0, 4, dtype=torch.int32), "empty"),
        (torch.zeros(5, 3, dtype=torch.int32), "shape"),
        (torch.zeros(4, dtype=torch.int32), "shape"),
        (torch.zeros(5, 4), "integers"),
        (torch.zeros(5, 4, dtype=torch.bool), "integers"),
        (torch.tensor([[0, MAX_COORD + 1, 0, 0]]), "allowed are"),
        (torch.tensor([[0, 0, 0, MIN_COORD - 1]]), "allowed are"),
        (torch.tensor([[0, 2**40, 0, 0]]), "allowed are"),
        (torch.tensor([[-1, 0, 0, 0]]), "batch"),
        (torch.tensor([[MAX_BATCH + 1, 0, 0, 0]]), "batch"),
    ],
)
def test_what_is_no_site_list_is_refused(coords: torch.Tensor, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check(coords)
