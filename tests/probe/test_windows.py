"""Windows and responses against loops over sites and cells."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from bscnet.probe.responses import kernel_correlation, responses, window_products
from bscnet.probe.windows import CENTRE, LevelWindows
from bscnet.quantizers import sign
from fixtures.sites import full_cube, random_sites
from oracles import quantization_error as oracle

SHIFTS = (CENTRE, (1, -1, 0), (-1, -1, -1))


@pytest.fixture(scope="module")
def coords() -> torch.Tensor:
    return random_sites(70, 6, 1, seed=3)


@pytest.mark.parametrize("shift", SHIFTS)
def test_rows_of_a_window_are_the_sites_under_its_cells(coords: torch.Tensor, shift: tuple[int, int, int]) -> None:
    windows = LevelWindows(coords, shifted=True)
    expected = oracle.rows_by_definition(coords.numpy(), shift)
    absent = len(coords)
    assert windows.present(shift).tolist() == [[absent if row is None else row for row in site] for site in expected]
    assert windows.counts(shift).tolist() == [sum(row is not None for row in site) for site in expected]


def test_centred_windows_need_no_larger_table(coords: torch.Tensor) -> None:
    narrow, wide = (LevelWindows(coords, shifted) for shifted in (False, True))
    assert torch.equal(narrow.present(), wide.present())
    with pytest.raises(ValueError, match="were not prepared"):
        narrow.present((1, 0, 0))


@pytest.mark.parametrize("shift", SHIFTS)
def test_absent_cells_take_a_nearest_site_and_present_ones_stay(
    coords: torch.Tensor, shift: tuple[int, int, int]
) -> None:
    windows = LevelWindows(coords, shifted=True)
    filled = windows.filled_with_nearest(shift).tolist()
    for site, cells in enumerate(oracle.rows_by_definition(coords.numpy(), shift)):
        places = oracle.window(coords.numpy(), site, shift)
        for cell, row in enumerate(cells):
            allowed = {row} if row is not None else oracle.nearest_rows(coords.numpy(), places[cell])
            assert filled[site][cell] in allowed


def test_sites_by_lot_are_seeded_and_spread_over_the_level(coords: torch.Tensor) -> None:
    first, again, other = (LevelWindows(coords, True, seed).filled_at_random() for seed in ((1, 2), (1, 2), (1, 3)))
    assert torch.equal(first, again) and not torch.equal(first, other)
    present = LevelWindows(coords, True).present()
    stays = present < len(coords)
    assert torch.equal(first[stays], present[stays])
    drawn = torch.bincount(first[~stays].long(), minlength=len(coords) + 1)
    assert drawn[len(coords)] == 0 and int((drawn > 0).sum()) == len(coords)
    assert drawn.max() < 4 * drawn.float().mean()


def test_responses_are_sums_over_the_cells(coords: torch.Tensor) -> None:
    rng = np.random.default_rng(0)
    h, weight = rng.normal(size=(len(coords), 4)), rng.normal(size=(27, 4, 3))
    given = [torch.from_numpy(values) for values in (h, weight)]
    windows = LevelWindows(coords, shifted=True)
    for shift in SHIFTS:
        for rows in (windows.present(shift), windows.filled_with_nearest(shift), windows.filled_at_random(shift)):
            listed = [[None if row == len(coords) else row for row in site] for site in rows.tolist()]
            found = responses(given[0], sign(given[0]), given[1], sign(given[1]), rows)
            operands = {
                "real": (h, weight),
                "sign_w": (h, oracle.signs(weight)),
                "sign_h": (oracle.signs(h), weight),
                "both": (oracle.signs(h), oracle.signs(weight)),
            }
            for name, (features, kernel) in operands.items():
                np.testing.assert_allclose(found[name].numpy(), oracle.response(features, kernel, listed), atol=1e-10)


def test_correlations_of_features_and_kernels() -> None:
    rng = np.random.default_rng(2)
    h = rng.normal(size=(27, 5))
    rows = LevelWindows(full_cube(3), shifted=False).present()
    together = alone = 0.0
    for site in rows.tolist():
        there = [row for row in site if row < len(h)]
        for k, m in itertools.permutations(there, 2):
            together += h[k] @ h[m]
            alone += (h[k] @ h[k] + h[m] @ h[m]) / 2
    assert window_products(torch.from_numpy(h), rows).tolist() == pytest.approx([together, alone])
    assert kernel_correlation(torch.ones(27, 2, 3)) == pytest.approx(1.0)
    kernel = rng.normal(size=(27, 2, 3))
    pairs = sum((one * other).sum() for one, other in itertools.permutations(kernel, 2))
    assert kernel_correlation(torch.from_numpy(kernel)) == pytest.approx(pairs / (26 * (kernel**2).sum()))
    assert kernel_correlation(torch.zeros(27, 2, 3)) == 0.0
