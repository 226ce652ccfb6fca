"""The machine that is measured on."""

from __future__ import annotations

import platform
from pathlib import Path

FEATURES = ("avx2", "fma", "avx512f", "avx512_vpopcntdq", "avx512_bf16", "amx_tile", "amx_bf16", "amx_int8", "asimd")
"""Instructions that kernels here may use, as Linux calls them."""


def processor() -> str:
    """The CPU's own name."""
    return _entry("model name") or platform.processor() or platform.machine()


def features() -> list[str]:
    """Which of FEATURES the CPU has; empty where the system does not say."""
    there = (_entry("flags") or _entry("Features") or "").split()
    return [name for name in FEATURES if name in there]


def _entry(name: str) -> str | None:
    """What /proc/cpuinfo says first under a name."""
    cpuinfo = Path("/proc/cpuinfo")
    for line in cpuinfo.read_text().splitlines() if cpuinfo.exists() else []:
        if line.partition(":")[0].strip() == name:
            return line.split(":", 1)[1].strip()
    return None
