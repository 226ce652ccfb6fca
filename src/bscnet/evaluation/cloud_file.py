"""A cloud's file as a scene to look at: its colours, and its labels where it has some."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bscnet.counted import counted
from bscnet.data.ply_header import parse_header
from bscnet.data.scan import grey
from bscnet.datasets.folder.cloud import AXES, COLORS, Cloud
from bscnet.datasets.folder.convert import LABEL_COLUMNS, eight_bit, finite_points
from bscnet.datasets.folder.formats import read_cloud
from bscnet.errors import InputError
from bscnet.ignore import IGNORE_INDEX
from bscnet.viz.page import PageScene
from bscnet.viz.page.scene import FARTHEST_M, MAX_CLASSES

_LARGEST_LABEL = 2**31 - 1
_CLASS_COMMENT = re.compile(r"class (\d+) (.+)")


def read_page_scene(path: Path) -> PageScene:
    """The points of a .ply, .pcd, .las, .laz, .npz or .xyz file with what it says of them.

    A column of labels is a prediction where the file has a column `confidence` too, as `bscnet predict` writes them,
    and the truth otherwise. Classes are named by a PLY file's comments `class ID NAME`, else by their numbers. Points
    without finite coordinates cannot be drawn; the page says how many there are.

    Raises:
        InputError: the file cannot be read, no point can be drawn or the points lie too far apart, labels are no whole
            numbers or of too many kinds.
    """
    cloud = read_cloud(path)
    facts = {"file": path.name, "points": f"{len(cloud):,}"}
    finite = finite_points(cloud)
    if not finite.all():
        if not finite.any():
            raise InputError(f"{path}: none of the {counted(len(finite), 'point')} has finite coordinates")
        facts["left out"] = f"{counted(int((~finite).sum()), 'point')} without finite coordinates"
        cloud = cloud.only(np.flatnonzero(finite))  # first of all: such a point may have no colour or label either
    places = np.stack([cloud.columns[axis] for axis in AXES], axis=1)
    colors = grey(len(places))
    if cloud.has_colors:
        colors = eight_bit(path, [cloud.columns[color] for color in COLORS], "auto")
    found = _labels(path, cloud)
    labels, names = (None, []) if found is None else found
    sure = cloud.find("confidence")
    confidence = None if sure is None or labels is None else cloud.columns[sure].astype(np.float32)
    if confidence is not None and not ((confidence >= 0) & (confidence <= 1)).all():
        raise InputError(f"{path}: the column '{sure}' must lie between 0 and 1")
    low = places.min(axis=0)
    if float((places.max(axis=0) - low).max()) >= FARTHEST_M:
        raise InputError(f"{path}: the points lie {FARTHEST_M:g} metres apart or more, which cannot be drawn")
    return PageScene(
        name=path.stem,
        points=(places - np.floor(low)).astype(np.float32),
        colors=colors,
        truth=labels if confidence is None else None,
        prediction=None if confidence is None else labels,
        confidence=confidence,
        class_names=names,
        facts=facts,
    )


def _labels(path: Path, cloud: Cloud) -> tuple[npt.NDArray[np.int64], list[str]] | None:
    """Class of each point and the classes' names, or None where the file has no labels; what no class is, is -100."""
    column = next((name for known in LABEL_COLUMNS if (name := cloud.find(known)) is not None), None)
    if column is None:
        return None
    values = cloud.columns[column]
    if not (np.isfinite(values).all() and (values == np.floor(values)).all()):
        raise InputError(f"{path}: the labels in column '{column}' must be whole numbers")
    if (np.abs(values) > _LARGEST_LABEL).any():
        raise InputError(f"{path}: the labels in column '{column}' must lie within {_LARGEST_LABEL:,} of 0")
    whole = values.astype(np.int64)
    named = _class_names(path)
    if named:
        return np.where((whole >= 0) & (whole < len(named)), whole, IGNORE_INDEX), named
    present = np.unique(whole[whole >= 0])
    if len(present) > MAX_CLASSES:
        raise InputError(
            f"{path}: the column '{column}' holds {len(present)} different labels, at most {MAX_CLASSES} can be shown"
        )
    return np.where(whole >= 0, np.searchsorted(present, whole), IGNORE_INDEX), [f"label {value}" for value in present]


def _class_names(path: Path) -> list[str]:
    """Names in a PLY file's comments, if they count from 0 without a gap."""
    if path.suffix.lower() != ".ply":
        return []
    names: dict[int, str] = {}
    for comment in parse_header(path).comments:
        if match := _CLASS_COMMENT.fullmatch(comment):
            names[int(match[1])] = match[2]
    return [names[index] for index in range(len(names))] if sorted(names) == list(range(len(names))) else []
