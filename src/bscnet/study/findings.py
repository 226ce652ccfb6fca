"""What the records of a study say: each arm over its seeds, and each question's answer, section by section."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from bscnet.study.cases import Case, all_cases
from bscnet.study.record import Record
from bscnet.study.statistics import Paired, Summary, answer, holm, paired, summarize
from bscnet.study.table import Arm, Question, Table

Scores = Mapping[int, float]
"""Of an arm: seed -> its score, the mean over folds."""


@dataclass(frozen=True)
class ArmResult:
    """An arm in a section: records by seed, one a fold; mIoU by seed and over them; the difference to the reference."""

    arm: Arm
    records: Mapping[int, Sequence[Record]]
    miou: Scores
    summary: Summary
    against: Paired | None

    @property
    def all_records(self) -> list[Record]:
        """Of all seeds and folds."""
        return [record for rows in self.records.values() for record in rows]

    def mean(self, name: str) -> float | None:
        """A score's mean over seeds and folds; None where none has it."""
        values = [record.scores[name] for record in self.all_records if name in record.scores]
        return fmean(values) if values else None


@dataclass(frozen=True)
class Answer:
    """A question, the difference of its two arms, the corrected p and the answer in words."""

    question: Question
    difference: Paired | None
    corrected: float | None
    verdict: str


@dataclass(frozen=True)
class Section:
    """A part of the study: its overrides, arms that have a finished seed, answers, and the chains that are missing."""

    overrides: tuple[str, ...]
    arms: Mapping[str, ArmResult]
    answers: Sequence[Answer]
    missing: Sequence[Case]


def findings(table: Table, records: Mapping[Case, Record]) -> list[Section]:
    """The sections of a study in order. A seed counts where all of its folds are finished."""
    cases = all_cases(table)
    sections = dict.fromkeys(case.section for case in cases)
    return [_section(table, section, [one for one in cases if one.section == section], records) for section in sections]


def _section(
    table: Table, overrides: tuple[str, ...], cases: Sequence[Case], records: Mapping[Case, Record]
) -> Section:
    found: dict[str, dict[int, list[Record]]] = {}
    for (arm, seed), group in itertools.groupby(sorted(cases, key=_place), key=_place):
        rows = list(group)
        if all(case in records for case in rows):
            found.setdefault(arm, {})[seed] = [records[case] for case in rows]
    miou = {arm: {s: _mean_miou(rows) for s, rows in seeds.items()} for arm, seeds in found.items()}
    reference = miou.get(table.reference or "", {})
    arms = {
        name: ArmResult(
            arm=arm,
            records=found[name],
            miou=miou[name],
            summary=summarize(list(miou[name].values())),
            against=None if name == table.reference else paired(miou[name], reference),
        )
        for name, arm in table.arms.items()
        if name in found
    }
    missing = [case for case in cases if case not in records]
    return Section(overrides, arms, _answers(table, miou), missing)


def _answers(table: Table, miou: Mapping[str, Scores]) -> list[Answer]:
    """Answers of a section: open until every seed of all compared arms is there, so that none stops where it suits."""
    asked = table.questions
    differences = [paired(miou.get(one.better, {}), miou.get(one.worse, {})) for one in asked]
    corrected = holm([None if one is None else one.p for one in differences])
    compared = {name for one in asked for name in (one.better, one.worse)}
    whole = all(set(miou.get(name, {})) == set(table.arms[name].seeds) for name in compared)
    return [
        Answer(question, difference, p, answer(difference, p) if whole else "open")
        for question, difference, p in zip(asked, differences, corrected, strict=True)
    ]


def _place(case: Case) -> tuple[str, int]:
    return case.arm, case.seed


def _mean_miou(records: Sequence[Record]) -> float:
    return fmean(record.scores["miou"] for record in records)
