"""Builder: writes a program instruction by instruction, every result a real value; `bscnet.export.fuse` tidies up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from bscnet.export.affine import fma
from bscnet.export.program import (
    RISE,
    Binarize,
    Binarizer,
    Bytes,
    Concat,
    Conv,
    Floats,
    Geometry,
    Instruction,
    Map,
    Pool,
    Program,
    Step,
    Value,
)
from bscnet.export.threshold import sign_threshold
from bscnet.sparse.offsets import Shift

_MONOTONE = ("affine", "bias")


class Builder:
    """A program in the making.

    Args:
        in_channels: features of a site.
    """

    def __init__(self, in_channels: int) -> None:
        self.values = [Value("real", 0, in_channels)]
        self.instructions: list[Instruction] = []

    def finish(self, output: int) -> Program:
        """The program so far, with its output."""
        return Program(self.values, self.instructions, output)

    def channels(self, value: int) -> int:
        """Of a value."""
        return self.values[value].channels

    def level(self, value: int) -> int:
        """Of a value."""
        return self.values[value].level

    def conv(
        self,
        geometry: Geometry,
        source: int,
        weight: npt.NDArray[np.generic],
        scale: Floats | None = None,
        shifts: tuple[Shift, ...] = ((0, 0, 0),),
        steps: Sequence[Step] = (),
    ) -> int:
        """A convolution of a real value, or of bits where it has a scale; the real value it gives."""
        channels = weight.shape[1] if scale is not None else weight.shape[2]
        out = self._new("real", self.level(source) + RISE[geometry], channels)
        self.instructions.append(
            Conv([source], out, steps=list(steps), geometry=geometry, weight=weight, scale=scale, shifts=shifts)
        )
        return out

    def pool(self, kind: Literal["avg", "max"], source: int) -> int:
        """Pooling to the next coarser level."""
        out = self._new("real", self.level(source) + 1, self.channels(source))
        self.instructions.append(Pool([source], out, kind=kind))
        return out

    def map(self, source: int, steps: Sequence[Step]) -> int:
        """Steps on a real value; the value itself where there are none. The same steps twice are done once."""
        if not steps:
            return source
        for known in self.instructions:
            if isinstance(known, Map) and known.inputs == [source] and _same_steps(known.steps, steps):
                return known.out
        out = self._new("real", self.level(source), self.channels(source))
        self.instructions.append(Map([source], out, steps=list(steps)))
        return out

    def concat(self, parts: Sequence[int], level: int) -> int:
        """Real values along channels on a level's sites; coarser ones are unpooled."""
        out = self._new("real", level, sum(self.channels(part) for part in parts))
        self.instructions.append(Concat(list(parts), out))
        return out

    def sign(self, source: int, steps: Sequence[Step]) -> int:
        """Bits of ``sign(steps(value))``; of a concatenation, straight from its parts. The same twice is done once."""
        monotone = len(steps)
        while monotone and steps[monotone - 1].kind in _MONOTONE:
            monotone -= 1
        source = self.map(source, steps[:monotone])
        binarizer = _binarizer(steps[monotone:], self.channels(source))
        parts = self._parts(source)
        for known in self.instructions:
            if isinstance(known, Binarize) and known.inputs == parts and binarizer.same(_given(known.binarizer)):
                return known.bits
        bits = self._new("bits", self.level(source), self.channels(source))
        self.instructions.append(Binarize(parts, bits=bits, binarizer=binarizer))
        return bits

    def _parts(self, source: int) -> list[int]:
        for known in self.instructions:
            if isinstance(known, Concat) and known.out == source:
                alike = all(self.level(part) == self.level(source) for part in known.inputs)
                return list(known.inputs) if alike else [source]
        return [source]

    def _new(self, kind: Literal["real", "bits"], level: int, channels: int) -> int:
        self.values.append(Value(kind, level, channels))
        return len(self.values) - 1


def _binarizer(steps: Sequence[Step], channels: int) -> Binarizer:
    if not steps:  # sign(v) itself; the bisection would find the same 0
        return Binarizer(np.zeros(channels, np.float32), np.zeros(channels, np.uint8))

    def apply(x: Floats) -> Floats:
        for step in steps:
            x = fma(x, *step.tensors) if step.kind == "affine" else x + step.tensors[0]
        return x

    return Binarizer(*sign_threshold(apply, channels))


def _same_steps(one: Sequence[Step], other: Sequence[Step]) -> bool:
    return len(one) == len(other) and all(
        a.kind == b.kind
        and a.value == b.value
        and all(np.array_equal(x, y) for x, y in zip(a.tensors, b.tensors, strict=True))
        for a, b in zip(one, other, strict=True)
    )


def _given(binarizer: Binarizer | None) -> Binarizer:
    assert binarizer is not None  # every Binarize has one
    return binarizer


def pack_signs(signs: npt.NDArray[np.bool_]) -> Bytes:
    """``(K, C_in, C_out)``, True for a weight of +1 -> ``(K, C_out, ceil(C_in / 8))``, lowest bit first, pad bits 0."""
    return np.packbits(signs.transpose(0, 2, 1), axis=2, bitorder="little")
