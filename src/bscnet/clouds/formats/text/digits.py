"""Numbers as text that gives them back."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def digits(values: npt.NDArray[Any], point: bytes = b".") -> list[bytes]:
    """Each value as the shortest text whose nearest double it is, whole numbers with all their digits.

    A value in single precision is written as the double that it equals, so that whoever reads the text gets that
    very number and not a neighbour of it.

    Args:
        values: (P,) of numbers.
        point: between the whole and the broken part.
    """
    if values.dtype.kind == "b":
        values = values.astype(np.uint8)
    if values.dtype.kind in "iu":
        return [b"%d" % value for value in values.tolist()]
    texts = "\n".join(map(repr, values.astype(np.float64).tolist()))
    words = texts.encode().replace(b".", point).split(b"\n")
    return words if len(values) else []
