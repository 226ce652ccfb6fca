"""Labelled points as a binary PLY file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from bscnet.errors import InputError

_NAMES = {"f4": "float", "f8": "double", "u1": "uchar", "u2": "ushort"}


class LabelledPly:
    """x, y, z; red, green, blue of the class; label (class id); confidence (0..1). Class names stand in comments."""

    def __init__(
        self,
        stream: BinaryIO,
        num_points: int,
        coordinates: np.dtype[Any],
        class_names: Sequence[str],
        palette: npt.NDArray[np.uint8],
        comments: Sequence[str] = (),
    ) -> None:
        """coordinates: float32 or float64. palette: (classes, 3) uint8, RGB."""
        self._stream, self._palette = stream, palette
        axis = f"<{coordinates.kind}{coordinates.itemsize}"
        label = "u1" if len(class_names) <= 256 else "<u2"
        self._dtype = np.dtype(
            [*((name, axis) for name in "xyz"), *((name, "u1") for name in ("red", "green", "blue")),
             ("label", label), ("confidence", "<f4")]
        )  # fmt: skip
        told = [*comments, *(f"class {index} {name}" for index, name in enumerate(class_names))]
        lines = ["ply", "format binary_little_endian 1.0", *(f"comment {_plain(text)}" for text in told)]
        lines.append(f"element vertex {num_points}")
        for name in self._dtype.names or ():
            kind = self._dtype[name].str[1:]
            lines.append(f"property {_NAMES[kind]} {name}")
        stream.write(("\n".join([*lines, "end_header"]) + "\n").encode("ascii"))

    def write(
        self,
        axes: Sequence[npt.NDArray[Any]],
        labels: npt.NDArray[np.unsignedinteger],
        confidence: npt.NDArray[np.float32],
    ) -> None:
        """Points more: x, y, z, labels and confidence, each (P,)."""
        records = np.empty(len(labels), dtype=self._dtype)
        for name, axis in zip("xyz", axes, strict=True):
            records[name] = axis
        for channel, name in enumerate(("red", "green", "blue")):
            records[name] = self._palette[labels, channel]
        records["label"], records["confidence"] = labels, confidence
        self._stream.write(records.view(np.uint8).data)


def check_output(path: Path, option: str, inputs: Sequence[Path]) -> None:
    """Refuse a file that cannot be written or that is one of the inputs.

    Raises:
        InputError: its folder is missing, it is a folder itself, or it is an input.
    """
    if not path.parent.is_dir():
        raise InputError(f"{option} {path}: the folder {path.parent} does not exist")
    if path.is_dir():
        raise InputError(f"{option} {path}: this is a folder, a file name is needed")
    for other in inputs:
        if path.absolute() == other.absolute() or (path.exists() and other.exists() and path.samefile(other)):
            raise InputError(f"{option} {path}: this would overwrite {other}, which is read; give another name")


def _plain(text: str) -> str:
    """One line of printable ASCII, as a PLY header holds it."""
    return " ".join(text.encode("ascii", "backslashreplace").decode("ascii").split())
