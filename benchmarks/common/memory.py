"""Memory of this process, as Linux counts it."""

from __future__ import annotations

import contextlib
from pathlib import Path


def peak_mb() -> float:
    """MB of the process's largest resident set since `forget_peak`.

    Not getrusage's ru_maxrss: Linux hands the parent's peak down to a process it starts.
    """
    return _status_mb("VmHWM")


def resident_mb() -> float:
    """MB resident now."""
    return _status_mb("VmRSS")


def forget_peak() -> bool:
    """Let the peak begin anew at what is resident now; whether the machine allows it.

    Some containers do not: then the peak of the imports stays.
    """
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return peak_mb() - resident_mb() < 1


def _status_mb(entry: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith(f"{entry}:"))) / 1024
