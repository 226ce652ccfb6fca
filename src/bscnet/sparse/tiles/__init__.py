"""The torch backend's own engine for CUDA: sparse convolutions as masked implicit GEMMs in Triton.

Neighbours along z lie next to each other when sites are sorted, so the 5x5x5 neighbourhood of a site is 25 words: where
each run along z begins, and which of its five cells are there. Sites with alike neighbourhoods are put into tiles of
128. A program makes the outputs of one tile: for each cell that any of its sites has, it gathers the rows, multiplies
them by the cell's weight and adds up in registers. No gathered row is ever written to memory, and nothing is added
atomically, so that results are the same in every run.

Nothing here imports Triton before a kernel is launched.
"""

from __future__ import annotations

import importlib.util
from functools import cache


@cache
def available() -> bool:
    """Whether Triton is installed, and with it this engine."""
    return importlib.util.find_spec("triton") is not None
