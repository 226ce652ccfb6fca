"""The package's compiled library: where it is, its functions with their C types, and errors as exceptions.

`bscnet.runtime` runs exported networks with it, `bscnet.sparse.native` trains with it.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bscnet.engine_file import engine_file
from bscnet.errors import InputError
from bscnet.installation import how_to_install
from bscnet.version import __version__

NO_MEMORY = 3

Signatures = Mapping[str, tuple[Any, tuple[Any, ...]]]
"""Of each function its result and arguments; arrays go as addresses."""

COMMON: Signatures = {"bscnet_last_error": (ctypes.c_char_p, ()), "bscnet_version": (ctypes.c_char_p, ())}
"""Of the functions that are called here."""


def open_library(signatures: Signatures) -> ctypes.CDLL:
    """The loaded library with the types of these functions set, and of those that `check` calls.

    Raises:
        InputError: it was not built, cannot be loaded, or belongs to another version of the package.
    """
    path = Path(__file__).resolve().parent / engine_file()
    advice = f"install bscnet again, with a C++ compiler where it is built: {how_to_install('')}"
    if not path.is_file():
        raise InputError(f"the compiled engine is missing from {path.parent}: {advice}")
    try:
        library = ctypes.CDLL(str(path))
        for name, (result, arguments) in {**COMMON, **signatures}.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    except (OSError, AttributeError) as error:
        raise InputError(f"the compiled engine {path} cannot be used ({error}): {advice}") from error
    version = library.bscnet_version().decode()
    if version != __version__:
        raise InputError(f"the compiled engine {path} is of version {version}, the package of {__version__}: {advice}")
    return library


def last_error(library: ctypes.CDLL) -> str:
    """What the last failed call of this thread found wrong."""
    return str(library.bscnet_last_error().decode("utf-8", "replace"))


def check(library: ctypes.CDLL, status: int) -> None:
    """Raise what a status other than 0 says, with the library's own sentence; to be called by the thread that failed.

    Raises:
        InputError: the file, the arrays or the call were refused.
        MemoryError: the machine has not enough memory.
    """
    if status == 0:
        return
    if status == NO_MEMORY:
        raise MemoryError(last_error(library))
    raise InputError(last_error(library))
