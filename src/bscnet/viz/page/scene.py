"""What a page shows: one scene with whatever is known about its points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from bscnet.settings.words import PaletteName
from bscnet.viz.palette import DEFAULT

MAX_CLASSES = 255
"""Labels travel as one byte, and one value of it means "none of the classes"."""

VIEWS = ("colour", "truth", "prediction", "error", "confidence", "height")
"""What a page colours points by beside `values`, which must not be called so."""

_ROUNDING = 1e-5
FARTHEST_M = 1e9


@dataclass(frozen=True)
class PageScene:
    """A scene and what is known about each of its P points; the page offers a view for each thing that is.

    name: what the page calls the scene. points: (P, 3) metres, z up. colors: (P, 3) uint8, RGB. truth, prediction:
    (P,) class ids, anything outside the classes (such as -100) is ignored; None where there is none. confidence: (P,)
    in [0, 1], how sure the network is of its prediction. class_names: C names. facts: lines under the title, such as
    {"run": …, "model": …}. towards: unit vector to the camera at first; None: as it fits. palette: of the classes.
    values: (P,) of each name, further quantities such as an intensity, NaN where a point has none.

    Raises:
        ValueError: there is no point, shapes disagree, or a value is not finite or out of its range.
    """

    name: str
    points: npt.NDArray[np.floating]
    colors: npt.NDArray[np.uint8]
    truth: npt.NDArray[np.integer] | None
    prediction: npt.NDArray[np.integer] | None
    confidence: npt.NDArray[np.floating] | None
    class_names: Sequence[str]
    facts: Mapping[str, str] = field(default_factory=dict)
    towards: tuple[float, float, float] | None = None
    palette: PaletteName = DEFAULT
    values: Mapping[str, npt.NDArray[np.floating]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        count = len(self.points)
        if count == 0:
            raise ValueError(f"scene {self.name} has no points; a page needs at least one")
        for name, array, shape, kinds in (
            ("points", self.points, (count, 3), "f"),
            ("colors", self.colors, (count, 3), "u"),
            ("truth", self.truth, (count,), "iu"),
            ("prediction", self.prediction, (count,), "iu"),
            ("confidence", self.confidence, (count,), "f"),
            *((name, array, (count,), "f") for name, array in self.values.items()),
        ):
            if array is None:
                continue
            if array.shape != shape:
                raise ValueError(f"{name} of {self.name} has shape {tuple(array.shape)}; {shape} is needed")
            if array.dtype.kind not in kinds or (name == "colors" and array.dtype != np.uint8):
                wanted = {"f": "floats", "u": "uint8", "iu": "integers"}[kinds]
                raise ValueError(f"{name} of {self.name} is {array.dtype}; {wanted} are needed")
        if not (np.abs(self.points) <= FARTHEST_M).all():
            raise ValueError(f"points of {self.name} must be finite and within {FARTHEST_M:g} metres of the origin")
        sure = self.confidence
        if sure is not None and not ((sure >= -_ROUNDING) & (sure <= 1 + _ROUNDING)).all():
            raise ValueError(f"confidence of {self.name} must lie between 0 and 1")
        if taken := [name for name in self.values if name in VIEWS]:
            raise ValueError(f"{self.name} cannot have further values called {', '.join(taken)}")
        if len(self.class_names) > MAX_CLASSES:
            raise ValueError(f"{len(self.class_names)} classes; a page shows at most {MAX_CLASSES}")
