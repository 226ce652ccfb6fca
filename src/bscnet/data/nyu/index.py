"""Where the pixels of the labelled file are, found in a process of its own.

HDF5 has no defence against every damaged byte: its library may write beyond its memory, crash, or never come to an
end. It shall not do so in a process that trains, and needs not: that one only takes over a table of places.
"""

from __future__ import annotations

import io
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np

from bscnet.data.nyu.layout import Tables, locate
from bscnet.errors import InputError

TIMEOUT_S = 120.0
"""Seconds; the tables of the owners' file on a slow disk take a small part of it."""

_REFUSED = 2


def find_index(path: Path, timeout_s: float = TIMEOUT_S) -> Tables:
    """What `locate` says, from another process; InputError as there, and also where that process crashes or hangs."""
    _refuse_other_formats(path)
    command = [sys.executable, "-m", __name__, str(path)]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=timeout_s)
    except subprocess.TimeoutExpired as error:
        raise InputError(f"{path}: the file is damaged, or cannot be read within {timeout_s:g} s") from error
    if done.returncode == _REFUSED:
        raise InputError(os.fsdecode(done.stdout))
    if done.returncode < 0:
        raise InputError(f"{path}: the file is damaged, the HDF5 library crashes on it (signal {-done.returncode})")
    if done.returncode != 0:
        raise RuntimeError(f"reading the index of {path} failed: {os.fsdecode(done.stderr).strip()[-500:]}")
    with np.load(io.BytesIO(done.stdout)) as tables:
        return dict(tables)


def _refuse_other_formats(path: Path) -> None:
    """InputError in words, where the library would only say that this is no HDF5."""
    try:
        with path.open("rb") as stream:
            head = stream.read(1024)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file, it holds the images of NYU Depth v2") from error
    except OSError as error:
        raise InputError(f"{path}: the file cannot be read ({error.strerror})") from error
    if head.startswith(b"MATLAB 5.0"):
        raise InputError(f"{path}: the file is MATLAB v5, it must be v7.3 as its owners ship it")
    if b"\x89HDF\r\n\x1a\n" not in (head[:8], head[512:520]):
        raise InputError(f"{path}: the file is empty, cut off or no MATLAB v7.3 file")


def main() -> int:
    """Write the tables of the file that the command line names to stdout; status 2 and a sentence if it is refused."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        tables = locate(Path(sys.argv[1]))
    except InputError as error:
        sys.stdout.buffer.write(os.fsencode(str(error)))
        return _REFUSED
    np.savez(sys.stdout.buffer, allow_pickle=False, **tables)
    return 0


if __name__ == "__main__":
    sys.exit(main())
