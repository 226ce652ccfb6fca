"""What a study's file may say, and which chains it makes."""

from __future__ import annotations

from pathlib import Path

import pytest

from bscnet.errors import InputError
from bscnet.study.cases import all_cases, needs
from bscnet.study.table import read_table, study_names

GOOD = """
title: Two arms
common: [data=rooms]
seeds: [3, 5, 8]
sections: {data.voxel_size: [0.1, 0.05]}
folds: {data.fold: [0, 1]}
arms:
  search: {overrides: [method=bsc_net]}
  own: {overrides: ["method=bsc_manual", "method.plan={plan:search}"], seeds: [3]}
  other: {overrides: ["method=bsc_manual", "method.plan={plan:search@next}"]}
  taught: {overrides: ["distill.teacher={run:search@5}"], seeds: [8]}
reference: own
questions: [{name: better, better: other, worse: own}]
"""


def table_of(tmp_path: Path, text: str):
    path = tmp_path / "two.yaml"
    path.write_text(text, encoding="utf-8")
    return read_table(str(path))


def test_every_arm_runs_in_every_section_with_every_seed_and_fold(tmp_path: Path) -> None:
    cases = all_cases(table_of(tmp_path, GOOD))
    assert len(cases) == len(set(cases)) == 2 * 2 * (3 + 1 + 3 + 1)
    first = cases[0]
    assert (first.arm, first.seed) == ("search", 3)
    assert first.section == ("data.voxel_size=0.1",) and first.fold == ("data.fold=0",)
    assert first.overrides == ("data=rooms", "method=bsc_net")


def test_a_case_stands_after_all_that_it_needs(tmp_path: Path) -> None:
    table = table_of(tmp_path, GOOD)
    cases = all_cases(table)
    for place, case in enumerate(cases):
        assert all(need.case in cases[:place] for need in needs(table, case))


def test_a_plan_is_taken_from_the_same_section_and_fold(tmp_path: Path) -> None:
    table = table_of(tmp_path, GOOD)
    wanted = {"own": {3: 3}, "other": {3: 5, 5: 8, 8: 3}, "taught": {8: 5}}
    for case in all_cases(table):
        for need in needs(table, case):
            assert need.case.seed == wanted[case.arm][case.seed]
            assert (need.case.section, need.case.fold) == (case.section, case.fold)
            assert need.kind == ("run" if case.arm == "taught" else "plan")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("seeds: [3, 5, 8]", "seeds: [3, 3]", "different whole numbers"),
        ("seeds: [3, 5, 8]", "seed: [3]", "seed is not known"),
        ("{plan:search@next}", "{plan:taught}", "no arm above it"),
        ("{run:search@5}", "{run:search@4}", "search is not run with seed 4"),
        ("reference: own", "reference: mine", "mine is no arm"),
        ("worse: own", "worse: mine", "mine is no arm"),
        ("[method=bsc_net]", "[bsc_net]", "overrides KEY=VALUE"),
        ("common: [data=rooms]", "common: {data: rooms}", "overrides KEY=VALUE"),
        ("{data.fold: [0, 1]}", "{data.fold: 0}", "list of values"),
        ("title: Two arms", "title: [", "is not YAML"),
    ],
)
def test_what_a_table_may_not_say(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in GOOD
    with pytest.raises(InputError, match=said):
        table_of(tmp_path, GOOD.replace(old, new))


def test_studies_go_by_name() -> None:
    assert study_names()
    with pytest.raises(InputError, match=f"there is no study nothing: one of {study_names()[0]}"):
        read_table("nothing")


@pytest.mark.parametrize("name", study_names())
def test_every_arm_of_the_studies_that_are_there_can_be_composed(name: str, tmp_path: Path) -> None:
    from bscnet.chain.settings import composed_settings
    from bscnet.study.table import REFERENCE

    cases = all_cases(read_table(name))
    distinct = {case.arm: case for case in cases} | {(case.section, case.fold): case for case in cases}
    for case in set(distinct.values()):
        words = [*case.overrides, *case.section, *case.fold, f"seed={case.seed}"]
        given = [REFERENCE.sub(str(tmp_path / "one"), word) for word in words]
        composed_settings([*given, f"data.root={tmp_path}"])
