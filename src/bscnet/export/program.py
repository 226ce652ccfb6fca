"""Program: a network as a list of instructions over values, in plain arrays; what a model file holds.

A value has one row for each site of its level: ``real`` (float32) or ``bits`` (packed signs). Level l has the distinct
``floor(u / 2^l)`` of the sites u. Value 0 is the input; each value is defined once, before it is used.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from bscnet.export.affine import Floats
from bscnet.sparse.offsets import Shift

Bytes = npt.NDArray[np.uint8]
Geometry = Literal["submanifold", "strided", "transposed", "pointwise"]
StepKind = Literal["affine", "prelu", "rprelu", "relu", "hardtanh", "bias", "float16", "add"]

CELLS: dict[str, int] = {"submanifold": 27, "strided": 8, "transposed": 8, "pointwise": 1}
RISE: dict[str, int] = {"submanifold": 0, "strided": 1, "transposed": -1, "pointwise": 0}
"""Levels from a convolution's input up to its output."""

NONE = -1
"""In place of a value that an instruction does not write."""


@dataclass(frozen=True)
class Value:
    """Kind "real" or "bits", level (0 finest) and channels."""

    kind: Literal["real", "bits"]
    level: int
    channels: int


@dataclass(frozen=True)
class Step:
    """One operation on the result v of an instruction, channel by channel in float32.

    ``affine``: fma(v, a, b) · ``prelu``: v > 0 ? v : a v · ``rprelu``: t = v - a, (t > 0 ? t : b t) + c ·
    ``relu``: max(v, 0) · ``hardtanh``: clamp to [-1, 1] · ``bias``: v + a · ``float16``: the nearest number of
    float16, at most ±65504 · ``add``: v + value, at the site or, where
    the value is a level coarser, at its parent.

    Attributes:
        kind: see above.
        tensors: a, b, c as far as the kind has them, ``(C,)`` each.
        value: of ``add``.
    """

    kind: StepKind
    tensors: tuple[Floats, ...] = ()
    value: int = NONE

    def as_list(self) -> list[Any]:
        """As the file's description has it."""
        return [self.kind, self.value] if self.kind == "add" else [self.kind]


@dataclass(frozen=True)
class Binarizer:
    """Packing to signs: ``bit = (v >= threshold) XOR flip``; a set bit is +1. Both ``(C,)``; flips are 0 or 1."""

    threshold: Floats
    flip: Bytes

    def same(self, other: Binarizer) -> bool:
        """Whether both give the same bits whatever the value."""
        return np.array_equal(self.threshold, other.threshold) and np.array_equal(self.flip, other.flip)


@dataclass
class Instruction(ABC):
    """What every instruction has.

    Attributes:
        inputs: values it reads, besides those its steps add.
        out: the real value it writes, or NONE.
        bits: the packed value it writes, or NONE.
        binarizer: of ``bits``.
        steps: on its result, in order; of convolutions and maps.
    """

    inputs: list[int]
    out: int = NONE
    bits: int = NONE
    binarizer: Binarizer | None = None
    steps: list[Step] = field(default_factory=list)

    def reads(self) -> list[int]:
        """All values it reads."""
        return [*self.inputs, *(step.value for step in self.steps if step.kind == "add")]

    def rows(self) -> list[Floats]:
        """What has a number a channel of the result, in the file's order: a, b, c of the steps, the threshold."""
        of_steps = [tensor for step in self.steps for tensor in step.tensors]
        return of_steps if self.binarizer is None else [*of_steps, self.binarizer.threshold]

    @abstractmethod
    def as_dict(self) -> dict[str, Any]:
        """As the file's description has it: words and numbers of values, no array."""


@dataclass
class Conv(Instruction):
    """A sparse convolution of one value.

    Attributes:
        geometry: where it reads and writes.
        weight: real ``(K, C_in, C_out)`` float32 or float16; of bits ``(K, C_out, ceil(C_in / 8))`` uint8, bit j of
            byte b set where the weight of input channel 8b + j is +1.
        scale: ``(C_out,)`` of a convolution of bits; None for a real one.
        shifts: of a submanifold convolution: one for each contiguous group of output channels.
    """

    geometry: Geometry = "pointwise"
    weight: npt.NDArray[np.generic] = field(default_factory=lambda: np.empty((0, 0, 0), np.float32))
    scale: Floats | None = None
    shifts: tuple[Shift, ...] = ((0, 0, 0),)

    def rows(self) -> list[Floats]:
        """The scale stands before the others."""
        return super().rows() if self.scale is None else [self.scale, *super().rows()]

    def as_dict(self) -> dict[str, Any]:
        """Shifts are those of a submanifold convolution alone."""
        shifts = {"shifts": [list(shift) for shift in self.shifts]} if self.geometry == "submanifold" else {}
        return {
            "op": "conv",
            "geometry": self.geometry,
            "operand": "real" if self.scale is None else "bits",
            "in": self.inputs[0],
            "out": self.out,
            "bits": self.bits,
            **shifts,
            "steps": [step.as_list() for step in self.steps],
        }


@dataclass
class Binarize(Instruction):
    """The inputs, concatenated along channels, to bits."""

    def as_dict(self) -> dict[str, Any]:
        """See the base class."""
        return {"op": "binarize", "in": self.inputs, "bits": self.bits}


@dataclass
class Pool(Instruction):
    """To the next coarser level: ``avg`` (sum of the active children / 8) or ``max``."""

    kind: Literal["avg", "max"] = "avg"

    def as_dict(self) -> dict[str, Any]:
        """See the base class."""
        return {"op": "pool", "kind": self.kind, "in": self.inputs[0], "out": self.out}


@dataclass
class Map(Instruction):
    """Steps on a real value."""

    def as_dict(self) -> dict[str, Any]:
        """See the base class."""
        steps = [step.as_list() for step in self.steps]
        return {"op": "map", "in": self.inputs[0], "out": self.out, "bits": self.bits, "steps": steps}


@dataclass
class Concat(Instruction):
    """Real values along channels; one of the next coarser level gives each site its parent's row."""

    def as_dict(self) -> dict[str, Any]:
        """See the base class."""
        return {"op": "concat", "in": self.inputs, "out": self.out}


@dataclass
class Program:
    """A network.

    Attributes:
        values: all values; number 0 is the input.
        instructions: in the order they run.
        output: the real value of level 0 that holds the class scores.
    """

    values: list[Value]
    instructions: list[Instruction]
    output: int

    @property
    def levels(self) -> int:
        """Number of resolutions."""
        return 1 + max(value.level for value in self.values)

    @property
    def in_channels(self) -> int:
        """Features of a site."""
        return self.values[0].channels

    @property
    def num_classes(self) -> int:
        """Scores of a site."""
        return self.values[self.output].channels
