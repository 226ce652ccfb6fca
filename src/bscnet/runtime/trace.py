"""What a run computed on the way, value by value."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from bscnet.runtime.library import VISIT

What = Literal["real", "bits", "sums"]

_WHATS: tuple[What, ...] = ("real", "bits", "sums")


@dataclass(frozen=True)
class Trace:
    """One thing that an instruction computed.

    instruction, value: places in the lists of the model's description. what: a "real" value, "bits" as -1 and +1, or
    the integer "sums" of a bit convolution before its scale. coords: (N, 4) int32, batch, x, y, z in voxels of `level`;
    data: (N, C) float32, row by row theirs. The order of the rows is the engine's own.

    Examples:
        >>> from bscnet import runtime
        >>> session = runtime.load("indoor-5cm", threads=1)
        >>> steps = session.trace([[0, 0, 0, 0]], [[0.0, 0.0, 0.0]])
        >>> sorted({step.what for step in steps})
        ['bits', 'real', 'sums']
    """

    instruction: int
    what: What
    value: int
    level: int
    coords: npt.NDArray[np.int32]
    data: npt.NDArray[np.float32]


class Recorder:
    """Collects what the engine shows. An exception within the C call waits until `finish`."""

    def __init__(self) -> None:
        self._traces: list[Trace] = []
        self._failure: BaseException | None = None
        self.visit: Callable[..., Any] = VISIT(self._record)

    def _record(
        self, _: object, instruction: int, what: int, value: int, level: int, rows: int, channels: int, *arrays: Any
    ) -> None:
        if self._failure is not None:
            return
        try:
            coords, data = (
                _copied(pointer, rows, columns) for pointer, columns in zip(arrays, (4, channels), strict=True)
            )
            self._traces.append(Trace(instruction, _WHATS[what], value, level, coords, data))
        except BaseException as error:  # ctypes would print it and go on
            self._failure = error

    def finish(self) -> list[Trace]:
        """Everything shown, in order; raises what went wrong while it was recorded."""
        if self._failure is not None:
            raise self._failure
        return self._traces


def _copied(pointer: Any, rows: int, columns: int) -> npt.NDArray[Any]:
    """The engine's array, which is gone after the call, as one's own."""
    if rows == 0:
        return np.empty((0, columns), dtype=np.dtype(pointer._type_))
    size = rows * columns * ctypes.sizeof(pointer._type_)
    copy = np.empty((rows, columns), dtype=np.dtype(pointer._type_))
    ctypes.memmove(copy.ctypes.data, pointer, size)
    return copy
