"""The caller's arrays as the engine reads them: refused in one sentence, or converted without loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.errors import InputError

_INT32 = np.iinfo(np.int32)


def engine_coords(coords: npt.ArrayLike) -> npt.NDArray[np.int32]:
    """(N, 4) int32 in C order from (N, 3) [x, y, z] of batch 0 or (N, 4) [batch, x, y, z], of any integer type.

    Raises:
        InputError: another shape or type, or a value beyond 32 bits. What the engine's range is, the engine says.
    """
    array = _array(coords, "coords")
    if array.ndim != 2 or array.shape[1] not in (3, 4):
        raise InputError(f"coords have shape {array.shape}; they must be (N, 3): x, y, z or (N, 4): batch, x, y, z")
    if array.dtype.kind not in "iu":
        raise InputError(f"coords are of type {array.dtype}; they must be integers (voxels)")
    if array.size and array.dtype.itemsize >= 4:
        low, high = int(array.min()), int(array.max())
        if low < _INT32.min or high > _INT32.max:
            raise InputError(f"coords run from {low} to {high}, which does not fit the engine's 32-bit integers")
    rows = np.empty((len(array), 4), dtype=np.int32) if array.shape[1] == 3 else None
    if rows is None:
        return np.ascontiguousarray(array, dtype=np.int32)
    rows[:, 0] = 0
    rows[:, 1:] = array
    return rows


def engine_feats(feats: npt.ArrayLike, sites: int, channels: int) -> npt.NDArray[np.float32]:
    """(sites, channels) float32 in C order from floating-point numbers of any width.

    Raises:
        InputError: another shape or type. A value that is not finite in float32 is for the engine to refuse.
    """
    array = _array(feats, "feats")
    if array.shape != (sites, channels):
        raise InputError(
            f"feats have shape {array.shape}; ({sites}, {channels}) is needed: a row for each site and the "
            f"{channels} channels of the model"
        )
    if array.dtype.kind != "f":
        raise InputError(f"feats are of type {array.dtype}; they must be floating-point numbers")
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(array, dtype=np.float32)


def engine_points(xyz: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """(P, 3) float64 in C order from real numbers.

    Raises:
        InputError: another shape or type. What is not finite the engine refuses, or not, as the model says.
    """
    array = _array(xyz, "xyz")
    if array.ndim != 2 or array.shape[1] != 3:
        raise InputError(f"xyz has shape {array.shape}; it must be (P, 3): x, y, z of each point")
    if array.dtype.kind not in "iuf":
        raise InputError(f"xyz is of type {array.dtype}; it must hold real numbers")
    return np.ascontiguousarray(array, dtype=np.float64)


def engine_colors(rgb: npt.ArrayLike, points: int) -> npt.NDArray[np.uint8]:
    """(points, 3) uint8 in C order; InputError: another shape or type."""
    array = _array(rgb, "rgb")
    if array.shape != (points, 3) or array.dtype != np.uint8:
        raise InputError(
            f"rgb has shape {array.shape} and type {array.dtype}; it must be ({points}, 3) of uint8: red, green, blue"
        )
    return np.ascontiguousarray(array)


def engine_values(values: npt.ArrayLike, points: int, names: Sequence[str]) -> npt.NDArray[np.float32]:
    """(points, values) float32 in C order from real numbers; InputError: another shape or type."""
    array = _array(values, "values")
    if array.shape != (points, len(names)) or array.dtype.kind not in "biuf":
        raise InputError(
            f"values have shape {array.shape} and type {array.dtype}; ({points}, {len(names)}) real numbers are "
            f"needed, the columns {', '.join(names) or 'none'}"
        )
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(array, dtype=np.float32)


def _array(given: npt.ArrayLike, name: str) -> npt.NDArray[Any]:
    try:
        return np.asarray(given)
    except (ValueError, TypeError, OverflowError) as error:
        raise InputError(f"{name} cannot be read as an array of numbers ({error})") from error
