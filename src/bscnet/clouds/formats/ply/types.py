"""Which of PLY's types holds a column: integers of 64 bits, half floats and booleans are not among them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

NAMES = {"i1": "char", "u1": "uchar", "i2": "short", "u2": "ushort", "i4": "int", "u4": "uint"}
NAMES |= {"f4": "float", "f8": "double"}
"""What PLY calls NumPy's types, by the old names, which every reader knows."""

_WHOLE: list[np.dtype[Any]] = [np.dtype(kind) for kind in ("i1", "u1", "i2", "u2", "i4", "u4")]
_DOUBLE: np.dtype[Any] = np.dtype("f8")
_WIDER: dict[np.dtype[Any], np.dtype[Any]] = {np.dtype("?"): np.dtype("u1"), np.dtype("f2"): np.dtype("f4")}


def name_of(dtype: np.dtype[Any]) -> str:
    """What PLY calls a type that it has, by the old names, which every reader knows."""
    return NAMES[dtype.str[1:]]


def type_of(dtype: np.dtype[Any]) -> np.dtype[Any] | None:
    """The type that holds all values of this one exactly; None: that depends on the values."""
    return dtype if dtype.str[1:] in NAMES else _WIDER.get(dtype)


def type_for(values: Iterable[npt.NDArray[Any]]) -> np.dtype[Any] | None:
    """The smallest type that holds whole numbers, or double; None: not even that holds them, or reals, exactly.

    Args:
        values: of a type that PLY lacks, in parts.
    """
    low, high, kinds, exact = 0, 0, set[str](), True
    for part in values:
        if part.dtype.kind in "iu":
            low, high = min(low, int(part.min())), max(high, int(part.max()))
        kinds.add(part.dtype.kind)
        exact = exact and held(part, _DOUBLE) is not None
    if "f" not in kinds:
        for one in _WHOLE:
            if np.iinfo(one).min <= low and high <= np.iinfo(one).max:
                return one
    return _DOUBLE if exact else None


def held(values: npt.NDArray[Any], dtype: np.dtype[Any]) -> npt.NDArray[Any] | None:
    """The values in a type of PLY; None: it does not hold them exactly."""
    known = type_of(values.dtype)
    if known is not None and known == dtype:  # NumPy takes None for float64
        return values.astype(dtype, copy=False)
    with np.errstate(over="ignore", invalid="ignore"):
        cast = values.astype(dtype)
        same = cast.astype(values.dtype) == values
    if values.dtype.kind == "f":
        same |= np.isnan(values)
    elif dtype.kind == "f":  # 2^63 - 1 becomes 2^63, and would come back as whatever the machine makes of that
        same &= cast < 2.0 ** (8 * values.dtype.itemsize - (values.dtype.kind == "i"))
    return cast if same.all() else None
