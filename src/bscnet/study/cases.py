"""The chains of a study: every arm in every section, with every seed and fold, in the order in which they are run."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bscnet.study.table import REFERENCE, Arm, Table


@dataclass(frozen=True)
class Case:
    """One chain.

    section, fold: overrides that it differs in from those of other sections and folds. overrides: those of all chains
    and of the arm, with what they take from other arms still by name.
    """

    section: tuple[str, ...]
    arm: str
    seed: int
    fold: tuple[str, ...]
    overrides: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join((self.arm, *self.section, *self.fold, f"seed={self.seed}"))

    @property
    def file_name(self) -> str:
        """The same as the name of a file."""
        return re.sub(r"[^\w.+-]", "_", "-".join(str(self).split()))


@dataclass(frozen=True)
class Need:
    """What an override of a case takes from another: kind is "plan" or "run", text how the override says it."""

    text: str
    kind: str
    case: Case


def all_cases(table: Table) -> list[Case]:
    """All chains: a whole table of the first seed comes first, and every case after those that it needs."""
    seeds = list(dict.fromkeys(seed for arm in table.arms.values() for seed in arm.seeds))
    found: dict[Case, None] = {}
    for seed in seeds:
        for section, fold in itertools.product(_points(table.sections), _points(table.folds)):
            for arm in table.arms.values():
                if seed in arm.seeds:
                    _add(table, _case(table, arm, section, fold, seed), found)
    return list(found)


def needs(table: Table, case: Case) -> list[Need]:
    """What a case takes from others, with the cases themselves."""
    return [
        Need(match.group(0), match.group(1), _other(table, table.arms[match.group(2)], match.group(3), case))
        for override in case.overrides
        for match in REFERENCE.finditer(override)
    ]


def _add(table: Table, case: Case, found: dict[Case, None]) -> None:
    for need in needs(table, case):
        _add(table, need.case, found)
    found[case] = None


def _other(table: Table, arm: Arm, which: str | None, case: Case) -> Case:
    seed = case.seed if which in (None, "next") else int(str(which))
    if which == "next" or seed not in arm.seeds:
        later = [one for one in arm.seeds if one > case.seed]
        seed = min(later or arm.seeds)
    return _case(table, arm, case.section, case.fold, seed)


def _case(table: Table, arm: Arm, section: tuple[str, ...], fold: tuple[str, ...], seed: int) -> Case:
    return Case(section, arm.name, seed, fold, (*table.common, *arm.overrides))


def _points(axes: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    lists = [[f"{key}={value}" for value in values] for key, values in axes.items()]
    return itertools.product(*lists)
