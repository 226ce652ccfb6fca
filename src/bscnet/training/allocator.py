"""How the C library gives freed memory back while a network is trained."""

from __future__ import annotations

import ctypes
import os
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""`M_TRIM_THRESHOLD` and `M_MMAP_THRESHOLD` of glibc's mallopt."""

_KEPT_BYTES = 1 << 30
_LARGEST_BLOCK_BYTES = 32 << 20
"""The most that mallopt takes as a threshold."""


def keep_freed_memory() -> bool:
    """Have glibc keep what a training step frees for the next one, instead of giving it back and clearing it anew.

    Blocks beyond 32 MiB are given back all the same, and what is free beyond 1 GiB.

    Returns:
        whether it does: not without glibc, and not where a variable of the environment says how it allocates.
    """
    if sys.platform != "linux" or any(name.startswith("MALLOC_") for name in os.environ):
        return False
    if "glibc.malloc" in os.environ.get("GLIBC_TUNABLES", "") or not _is_glibc():
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return bool(mallopt(_MMAP_THRESHOLD, _LARGEST_BLOCK_BYTES) and mallopt(_TRIM_THRESHOLD, _KEPT_BYTES))


def _is_glibc() -> bool:
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc")
    except (ValueError, OSError):
        return False
