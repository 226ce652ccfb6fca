"""The bytes of a LAS point: its standard dimensions, by laspy's names, and its extra ones."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.clouds.columns import AXES
from bscnet.clouds.fields import Field
from bscnet.clouds.formats.las.extra import Extra, unique_name

_RAW_AXES = ("X", "Y", "Z")

Values = npt.NDArray[Any]


class PointLayout:
    """Where in a point's bytes its values are.

    Args:
        point_format: 0 to 10.
        extras: dimensions behind those of the format.

    Attributes:
        dtype: of a point as it is stored.
        fields: x, y and z, the standard dimensions, the extra ones; several values in a byte are a field each.
        extras: by the name of their field, which is theirs unless another has it, too.
    """

    def __init__(self, point_format: int, extras: Sequence[Extra] = ()) -> None:
        import laspy

        self.point_format = point_format
        self._record, self._standard = laspy.PackedPointRecord, laspy.PointFormat(point_format)
        stored = self._standard.dtype()
        standard = [name for name in self._standard.dimension_names if name not in _RAW_AXES]
        taken = {*AXES, *standard, *stored.names}
        self.extras: dict[str, Extra] = {}
        for extra in extras:
            name = unique_name(extra.name, taken)
            taken.add(name)
            self.extras[name] = extra
        behind = [(name, extra.dtype, extra.shape) for name, extra in self.extras.items()]
        self.dtype = np.dtype([*((name, stored[name]) for name in stored.names), *behind])
        one = np.zeros(1, self.dtype)
        names = [*AXES, *standard, *self.extras]
        shown = {name: self.values(one, name) for name in names}
        self.fields = tuple(Field(name, shown[name].dtype, shown[name].shape[1:]) for name in names)

    @property
    def names(self) -> Collection[str]:
        """Of the fields."""
        return [field.name for field in self.fields]

    def values(
        self, points: Values, name: str, scales: Sequence[float] = (1, 1, 1), offsets: Sequence[float] = (0, 0, 0)
    ) -> Values:
        """A field of points (P,) of `dtype`: a copy; scales, offsets: of x, y and z."""
        if name in AXES:
            axis = AXES.index(name)
            with np.errstate(all="ignore"):  # a damaged scale
                placed: Values = points[_RAW_AXES[axis]] * np.float64(scales[axis]) + np.float64(offsets[axis])
            return placed
        if name in self.extras:
            return self.extras[name].values(points[name])
        return np.array(self._record(points, self._standard)[name])

    def largest(self, name: str) -> int | None:
        """The largest value of a standard dimension that has only some bits of a byte; None of all others."""
        bits = {one.name: one.num_bits for one in self._standard.dimensions}[name]
        return None if bits % 8 == 0 else 2**bits - 1

    def put(self, points: Values, name: str, values: Values) -> None:
        """Set a standard dimension, which must be able to hold the values, or an extra one as it is stored."""
        if name in self.extras:
            points[name] = values
        else:
            self._record(points, self._standard)[name] = values
