"""Thread settings that libraries read from the environment when they load: the one place that sets them.

Idle threads of libgomp, which torch and MinkowskiEngine share, spin some 300,000 turns before they sleep. Beside
another busy process that takes the cores from the threads that have work, and a training step takes ten times as long;
the native backend's own threads suffer from it on a quiet machine too. Measured: benchmarks/training_notes.md.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

SPINS = 1000
"""Turns that an idle thread of libgomp spins; it takes the same number itself where threads outnumber the cores."""

COUNT = "OMP_NUM_THREADS"
_SPIN_COUNT, _OPENBLAS = "GOMP_SPINCOUNT", "OPENBLAS_NUM_THREADS"
_CHOICES = ("OMP_WAIT_POLICY", _SPIN_COUNT, "KMP_BLOCKTIME")
"""By which a user says how idle threads wait. KMP_BLOCKTIME is Intel's and LLVM's, never set here: torch's wheels
for Linux bring libgomp alone, and those two give the core up between their turns."""

_LIBRARY = re.compile(r"/(torch/lib/libgomp[^/\n]*|libgomp\.so[^/\n]*)$", re.MULTILINE)

_found: dict[str, str | None] = {}
_late = False


def limit_spinning() -> None:
    """Let idle threads of libgomp sleep soon, unless the user has said how they wait. Called when bscnet is imported.

    Where libgomp was loaded before, that has no effect on this process; `waiting` says so.
    """
    global _late
    if all(name not in os.environ for name in _CHOICES):
        _set(_SPIN_COUNT, SPINS)
        _late = libgomp_loaded()


def limit_openblas() -> None:
    """One thread of OpenBLAS in each OpenMP thread, unless the user has set another number; before it is loaded.

    It would start threads of its own inside every OpenMP thread of MinkowskiEngine: on two cores a training step then
    takes about three times as long.
    """
    if _OPENBLAS not in os.environ:
        _set(_OPENBLAS, 1)


def set_count(threads: int, replace: bool) -> None:
    """OpenMP's number of threads; one that stands there already stays unless it is to be replaced."""
    if replace or COUNT not in os.environ:
        _set(COUNT, threads)


def found_environment() -> dict[str, str]:
    """The environment as it was before anything was set here, for a process that is to be like a fresh one."""
    environment = {**os.environ, **_found}
    return {name: value for name, value in environment.items() if value is not None}


def waiting() -> str:
    """How idle OpenMP threads wait, in words.

    Raises:
        RuntimeError: libgomp was loaded before bscnet could say anything.
    """
    if _late:
        raise RuntimeError("libgomp was loaded before bscnet: its idle threads spin, and slow down whatever else runs")
    return ", ".join(f"{name} {os.environ[name]}" for name in _CHOICES if name in os.environ)


def libgomp_loaded() -> bool:
    """Whether the libgomp of torch or of the system is in this process; no where /proc does not tell."""
    try:
        return _LIBRARY.search(Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace")) is not None
    except OSError:
        return False


def _set(name: str, value: int) -> None:
    _found.setdefault(name, os.environ.get(name))
    os.environ[name] = str(value)
