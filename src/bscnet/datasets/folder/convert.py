"""From a cloud as its file holds it to a scan: metres, 8-bit colours, class ids, scaled values."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bscnet.counted import counted
from bscnet.data.features import COMPUTED
from bscnet.data.scan import Scan, grey
from bscnet.data.voxelize import bounds
from bscnet.datasets.folder.cloud import AXES, COLORS, Cloud, Column, find_column
from bscnet.datasets.folder.description import Description
from bscnet.errors import InputError
from bscnet.ignore import IGNORE_INDEX

LABEL_COLUMNS = ("label", "labels", "class", "classification", "class_id", "semantic", "gt")
"""Columns that hold labels where none is described, best first; upper case and a `scalar_` before it make no matter."""

FAR = 1024.0
"""Metres from the origin from which on coordinates are counted from the scan's own corner: float32 steps there are
0.06 mm, while in a national grid, at millions of metres, they are half a metre."""


def to_scan(name: str, path: Path, cloud: Cloud, description: Description, labelled: bool) -> Scan:
    """The scan of a cloud, every point in file order, but those that `invalid_points: drop` leaves out.

    InputError: coordinates that are not finite or beyond float32, colours out of range, no label column or a label
    that is not described, a feature the file has no column for.
    """
    rows = _kept(path, cloud, description)
    if len(rows) < len(cloud):
        cloud = cloud.only(rows)  # first of all: a point without a place may have no colour or label either
    axes = [cloud.columns[axis] * description.metres for axis in AXES]
    points = _near(path, np.stack(axes, axis=1))
    colors = grey(len(cloud))
    if cloud.has_colors:
        colors = eight_bit(path, [cloud.columns[color] for color in COLORS], description.colors)
    elif "rgb" in description.features:
        raise InputError(f"{path}: the points have no colours, but the features {list(description.features)} need them")
    labels = np.full(len(cloud), IGNORE_INDEX, dtype=np.int16)
    if labelled:
        column = label_column(path, cloud, description)
        labels = description.classes(cloud.columns[column], path, column, rows)
    extra = {
        feature: _measured(path, cloud, feature, description, rows)
        for feature in description.features
        if feature not in COMPUTED
    }
    return Scan(name, points, colors, labels, extra)


def label_column(path: Path, cloud: Cloud, description: Description) -> str:
    """The column with the labels; InputError if there is none."""
    found = find_label(cloud.columns, description)
    if found is not None:
        return found
    wanted = f"'{description.label}'" if description.label else f"of the names {', '.join(LABEL_COLUMNS)}"
    raise InputError(
        f"{path}: the points have no label column {wanted}, the columns are {', '.join(cloud.columns)} "
        f"('label:' in dataset.yaml names it)"
    )


def find_label(columns: Collection[str], description: Description) -> str | None:
    """Which of the columns holds the labels, if any does."""
    names = LABEL_COLUMNS if description.label is None else (description.label,)
    found = (find_column(columns, name) for name in names)
    return next((column for column in found if column is not None), None)


def eight_bit(path: Path, channels: list[Column], largest: str) -> npt.NDArray[np.uint8]:
    """Colours (P, 3) uint8 of channels 0..1, 0..255 or 0..65535; "auto" takes the smallest range that holds them.

    16-bit colours keep their high byte, which gives back 8-bit ones exactly, whether they were stored times 256 or 257.
    InputError: a value that is not finite, negative, or beyond the range.
    """
    low, high = min(channel.min() for channel in channels), max(channel.max() for channel in channels)
    if not (np.isfinite(low) and np.isfinite(high)) or low < 0:
        raise InputError(f"{path}: colours reach from {low} to {high}, they must be finite and not negative")
    if largest == "auto":
        largest = color_range(channels)
    if high > int(largest):
        raise InputError(
            f"{path}: a colour channel is {high}, beyond the range 0..{largest} ('colors:' in dataset.yaml)"
        )
    shades = np.stack(channels, axis=1)
    if largest == "1":
        return np.rint(shades.astype(np.float64) * 255).astype(np.uint8)
    if largest == "255":
        return np.rint(shades).astype(np.uint8)
    return (shades.astype(np.int64) >> 8).astype(np.uint8)


def color_range(channels: list[Column]) -> str:
    """The smallest of the ranges "1", "255" and "65535" that holds the channels; whole numbers 0..1 are 0..255.

    Only real numbers are taken for 0..1: a black or nearly black scan of integers is one of 8 bits.
    """
    high = max(channel.max() for channel in channels)
    if high <= 1 and channels[0].dtype.kind == "f" and any((channel % 1 != 0).any() for channel in channels):
        return "1"
    return "255" if high <= 255 else "65535"


def finite_points(cloud: Cloud) -> npt.NDArray[np.bool_]:
    """(P,) mask of the points with three finite coordinates."""
    x, y, z = (np.isfinite(cloud.columns[axis]) for axis in AXES)
    return x & y & z


def _kept(path: Path, cloud: Cloud, description: Description) -> npt.NDArray[np.int64]:
    """Numbers in the file of the points that are read: all, but for those that `invalid_points: drop` leaves out."""
    mask = finite_points(cloud)
    rows, bad = np.flatnonzero(mask), np.flatnonzero(~mask)
    if len(bad) and (description.invalid_points != "drop" or len(rows) == 0):
        raise InputError(
            f"{path}: {len(bad)} of {len(mask)} points have coordinates that are not finite, the first is point "
            f"{bad[0]} ('invalid_points: drop' in dataset.yaml leaves such points out)"
        )
    return rows


def _near(path: Path, points: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Points in float32; far from the origin they are first counted from the whole metres of their lowest corner."""
    low, high = bounds(points)
    if max(-low.min(), high.max()) >= FAR:
        points -= np.floor(low)
    if not (high - low < np.finfo(np.float32).max).all():
        raise InputError(
            f"{path}: the coordinates reach from {low.min():g} to {high.max():g} m, beyond single precision"
        )
    return points.astype(np.float32)


def _measured(
    path: Path, cloud: Cloud, feature: str, description: Description, rows: npt.NDArray[np.int64]
) -> npt.NDArray[np.float32]:
    """A value of points whose numbers in the file are `rows`."""
    name = cloud.find(feature)
    if name is None:
        raise InputError(
            f"{path}: the points have no column for the feature '{feature}', the columns are {', '.join(cloud.columns)}"
        )
    values = cloud.columns[name].astype(np.float64)
    if feature in description.scale:
        low, high = description.scale[feature]
        values = (values - low) / (high - low) * 2 - 1
    with np.errstate(over="ignore"):
        single = values.astype(np.float32)
    bad = np.flatnonzero(~np.isfinite(single))
    if len(bad):
        raise InputError(
            f"{path}: the value '{feature}' of point {rows[bad[0]]} is not finite ({counted(len(bad), 'such point')})"
        )
    return single
