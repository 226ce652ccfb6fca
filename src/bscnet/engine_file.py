"""Where the compiled engine lies in the package. setup.py, which builds it there, runs this file by itself."""

from __future__ import annotations

import sys
from pathlib import Path

_ENDINGS = {"darwin": ".dylib", "win32": ".dll"}
"""By the name of a platform (`sys.platform`); elsewhere a shared library is an .so."""


def engine_file(platform: str = sys.platform) -> Path:
    """The library's path below the package's folder, on this platform or another.

    Example:
        >>> engine_file("win32").as_posix()
        'runtime/libbscnet_engine.dll'
    """
    return Path("runtime", f"libbscnet_engine{_ENDINGS.get(platform, '.so')}")
