"""A cloud's file as a scene to look at: its colours, and its labels where it has some."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.clouds.class_names import named_classes
from bscnet.clouds.columns import CONFIDENCE, LABELS, find_column, find_label
from bscnet.clouds.open import open_cloud
from bscnet.clouds.points import PointReader
from bscnet.clouds.reading import Reading
from bscnet.clouds.writer import moved_names
from bscnet.counted import counted
from bscnet.errors import InputError
from bscnet.prediction.numbers import places_among
from bscnet.viz.page import PageScene
from bscnet.viz.page.scene import FARTHEST_M, MAX_CLASSES, VIEWS

_MOST_VALUES = 8
"""Columns beside labels and colours that a page offers: each takes two bytes a point."""

_LARGEST_LABEL = 2**31 - 1
_AS_IT_IS = Reading(invalid_points="drop")

Labels = npt.NDArray[np.int64]


def read_page_scene(path: Path, reading: Reading = _AS_IT_IS) -> PageScene:
    """The points of a cloud's file with what it says of them.

    A column of labels is a prediction where the file has a column `confidence` too, as `bscnet predict` writes them,
    and the truth otherwise; beside a prediction, the truth is the column of labels that it took the place of, else
    another one. Classes are called as the file names them, else by their numbers; labels that comments or the file of a
    prediction do not name are of no class. The first eight other columns that are not the same everywhere are values to
    colour by. Points without finite coordinates cannot be drawn; the page says how many
    there are.

    Args:
        path: of the file.
        reading: units and columns of it, where it does not say them itself.

    Raises:
        InputError: the file cannot be read, no point can be drawn or the points lie too far apart, labels are no whole
            numbers or of too many kinds.
    """
    file = open_cloud(path, reading.columns)
    reader = PointReader(file, reading, ())
    label, sure = find_label(file.columns), find_column(file.columns, CONFIDENCE)
    before = None if label is None or sure is None else _label_before(file.columns, label)
    cloud = file.read()
    used = {*reader.names, *(name for name in (label, sure, before) if name is not None)}
    surveyor = reader.surveyor()
    surveyor.add(cloud)
    survey = surveyor.result()
    points = reader.points(cloud, survey)
    facts = {"file": path.name, "points": f"{file.count:,}"}
    if survey.dropped:
        facts["left out"] = f"{counted(survey.dropped, 'point')} without finite coordinates"
        cloud = cloud.only(points.rows)
    low = np.floor(survey.low)
    if float((survey.high - survey.low).max()) >= FARTHEST_M:
        raise InputError(f"{path}: the points lie {FARTHEST_M:g} metres apart or more, which cannot be drawn")
    columns = {} if label is None else {label: _whole(path, label, cloud.columns[label])}
    if before is not None:
        columns[before] = _whole(path, before, np.nan_to_num(cloud.columns[before], nan=-1))  # which is no class
    named = dict(file.class_names) if sure is not None else named_classes(file.comments)
    if before is not None and named and not set(named) & set(np.unique(columns[before]).tolist()):
        del columns[before]  # of other classes than the prediction's, as where nothing was classified
        before = None
    names = _names(path, columns, named, file.class_names)
    classes = {name: places_among(values, list(names)) for name, values in columns.items()}
    confidence = None
    if label is not None and sure is not None:
        confidence = cloud.columns[sure].astype(np.float32)
        if not ((confidence >= 0) & (confidence <= 1)).all():
            raise InputError(f"{path}: the column '{sure}' must lie between 0 and 1")
    truth = before if confidence is not None else label
    return PageScene(
        name=path.stem,
        points=(np.stack(points.axes, axis=1) - low).astype(np.float32),
        colors=points.colors,
        truth=None if truth is None else classes[truth],
        prediction=None if label is None or confidence is None else classes[label],
        confidence=confidence,
        class_names=list(names.values()),
        facts=facts,
        values=_values({name: column for name, column in cloud.columns.items() if name not in used}),
    )


def _values(columns: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[np.float64]]:
    """The first columns that tell one point from another, by names that a page can give them."""
    found: dict[str, npt.NDArray[np.float64]] = {}
    for name, column in columns.items():
        values = column.astype(np.float64)
        known = values[np.isfinite(values)]
        if len(known) == 0 or known.min() == known.max():
            continue
        found[f"{name} column" if name in VIEWS else name] = values
        if len(found) == _MOST_VALUES:
            break
    return found


def _label_before(columns: Collection[str], label: str) -> str | None:
    """The column that held labels before a prediction came, if there is one."""
    moved = find_column(columns, moved_names([label], [label])[label])
    if moved is not None:
        return moved
    others = [name for name in columns if name != label]
    inputs = (find_column(others, f"{name}_input") for name in LABELS)
    return next((name for name in inputs if name is not None), None) or find_label(others)


def _whole(path: Path, column: str, values: npt.NDArray[Any]) -> Labels:
    """The labels as whole numbers."""
    if not (np.isfinite(values).all() and (values == np.floor(values)).all()):
        raise InputError(f"{path}: the labels in column '{column}' must be whole numbers")
    if (np.abs(values) > _LARGEST_LABEL).any():
        raise InputError(f"{path}: the labels in column '{column}' must lie within {_LARGEST_LABEL:,} of 0")
    return values.astype(np.int64)


def _names(
    path: Path, columns: Mapping[str, Labels], named: Mapping[int, str], called: Mapping[int, str]
) -> dict[int, str]:
    """The classes' names by label: those that are named, else all labels from 0 on that occur, as they are called."""
    if not columns or 0 < len(named) <= MAX_CLASSES:
        return dict(named)
    present = np.unique(np.concatenate(list(columns.values())))
    present = present[np.isin(present, list(named)) if named else present >= 0]
    if len(present) > MAX_CLASSES:
        told = " and ".join(f"'{column}'" for column in columns)
        raise InputError(
            f"{path}: the column {told} holds {len(present)} different labels, at most {MAX_CLASSES} can be shown"
        )
    return {value: called.get(value, f"label {value}") for value in present.tolist()}
