"""Builds of the engine apart from Python's, by the presets of csrc/CMakePresets.json, kept in build/csrc/."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path

from bscnet.errors import InputError

ROOT = Path(__file__).resolve().parents[1]
_PATH = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)])


def built(preset: str, *targets: str, wrapper: Sequence[str] = (), variables: Mapping[str, str] | None = None) -> Path:
    """The folder of a preset, in which these targets are up to date; all targets where none is named.

    Args:
        preset: its name in csrc/CMakePresets.json.
        targets: of csrc/CMakeLists.txt.
        wrapper: what CMake is started by, emcmake for instance.
        variables: environment variables beside those of this process.

    Raises:
        InputError: CMake or a compiler is missing, or fails.
    """
    cmake("--preset", preset, wrapper=wrapper, variables=variables)
    jobs = os.environ.get("CMAKE_BUILD_PARALLEL_LEVEL") or str(os.cpu_count() or 1)
    chosen = ["--target", *targets] if targets else []
    cmake("--build", "--preset", preset, "--parallel", jobs, *chosen, variables=variables)
    return ROOT / "build" / "csrc" / preset


def cmake(*words: str, wrapper: Sequence[str] = (), variables: Mapping[str, str] | None = None) -> str:
    """What CMake prints for these words of its command; wrapper and variables as for `built`.

    Raises:
        InputError: it is missing or fails.
    """
    program = shutil.which("cmake", path=_PATH)
    if program is None:
        raise InputError("the engine is built by CMake and Ninja, which are missing: pip install cmake ninja")
    return run([*wrapper, program, *words], {**os.environ, "PATH": _PATH, **(variables or {})})


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    """What a program prints, started in the folder of the engine's sources.

    Raises:
        InputError: it fails; the end of what it said is in the error.
    """
    done = subprocess.run(command, cwd=ROOT / "csrc", env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise InputError(f"{Path(command[0]).name} failed:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
    return done.stdout
