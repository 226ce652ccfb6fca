"""The table of a study: which arms, seeds, sections and folds there are, and which questions it asks.

A YAML file in `conf/study`, or anywhere:

    title: …                                    # of the document
    about: …                                    # a paragraph of it
    common: [data=rooms, recipe=quick]          # overrides of every chain
    seeds: [0, 1, 2]
    sections: {data.voxel_size: [0.1, 0.05]}    # a part of the document for each combination of values
    folds: {data.fold: [0, 1, 2]}               # repetitions whose mean is one value of a seed
    arms:
      plain: {about: …, overrides: [method=bsc_baseline]}
      again: {overrides: ["method=bsc_manual", "method.plan={plan:search@next}"], seeds: [0, 1]}
    reference: plain                            # the arm that the others are compared with
    questions: [{name: …, better: again, worse: plain}]

In an override `{plan:ARM}` is the plan that the chain of that arm with the same seed, section and fold has searched,
`{run:ARM}` its directory. `@next` takes the arm's next seed in its place, `@7` seed 7.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bscnet.errors import InputError
from bscnet.paths import config_dir

REFERENCE = re.compile(r"\{(plan|run):([\w.+-]+?)(?:@(next|\d+))?\}")
"""How an override names another arm's plan or run."""

_KEYS = ("title", "about", "common", "seeds", "sections", "folds", "arms", "reference", "questions")
_ARM_KEYS = ("about", "overrides", "seeds")
_QUESTION_KEYS = ("name", "better", "worse")


@dataclass(frozen=True)
class Arm:
    """What is compared: overrides on top of the common ones, and the seeds that it is run with."""

    name: str
    about: str
    overrides: tuple[str, ...]
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class Question:
    """Whether arm `better` scores above arm `worse`."""

    name: str
    better: str
    worse: str


@dataclass(frozen=True)
class Table:
    """A study as its file describes it.

    sections, folds: key of the configuration -> its values, as typed in an override.
    """

    name: str
    title: str
    about: str
    common: tuple[str, ...]
    seeds: tuple[int, ...]
    sections: Mapping[str, tuple[str, ...]]
    folds: Mapping[str, tuple[str, ...]]
    arms: Mapping[str, Arm]
    reference: str | None
    questions: tuple[Question, ...]


def study_names() -> list[str]:
    """The studies that are there by name."""
    return sorted(path.stem for path in (Path(config_dir()) / "study").glob("*.yaml"))


def read_table(name: str) -> Table:
    """The table of a study by its name in `conf/study`, or by the path of its file.

    Raises:
        InputError: there is none of that name, it is not YAML, or it names something that is not there.
    """
    import yaml

    path = Path(name) if name.endswith((".yaml", ".yml")) else Path(config_dir()) / "study" / f"{name}.yaml"
    if not path.is_file():
        raise InputError(f"there is no study {name}: one of {', '.join(study_names())}, or the path of a .yaml file")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    try:
        return _table(path.stem, content)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _table(name: str, content: Any) -> Table:
    body = _mapping(content, "the study", _KEYS)
    seeds = _seeds(body.get("seeds"), "seeds")
    rows = _mapping(body.get("arms"), "arms")
    if not rows:
        raise InputError("arms: a study needs one arm or more")
    arms = {str(key): _arm(str(key), row, seeds) for key, row in rows.items()}
    questions = tuple(_question(row, arms) for row in body.get("questions") or [])
    reference = body.get("reference")
    if reference is not None:
        _require_arm(reference, arms, "reference")
    table = Table(
        name=name,
        title=str(body.get("title", name)),
        about=str(body.get("about", "")).strip(),
        common=_texts(body.get("common"), "common"),
        seeds=seeds,
        sections=_axes(body.get("sections"), "sections"),
        folds=_axes(body.get("folds"), "folds"),
        arms=arms,
        reference=reference,
        questions=questions,
    )
    _require_order(table)
    return table


def _arm(name: str, content: Any, seeds: tuple[int, ...]) -> Arm:
    row = _mapping(content, f"arms.{name}", _ARM_KEYS)
    own = _seeds(row["seeds"], f"arms.{name}.seeds") if "seeds" in row else seeds
    return Arm(name, str(row.get("about", "")), _texts(row.get("overrides"), f"arms.{name}.overrides"), own)


def _question(content: Any, arms: Mapping[str, Arm]) -> Question:
    row = _mapping(content, "questions", _QUESTION_KEYS)
    if missing := [key for key in _QUESTION_KEYS if key not in row]:
        raise InputError(f"questions: {missing[0]} is missing")
    for key in ("better", "worse"):
        _require_arm(row[key], arms, f"questions.{key}")
    return Question(str(row["name"]), row["better"], row["worse"])


def _require_order(table: Table) -> None:
    """See that arms take plans and runs of arms that stand above them, so that nothing waits for itself."""
    above: list[str] = []
    for arm in table.arms.values():
        for override in arm.overrides:
            for _, other, seed in REFERENCE.findall(override):
                if other not in above:
                    raise InputError(f"arms.{arm.name}: {override} takes from {other}, which is no arm above it")
                if seed.isdecimal() and int(seed) not in table.arms[other].seeds:
                    raise InputError(f"arms.{arm.name}: {override}: {other} is not run with seed {seed}")
        above.append(arm.name)


def _require_arm(name: Any, arms: Mapping[str, Arm], where: str) -> None:
    if name not in arms:
        raise InputError(f"{where}: {name} is no arm; arms are {', '.join(arms)}")


def _mapping(content: Any, where: str, keys: tuple[str, ...] | None = None) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise InputError(f"{where}: keys and values are expected")
    if keys is not None and (unknown := [str(key) for key in content if key not in keys]):
        raise InputError(f"{where}: {unknown[0]} is not known; known are {', '.join(keys)}")
    return content


def _axes(content: Any, where: str) -> dict[str, tuple[str, ...]]:
    if content is None:
        return {}
    rows = _mapping(content, where)
    for key, values in rows.items():
        if not isinstance(values, list) or not values:
            raise InputError(f"{where}.{key}: a list of values is expected")
    return {str(key): tuple(str(value) for value in values) for key, values in rows.items()}


def _texts(content: Any, where: str) -> tuple[str, ...]:
    if content is None:
        return ()
    if not isinstance(content, list) or not all(isinstance(one, str) and "=" in one for one in content):
        raise InputError(f"{where}: a list of overrides KEY=VALUE is expected")
    return tuple(content)


def _seeds(content: Any, where: str) -> tuple[int, ...]:
    whole = isinstance(content, list) and all(type(one) is int and one >= 0 for one in content)
    if not whole or not content or len(set(content)) < len(content):
        raise InputError(f"{where}: a list of different whole numbers from 0 up is expected")
    return tuple(content)
