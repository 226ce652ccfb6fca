"""The engine in WebAssembly, compiled by Emscripten."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from bscnet.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("make", "em++", "node")


def missing(*more: str) -> str | None:
    """A sentence about the tools that are not there, None where all are; more: others beside those of the engine."""
    absent = [tool for tool in (*TOOLS, *more) if shutil.which(tool) is None]
    if not absent:
        return None
    return f"there is no WebAssembly without {', '.join(absent)} (Debian: apt-get install make emscripten nodejs npm)"


def compiled() -> tuple[Path, Path]:
    """Folders of bscnet.js and bscnet.wasm, with vectors and without them, compiled if they are not up to date.

    Raises:
        InputError: they cannot be compiled.
    """
    folder = ROOT / "build" / "csrc"
    jobs = os.environ.get("MAX_JOBS") or os.cpu_count() or 1
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "SANITIZE")}
    run(["make", "-C", str(ROOT / "csrc"), f"-j{jobs}", "wasm", f"BUILD={folder}"], environment)
    return folder.with_name("csrc-wasm"), folder.with_name("csrc-wasm-scalar")


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    """What a program prints.

    Raises:
        InputError: it fails; the end of what it said is in the error.
    """
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise InputError(f"{Path(command[0]).name} failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout
