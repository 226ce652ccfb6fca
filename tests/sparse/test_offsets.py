from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from bscnet.errors import InputError
from bscnet.sparse import kernel_offsets
from bscnet.sparse.offsets import check_shifts, group_sizes, shifted_columns
from oracles.sparse_convolution import cube_cells


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_cells_run_with_x_fastest(size: int) -> None:
    assert [tuple(cell) for cell in kernel_offsets(size).tolist()] == cube_cells(size)


def test_a_kernel_has_at_least_one_cell() -> None:
    with pytest.raises(InputError, match="kernel_size is 0"):
        kernel_offsets(0)


@pytest.mark.parametrize("shift", list(itertools.product((-1, 0, 1), repeat=3)))
def test_shifted_columns_are_the_cells_k_minus_shift(shift: tuple[int, int, int]) -> None:
    expected = kernel_offsets(3) - torch.tensor(shift)
    assert torch.equal(kernel_offsets(5)[shifted_columns(shift)], expected)


@pytest.mark.parametrize("channels, groups", [(8, 4), (7, 3), (16, 9), (5, 5), (3, 1)])
def test_groups_divide_as_numpy_array_split(channels: int, groups: int) -> None:
    assert group_sizes(channels, groups) == [len(part) for part in np.array_split(np.arange(channels), groups)]


@pytest.mark.parametrize("groups", [0, -1, 9])
def test_groups_out_of_range_are_refused(groups: int) -> None:
    with pytest.raises(InputError, match="8 channels"):
        group_sizes(8, groups)


@pytest.mark.parametrize(
    "shifts", [[], [0, 0, 0], [[0, 0]], [[0, 0, 2]], [[0.5, 0, 0]], [[float("nan"), 0, 0]], torch.zeros(2, 2, 3)]
)
def test_bad_shifts_are_refused(shifts: object) -> None:
    with pytest.raises(InputError, match="shifts"):
        check_shifts(shifts)


def test_shifts_come_back_as_plain_integers() -> None:
    assert check_shifts(torch.tensor([[1.0, -1.0, 0.0]])) == ((1, -1, 0),)
