"""Which columns of a cloud can be standard dimensions of LAS points: those whose every value fits there."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.clouds.file import CloudFile
from bscnet.clouds.formats.las.layout import PointLayout


def fitting(source: CloudFile, layout: PointLayout, names: Collection[str]) -> list[str]:
    """Those of the names whose columns the dimensions of that name can hold, in the order of the dimensions.

    Where a type alone does not tell, as of numbers out of a text, all values are looked at.

    Args:
        source: the cloud.
        layout: of the points.
        names: of columns and of standard dimensions.
    """
    kinds = {one.name: one.dtype for one in layout.fields if one.name in names}
    types = {one.name: one.dtype for one in source.fields}
    left = {
        name
        for name, kind in kinds.items()
        if types[source.columns[name].field] != kind or layout.largest(name) is not None
    }
    failed: set[str] = set()
    if left:
        for part in source.chunks(names=left):
            failed |= {
                name for name in left - failed if not _fits(part.columns[name], kinds[name], layout.largest(name))
            }
    return [name for name in kinds if name not in failed]


def _fits(values: npt.NDArray[Any], kind: np.dtype[Any], largest: int | None) -> bool:
    with np.errstate(invalid="ignore"):  # numbers that are none, or none of that type
        same = bool((values.astype(kind).astype(values.dtype) == values).all())
    return same and (largest is None or bool((values <= largest).all()))
