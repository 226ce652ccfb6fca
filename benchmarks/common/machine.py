"""The machine that is measured on."""

from __future__ import annotations

import platform
from pathlib import Path


def processor() -> str:
    """The CPU's own name."""
    cpuinfo = Path("/proc/cpuinfo")
    for line in cpuinfo.read_text().splitlines() if cpuinfo.exists() else []:
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
