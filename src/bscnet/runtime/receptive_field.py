"""How far an output can see: which sites around a site its logits may depend on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bscnet.errors import InputError

MAX_RADIUS = 1_000_000
"""The largest radius that is stated; it stands for larger ones too, since no scene is wider than 65532 voxels."""

_GEOMETRIES = ("submanifold", "strided", "transposed", "pointwise")
_OPERATORS = ("conv", "map", "binarize", "concat", "pool")
_STEPS = ("affine", "prelu", "rprelu", "relu", "hardtanh", "bias", "float16", "add")


@dataclass(frozen=True)
class Reach:
    """A value at site s of its level depends on input sites from 2^level·s - low to 2^level·s + 2^level - 1 + high."""

    low: int = 0
    high: int = 0

    def __or__(self, other: Reach) -> Reach:
        return Reach(max(self.low, other.low), max(self.high, other.high))

    def grown(self, low: int, high: int) -> Reach:
        """The reach of what reads this value `low` and `high` level-0 voxels further out."""
        return Reach(self.low + low, self.high + high)


def receptive_radius(description: Mapping[str, Any]) -> int:
    """Voxels of level 0 that an output can see at most in any direction, over the instructions of a model's file.

    An upper bound that counts where sites are, not only their features: two scenes that are equal within this distance
    of a site (in the maximum norm) give it the same logits.

    Args:
        description: of a model (docs/engine.md): its values, instructions and output.

    Raises:
        InputError: an instruction that is not known here, which might see any distance.
    """
    levels = [value[1] for value in description["values"]]
    reach: dict[int, Reach] = {0: Reach()}
    for number, instruction in enumerate(description["instructions"]):
        _require_known(number, instruction)
        given = instruction["in"] if isinstance(instruction["in"], list) else [instruction["in"]]
        outputs = [value for key in ("out", "bits") if (value := instruction.get(key, -1)) >= 0]
        level = levels[outputs[0]]
        read = [*given, *(step[1] for step in instruction.get("steps", ()) if step[0] == "add")]
        total = Reach()
        for value in read:
            total |= _read(reach[value], levels[value], level)
        if instruction.get("geometry") == "submanifold":
            total |= _window(_read(reach[given[0]], level, level), instruction["shifts"], 1 << level)
        for value in outputs:
            reach[value] = total
    final = reach[description["output"]]
    return min(max(final.low, final.high), MAX_RADIUS)


def _require_known(number: int, instruction: Mapping[str, Any]) -> None:
    """All that an instruction reads by is one of the words above: of any other nobody here knows how far it sees."""
    words: list[tuple[str, str, tuple[str, ...]]] = [("operator", instruction["op"], _OPERATORS)]
    if instruction["op"] == "conv":
        words.append(("geometry", instruction["geometry"], _GEOMETRIES))
    words += [("step", step[0], _STEPS) for step in instruction.get("steps", ())]
    for what, word, known in words:
        if word not in known:
            raise InputError(
                f"the receptive field cannot be told: instruction {number} has the {what} '{word}', known are "
                f"{', '.join(known)}"
            )


def _read(reach: Reach, level: int, reader: int) -> Reach:
    """A value as its own level, a finer or a coarser one reads it; a parent covers its child and a sibling's place."""
    further = max(0, (1 << level) - (1 << reader))
    return reach.grown(further, further)


def _window(reach: Reach, shifts: list[list[int]], step: int) -> Reach:
    """3x3x3 cells around a site, moved by the shifts: cell k of a group reads offset k - shift."""
    components = [component for shift in shifts for component in shift]
    return reach.grown(step * max(0, 1 + max(components)), step * max(0, 1 - min(components)))
