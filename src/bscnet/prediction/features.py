"""The feature recipe of a model: how a voxel's features come from the colours of its points."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.errors import InputError


@dataclass(frozen=True)
class ColourFeatures:
    """f = mean colour of the voxel's points (0..255) / scale + offset, a channel each for red, green and blue."""

    scale: float
    offset: float

    @classmethod
    def of(cls, recipe: object, in_channels: int) -> ColourFeatures:
        """The recipe in a model's description.

        Raises:
            InputError: it asks for something else than the colours of a cloud.
        """
        if not isinstance(recipe, Mapping) or recipe.get("kind") != "rgb" or in_channels != 3:
            raise InputError(
                f"the model takes {in_channels} channels of features {recipe!r}; a coloured cloud gives 3 of kind 'rgb'"
            )
        numbers: list[Any] = [recipe.get("scale"), recipe.get("offset")]
        sound = all(isinstance(number, int | float) and math.isfinite(number) for number in numbers)
        if not sound or not numbers[0]:
            raise InputError(
                f"the model's features {dict(recipe)!r} need a finite scale other than 0 and a finite offset"
            )
        return cls(*numbers)

    def __call__(self, sums: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """(V, 3) float32 from the sums of the points' colours (V, 3) and the points' numbers (V,)."""
        return (sums / counts[:, None] / self.scale + self.offset).astype(np.float32)
