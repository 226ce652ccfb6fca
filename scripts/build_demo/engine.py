"""The engine in WebAssembly, compiled by Emscripten."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from engine_presets import built

TOOLS = ("emcmake", "em++", "node")


def missing(*more: str) -> str | None:
    """A sentence about the tools that are not there, None where all are; more: others beside those of the engine."""
    absent = [tool for tool in (*TOOLS, *more) if shutil.which(tool) is None]
    if not absent:
        return None
    return f"there is no WebAssembly without {', '.join(absent)} (Debian: apt-get install emscripten nodejs npm)"


def compiled() -> tuple[Path, Path]:
    """Folders of bscnet.js and bscnet.wasm, with vectors and without them, compiled if they are not up to date.

    Raises:
        InputError: they cannot be compiled.
    """
    # Debian's Emscripten looks for its parser of JavaScript where only Debian's node does.
    paths = os.pathsep.join(filter(None, [os.environ.get("NODE_PATH"), "/usr/share/nodejs"]))
    presets = ("wasm", "wasm-scalar")
    vectors, scalar = (built(preset, wrapper=["emcmake"], variables={"NODE_PATH": paths}) for preset in presets)
    return vectors, scalar
