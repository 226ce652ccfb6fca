"""Which columns of a cloud can be standard dimensions of LAS points: those whose every value fits there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.clouds.file import CloudFile
from bscnet.clouds.formats.las.layout import PointLayout

_EXACT = 2**53
"""Up to here every whole number is one of the real numbers of 64 bits."""


def fitting(source: CloudFile, layout: PointLayout, places: Mapping[str, str]) -> dict[str, str]:
    """Those of the standard dimensions that can hold their columns, in the order of the dimensions.

    Where a type alone does not tell, as of numbers out of a text, all values are looked at.

    Args:
        source: the cloud.
        layout: of the points.
        places: names of columns by those of standard dimensions.
    """
    kinds = {one.name: one.dtype for one in layout.fields if one.name in places}
    types = {one.name: one.dtype for one in source.fields}
    left = {
        name
        for name, kind in kinds.items()
        if types[source.columns[places[name]].field] != kind or layout.largest(name) is not None
    }
    failed: set[str] = set()
    if left:
        for part in source.chunks(names={places[name] for name in left}):
            failed |= {
                name
                for name in left - failed
                if not _fits(part.columns[places[name]], kinds[name], layout.largest(name))
            }
    return {name: places[name] for name in kinds if name not in failed}


def _fits(values: npt.NDArray[Any], kind: np.dtype[Any], largest: int | None) -> bool:
    # Python's numbers are compared exactly; NaN makes every comparison fail
    low, high = values.min().item(), values.max().item()
    if kind.kind == "f":
        if values.dtype.kind == "f":
            return bool(np.can_cast(values.dtype, kind))
        return bool(low >= -_EXACT and high <= _EXACT)
    least, most = (np.iinfo(kind).min, np.iinfo(kind).max) if largest is None else (0, largest)
    whole = values.dtype.kind != "f" or bool((np.floor(values) == values).all())
    return whole and bool(least <= low and high <= most)
