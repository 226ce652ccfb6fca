"""Augmentations of a training scene, as a list: which points are left out, how they are moved, how colours change."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from bscnet.data.augment import AFFINE_NOISE, COLOR_NOISE, Points, affine_noise, mirrored, rotation_z, transform
from bscnet.data.elastic import elastic, granularities
from bscnet.errors import InputError
from bscnet.settings.words import Augmentation


class Placing:
    """Points on their way from metres to voxels. Matrices are multiplied before they meet the points, once.

    points: (P, 3) metres, centred. scale: voxels per metre.
    """

    def __init__(self, points: Points, scale: float) -> None:
        self.scale = scale
        self._points: Points = points
        self._matrix, self._pending = np.eye(3) * scale, True

    def turn(self, matrix: npt.NDArray[np.float64]) -> None:
        """Multiply all positions by a matrix from the right."""
        self._matrix, self._pending = self._matrix @ matrix, True

    def move(self, positions: npt.NDArray[np.float64]) -> None:
        """Put the points anywhere: positions (P, 3) in voxels."""
        self._points, self._matrix, self._pending = positions, np.eye(3), False

    @property
    def positions(self) -> npt.NDArray[np.float64]:
        """(P, 3), voxels around the origin."""
        if self._pending:
            self.move(transform(self._points, self._matrix))
        return self._points.astype(np.float64, copy=False)


@runtime_checkable
class Thinning(Protocol):
    """Leaves points out, before anything else is done."""

    def kept(self, points: Points, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
        """(P,) mask of points (P, 3) in metres, never all False."""


@runtime_checkable
class Movement(Protocol):
    """Moves points, before the scene is put anywhere in the training cube."""

    def move(self, placing: Placing, rng: np.random.Generator) -> None:
        """Change the positions."""


@runtime_checkable
class Tint(Protocol):
    """Changes colours, after the scene has been placed."""

    def tint(self, count: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
        """What is added to the colours in [-1, 1] of `count` points: (3,) or (count, 3)."""


Transform = Thinning | Movement | Tint


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _within(owner: Any, option: str, low: float, high: float, above: bool = False) -> None:
    """Refuse a value that is not from `low` (not equal to it, where `above`) to `high`, and finite."""
    value = getattr(owner, option)
    if _is_number(value) and (value > low if above else value >= low) and value <= high:
        return
    name = next(name for name, kind in TRANSFORMS.items() if kind is type(owner))
    bound = f"{'above' if above else 'from'} {low:g}" + (f" to {high:g}" if math.isfinite(high) else "")
    raise InputError(f"the augmentation {name} has {option}={value}, which must be a number {bound}")


def _lengths(option: str, values: Any) -> tuple[float, ...]:
    """Those of elastic distortion's passes, in metres; InputError: it is no list of positive numbers."""
    listed = isinstance(values, Sequence) and not isinstance(values, str) and len(values) > 0
    if listed and all(_is_number(value) and value > 0 for value in values):
        return tuple(map(float, values))
    raise InputError(f"the augmentation elastic has {option}={values}, which must be a list of numbers above 0")


@dataclass(frozen=True)
class Dropout:
    """With a probability, leaves out a share of the points, each drawn by itself (Pointcept, RandomDropout)."""

    probability: float = 0.2
    share: float = 0.2

    def __post_init__(self) -> None:
        _within(self, "probability", 0, 1)
        _within(self, "share", 0, 1)

    def kept(self, points: Points, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
        """See `Thinning`."""
        if rng.uniform() >= self.probability:
            return np.ones(len(points), dtype=bool)
        kept = rng.uniform(size=len(points)) >= self.share
        kept[rng.integers(len(points))] = True  # a scene is never empty
        return kept


@dataclass(frozen=True)
class Crop:
    """With a probability, keeps an upright cylinder around a point that is drawn; radius: metres, or infinite."""

    radius: float
    probability: float = 1.0

    def __post_init__(self) -> None:
        if self.radius != math.inf:
            _within(self, "radius", 0, math.inf, above=True)
        _within(self, "probability", 0, 1)

    def kept(self, points: Points, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
        """See `Thinning`."""
        if self.probability < 1 and rng.uniform() >= self.probability:
            return np.ones(len(points), dtype=bool)
        plane = points[:, :2].astype(np.float64)
        away = plane - plane[rng.integers(len(plane))]
        return np.asarray(np.hypot(away[:, 0], away[:, 1]) <= self.radius)


@dataclass(frozen=True)
class Affine:
    """x M with M = I + std N(0, 1)^{3x3}, whose first element is then multiplied by ±1 (SparseConvNet's mirror)."""

    std: float = AFFINE_NOISE

    def __post_init__(self) -> None:
        _within(self, "std", 0, math.inf)

    def move(self, placing: Placing, rng: np.random.Generator) -> None:
        """See `Movement`."""
        placing.turn(mirrored(affine_noise(rng, self.std), rng))


@dataclass(frozen=True)
class Mirror:
    """x becomes -x with probability 1/2."""

    def move(self, placing: Placing, rng: np.random.Generator) -> None:
        """See `Movement`."""
        placing.turn(np.diag([1.0 - 2.0 * rng.integers(0, 2), 1.0, 1.0]))


@dataclass(frozen=True)
class Rotate:
    """By any angle about z."""

    def move(self, placing: Placing, rng: np.random.Generator) -> None:
        """See `Movement`."""
        placing.turn(rotation_z(rng.uniform(0.0, 2 * np.pi)))


@dataclass(frozen=True)
class Scale:
    """By a factor drawn evenly between two, the same on all axes."""

    low: float = 0.9
    high: float = 1.1

    def __post_init__(self) -> None:
        _within(self, "low", 0, math.inf, above=True)
        _within(self, "high", self.low, math.inf)

    def move(self, placing: Placing, rng: np.random.Generator) -> None:
        """See `Movement`."""
        placing.turn(np.eye(3) * rng.uniform(self.low, self.high))


@dataclass(frozen=True)
class Elastic:
    """With a probability, elastic distortion in passes, see `bscnet.data.elastic`.

    Attributes:
        probability: of a scene to be distorted.
        spacings: of each pass, metres between the nodes of its field; None: the two passes of SparseConvNet's example,
            in whole voxels as there.
        magnitudes: of each pass, metres that its noise is multiplied by; given with `spacings`.
    """

    probability: float = 1.0
    spacings: tuple[float, ...] | None = None
    magnitudes: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        _within(self, "probability", 0, 1)
        if self.spacings is None and self.magnitudes is None:
            return
        for option in ("spacings", "magnitudes"):
            object.__setattr__(self, option, _lengths(option, getattr(self, option)))
        if len(self.spacings or ()) != len(self.magnitudes or ()):
            raise InputError("the augmentation elastic needs as many spacings as magnitudes, one for each pass")

    def move(self, placing: Placing, rng: np.random.Generator) -> None:
        """See `Movement`."""
        if self.probability < 1 and rng.uniform() >= self.probability:
            return
        for granularity, magnitude in self._passes(placing.scale):
            placing.move(elastic(placing.positions, granularity, magnitude, rng))

    def _passes(self, scale: float) -> Sequence[tuple[float, float]]:
        """(granularity, magnitude) of each pass in voxels; the nodes of a field are two granularities apart."""
        if self.spacings is None or self.magnitudes is None:
            return granularities(scale)
        pairs = zip(self.spacings, self.magnitudes, strict=True)
        return [(spacing / 2 * scale, magnitude * scale) for spacing, magnitude in pairs]


@dataclass(frozen=True)
class ColorShift:
    """One N(0, std) for each channel of a scene; the range of colours is [-1, 1]."""

    std: float = COLOR_NOISE

    def __post_init__(self) -> None:
        _within(self, "std", 0, math.inf)

    def tint(self, count: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
        """See `Tint`."""
        return (self.std * rng.standard_normal(3)).astype(np.float32)


@dataclass(frozen=True)
class ColorJitter:
    """One N(0, std) for each channel of each point (Pointcept, ChromaticJitter)."""

    std: float = 0.1

    def __post_init__(self) -> None:
        _within(self, "std", 0, math.inf)

    def tint(self, count: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
        """See `Tint`."""
        return np.float32(self.std) * rng.standard_normal((count, 3), dtype=np.float32)


PAPER: tuple[Transform, ...] = (Affine(), Rotate(), ColorShift())
"""Those of the protocol (method section 9): conf/augmentation/paper.yaml."""

TRANSFORMS: dict[Augmentation, type[Any]] = {
    "dropout": Dropout,
    "crop": Crop,
    "affine": Affine,
    "mirror": Mirror,
    "rotate": Rotate,
    "scale": Scale,
    "elastic": Elastic,
    "color_shift": ColorShift,
    "color_jitter": ColorJitter,
}
"""What an entry of a list may be called."""


def read_transforms(entries: Sequence[str | Mapping[str, Any]]) -> tuple[Transform, ...]:
    """The augmentations of a list.

    Args:
        entries: a name each, or a mapping with `name` and options, such as `{name: scale, low: 0.8}`.

    Raises:
        InputError: an unknown name or option, one that is missing, or a value out of range.
    """
    return tuple(_read(entry) for entry in entries)


def _read(entry: str | Mapping[str, Any]) -> Transform:
    options = {"name": entry} if isinstance(entry, str) else dict(entry) if isinstance(entry, Mapping) else {}
    name = options.pop("name", None)
    if not isinstance(name, str) or name not in TRANSFORMS:
        raise InputError(f"the augmentation {entry!r} is not known: allowed are {', '.join(TRANSFORMS)}")
    kind = TRANSFORMS[name]
    known = [field.name for field in fields(kind)]
    for option in options:
        if option not in known:
            raise InputError(f"the augmentation {name} has no {option}, it has {', '.join(known) or 'no options'}")
    try:
        return kind(**options)
    except TypeError as error:  # an option that has no default
        needed = [field.name for field in fields(kind) if field.default is MISSING]
        lacking = ", ".join(option for option in needed if option not in options)
        raise InputError(f"the augmentation {name} needs {lacking}") from error
