"""The controls: random, permuted and mirrored plans."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bscnet.errors import InputError
from bscnet.search import ShiftPlan, changed, mirrored, permuted, random_plan

PLAN = random_plan([f"layer{i}" for i in range(12)], 4, 7)


def test_random_plans_differ_from_layer_to_layer_and_follow_the_seed() -> None:
    assert len(set(PLAN.shifts.values())) == 12
    assert random_plan(PLAN.shifts, 4, 7) == PLAN != random_plan(PLAN.shifts, 4, 8)
    assert all(len(rows) == 4 and {abs(c) for s in rows for c in s} <= {0, 1} for rows in PLAN.shifts.values())


def test_a_permuted_plan_has_the_same_rows_in_other_layers() -> None:
    found = permuted(PLAN, 1)
    assert list(found.shifts) == list(PLAN.shifts)
    assert sorted(found.shifts.values()) == sorted(PLAN.shifts.values())
    assert sum(found.shifts[name] != rows for name, rows in PLAN.shifts.items()) >= 8
    assert permuted(PLAN, 1) == found != permuted(PLAN, 2)


def test_a_mirrored_plan_is_the_opposite() -> None:
    assert mirrored(ShiftPlan({"a": ((1, 0, -1), (0, 0, 0))})).shifts == {"a": ((-1, 0, 1), (0, 0, 0))}
    assert mirrored(mirrored(PLAN)) == PLAN


def test_changes_go_by_name() -> None:
    assert changed(PLAN, "none", 3) is PLAN
    assert changed(PLAN, "permuted", 3) == permuted(PLAN, 3)
    assert changed(PLAN, "mirrored", 3) == mirrored(PLAN)
    with pytest.raises(InputError, match="plan_change=turned is not known: allowed are none, permuted, mirrored"):
        changed(PLAN, "turned")


def test_a_plan_keeps_what_is_known_of_its_search(tmp_path: Path) -> None:
    ShiftPlan(PLAN.shifts, {"max_pi": 0.5}).save(tmp_path / "plan.json")
    found = ShiftPlan.load(tmp_path / "plan.json")
    assert found == PLAN and found.search == {"max_pi": 0.5}
    PLAN.save(tmp_path / "bare.json")
    assert "search" not in json.loads((tmp_path / "bare.json").read_text())
