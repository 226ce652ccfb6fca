"""How the C library gives freed memory back while a network is trained."""

from __future__ import annotations

import ctypes
import os
import sys

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
"""`M_TRIM_THRESHOLD` and `M_MMAP_MAX` of glibc's mallopt."""

_NEVER = -1
"""As a threshold: the heap does not shrink."""


def keep_freed_memory() -> bool:
    """Have glibc keep what a training step frees for the next one, instead of giving it back and clearing it anew.

    The process stays as large as its largest step has been, as with torch's allocator of a GPU. Large blocks lie in the
    heap too, which may leave holes: 2 % of the peak where scenes of 100,000 to 500,000 sites take turns.

    Returns:
        whether it does: not without glibc, and not where a variable of the environment says how it allocates.
    """
    if sys.platform != "linux" or any(name.startswith("MALLOC_") for name in os.environ):
        return False
    if "glibc.malloc" in os.environ.get("GLIBC_TUNABLES", "") or not _is_glibc():
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return bool(mallopt(_MMAP_MAX, 0) and mallopt(_TRIM_THRESHOLD, _NEVER))


def _is_glibc() -> bool:
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc")
    except (ValueError, OSError):
        return False
