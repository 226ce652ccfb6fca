from __future__ import annotations

import itertools

import pytest

from bscnet.errors import InputError
from bscnet.search import CANDIDATES, MANUAL, candidate_shifts, manual_shifts

CELLS = set(itertools.product((-1, 0, 1), repeat=3))


@pytest.mark.parametrize(
    "name, members",
    [
        ("all27", CELLS),
        ("corners9", {s for s in CELLS if 0 not in s} | {(0, 0, 0)}),
        ("faces7", {s for s in CELLS if sum(map(abs, s)) <= 1}),
    ],
)
def test_candidate_sets(name: str, members: set[tuple[int, int, int]]) -> None:
    found = candidate_shifts(name)
    assert found[0] == (0, 0, 0)
    assert len(found) == len(members) and set(found) == members


def test_every_candidate_set_is_covered() -> None:
    assert set(CANDIDATES) == {"all27", "corners9", "faces7"}


def test_default_positions() -> None:
    assert manual_shifts("tetra4", 4) == ((1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1))


@pytest.mark.parametrize("name, groups", [("tetra4", 4), ("corners8", 8), ("faces8", 8), ("center_corners", 9)])
def test_hand_made_tables_do_not_drift(name: str, groups: int) -> None:
    shifts = manual_shifts(name, groups)
    assert len(shifts) == groups and set(shifts) <= CELLS
    assert [sum(axis) for axis in zip(*shifts, strict=True)] == [0, 0, 0]
    assert (0, 0, 0) in shifts or name in ("tetra4", "corners8")


def test_random_positions_repeat_with_their_seed() -> None:
    assert manual_shifts("random", 16, 3) == manual_shifts("random", 16, 3) != manual_shifts("random", 16, 4)
    assert set(manual_shifts("random", 2000, 0)) == CELLS
    assert manual_shifts("none", 3) == ((0, 0, 0),) * 3


def test_bad_names_and_sizes_are_refused() -> None:
    with pytest.raises(InputError, match="cands=edges is not known: allowed are all27, corners9, faces7"):
        candidate_shifts("edges")
    with pytest.raises(InputError, match="manual=edges is not known: allowed are tetra4, .*random, none"):
        manual_shifts("edges", 4)
    for name, table in MANUAL.items():
        with pytest.raises(InputError, match=f"{len(table)} groups, but G is 5"):
            manual_shifts(name, 5)
