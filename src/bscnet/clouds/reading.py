"""Reading: how the clouds of a data set are to be understood; training reads by it, and model files carry it on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

COMPUTED = {"rgb": 3, "one": 1, "height": 1, "offset": 3}
"""Channels of the features that are computed from places and colours; any other name is one of a measured value."""

INVALID_POINTS = ("error", "drop")
"""What may be done with points whose coordinates are not finite: refuse the file, or leave them out."""

Range = tuple[float, float]


@dataclass(frozen=True)
class Reading:
    """What a data set says of its clouds' files.

    Attributes:
        units: of the coordinates of files that state none: a word of `units.UNITS`; None: nothing is known, and metres
            are taken.
        colors: largest value of a colour channel: a word of `colors.RANGES`.
        columns: names of the columns of text files; None: by their header line or number.
        invalid_points: a word of `INVALID_POINTS`.
        scale: of measured values: the raw (low, high) that become -1 and 1; values without an entry stay as they are.
        labels: number of class 0, 1, … in the data set's own files; empty: not known, and the class's own number is
            taken.
    """

    units: str | None = None
    colors: str = "auto"
    columns: tuple[str, ...] | None = None
    invalid_points: str = "error"
    scale: Mapping[str, Range] = field(default_factory=dict)
    labels: tuple[int, ...] = ()

    def scaled(self, name: str, values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """A measured value as a network takes it: (v - low) / (high - low) · 2 - 1 where it has a scale; (P,)."""
        plain = values.astype(np.float64)
        if name not in self.scale:
            return plain
        low, high = self.scale[name]
        scaled: npt.NDArray[np.float64] = (plain - low) / (high - low) * 2 - 1
        return scaled

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as the model file has them (docs/engine.md)."""
        return {
            "units": self.units,
            "colors": self.colors,
            "columns": None if self.columns is None else list(self.columns),
            "invalid_points": self.invalid_points,
            "scale": {name: [float(low), float(high)] for name, (low, high) in self.scale.items()},
            "labels": [int(label) for label in self.labels],
        }

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Reading:
        """Of what `as_dict` gave, which the engine or a checkpoint's reader has checked."""
        return cls(
            given["units"],
            given["colors"],
            None if given["columns"] is None else tuple(given["columns"]),
            given["invalid_points"],
            {name: (float(low), float(high)) for name, (low, high) in given["scale"].items()},
            tuple(int(label) for label in given["labels"]),
        )
