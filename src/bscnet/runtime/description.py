"""What a model's file says of itself, in one shape for both versions of the format (docs/engine.md)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from bscnet.clouds.reading import COMPUTED, Reading
from bscnet.errors import InputError
from bscnet.runtime.receptive_field import receptive_radius


@dataclass(frozen=True)
class Features:
    """How the features of a site come from the points of a cloud.

    Attributes:
        kind: "cloud": means over a voxel's points; "given": from elsewhere, only the caller knows how.
        names: of the features, in the order of their channels; see `bscnet.data.features`.
        scale, offset: rgb is colour (0 to 255) / scale + offset.

    Examples:
        >>> from bscnet import runtime
        >>> runtime.load("indoor-5cm").features.names
        ('rgb',)
    """

    kind: Literal["cloud", "given"]
    names: tuple[str, ...]
    scale: float = 127.5
    offset: float = -1.0

    @property
    def values(self) -> tuple[str, ...]:
        """Names of the measured values among them."""
        return tuple(name for name in self.names if name not in COMPUTED) if self.kind == "cloud" else ()

    @property
    def colored(self) -> bool:
        """Whether they need colours."""
        return self.kind == "cloud" and "rgb" in self.names


class Description:
    """A description that the engine has checked.

    Args:
        text: JSON, UTF-8.
        num_classes: of the program.

    Attributes:
        entries: the JSON object.
        version: of the format, 1 or 2.
        class_names: name of class 0, 1, …
        voxel_size: side of a voxel in metres.
        features: how they are made.
        reading: how the data set's clouds are read; of version 1 the scale of measured values, all else unsaid.

    Raises:
        InputError: it is not what the engine and this package rely on.
    """

    def __init__(self, text: bytes, num_classes: int) -> None:
        try:
            self.entries: dict[str, Any] = json.loads(text.decode("utf-8"))
            self.version = int(self.entries["version"])
            self.class_names = tuple(self.entries["class_names"])
            self.voxel_size = float(self.entries["voxel_size"])
            self.features = _features(self.entries["features"])
            self.reading = _reading(self.entries)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise InputError(f"the model's description cannot be read ({type(error).__name__}: {error})") from error
        sound = len(self.class_names) == num_classes and all(isinstance(name, str) for name in self.class_names)
        if not (sound and math.isfinite(self.voxel_size) and self.voxel_size > 0):
            raise InputError(
                f"the model's description is wrong: {num_classes} class names and a positive voxel size are needed"
            )

    @property
    def reading_is_known(self) -> bool:
        """Whether the file says how clouds are read; version 1 does not."""
        return self.version > 1

    @cached_property
    def radius(self) -> int:
        """Voxels that an output can see at most; see `receptive_radius`."""
        return int(self.entries["radius"]) if self.version > 1 else receptive_radius(self.entries)


def _features(recipe: Mapping[str, Any]) -> Features:
    if recipe["kind"] == "given":
        return Features("given", tuple(recipe["names"]))
    names = ("rgb",) if recipe["kind"] == "rgb" else tuple(recipe["names"])  # "rgb" is of version 1
    return Features("cloud", names, float(recipe["scale"]), float(recipe["offset"]))


def _reading(entries: Mapping[str, Any]) -> Reading:
    if "reading" in entries:
        return Reading.from_dict(entries["reading"])
    ranges = entries["features"].get("ranges", {})
    return Reading(scale={name: (float(low), float(high)) for name, (low, high) in ranges.items()})
