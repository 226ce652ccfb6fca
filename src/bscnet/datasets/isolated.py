"""Parsers of binary formats, run in a process of their own.

HDF5 and SciPy's reader of MATLAB v5 have no defence against every damaged byte: they may write beyond their memory,
crash, or never come to an end. They shall not do so in a process that trains, and that one needs no more of them than
small tables of numbers.
"""

from __future__ import annotations

import importlib
import io
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.errors import InputError

TIMEOUT_S = 120.0
"""Seconds; what is parsed here takes a small part of it, on a slow disk too."""

Tables = dict[str, npt.NDArray[Any]]

_REFUSED = 2


class ParsedFile:
    """The tables of a file, parsed at first use and again when its size or modification time has changed.

    A forked or pickled object has the tables already. parse: a module's function. what: what the file must hold, in
    words.
    """

    def __init__(self, path: Path, parse: Callable[[Path], Tables], what: str) -> None:
        self.path, self.parse, self.what = path, parse, what
        self._state: tuple[int, int] | None = None
        self._tables: Tables = {}

    def tables(self) -> Tables:
        """What `parse` returns for the file as it is now; InputError: no such file, or as of `run_isolated`."""
        try:
            stat = self.path.stat()
        except FileNotFoundError as error:
            raise InputError(f"{self.path}: no such file, it must hold {self.what}") from error
        except OSError as error:
            raise InputError(f"{self.path}: the file cannot be read ({error.strerror})") from error
        state = (stat.st_size, stat.st_mtime_ns)
        if state != self._state:
            self._tables, self._state = run_isolated(self.parse, self.path), state
        return self._tables


def run_isolated(parse: Callable[[Path], Tables], path: Path, timeout_s: float = TIMEOUT_S) -> Tables:
    """parse(path) from another process; its InputError is raised here, and one where the process crashes or hangs."""
    command = [sys.executable, "-m", __name__, parse.__module__, parse.__name__, str(path)]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=timeout_s)
    except subprocess.TimeoutExpired as error:
        raise InputError(f"{path}: the file is damaged, or cannot be read within {timeout_s:g} s") from error
    if done.returncode == _REFUSED:
        raise InputError(os.fsdecode(done.stdout))
    if done.returncode < 0:
        raise InputError(f"{path}: the file is damaged, its parser crashes on it (signal {-done.returncode})")
    if done.returncode != 0:
        raise RuntimeError(f"parsing {path} failed: {os.fsdecode(done.stderr).strip()[-500:]}")
    with np.load(io.BytesIO(done.stdout)) as tables:
        return dict(tables)


def main() -> int:
    """Write to stdout what a parser makes of a file; status 2 and a sentence if the file is refused.

    The command line names the parser's module, the parser and the file.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    module, name, path = sys.argv[1:]
    try:
        tables = getattr(importlib.import_module(module), name)(Path(path))
    except InputError as error:
        sys.stdout.buffer.write(os.fsencode(str(error)))
        return _REFUSED
    np.savez(sys.stdout.buffer, allow_pickle=False, **tables)
    return 0


if __name__ == "__main__":
    sys.exit(main())
