"""Where a command may write: looked at before any work is done."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from bscnet.errors import InputError


def check_output(path: Path, option: str, inputs: Sequence[Path]) -> None:
    """Refuse a file that cannot be written or that is one of the inputs; a pipe or a device is none, and allowed.

    Raises:
        InputError: its folder is missing, it is a folder itself, or it is an input.
    """
    if not path.parent.is_dir():
        raise InputError(f"{option} {path}: the folder {path.parent} does not exist")
    if path.is_dir():
        raise InputError(f"{option} {path}: this is a folder, a file name is needed")
    for other in inputs:
        if path.absolute() == other.absolute() or (path.exists() and other.exists() and path.samefile(other)):
            raise InputError(f"{option} {path}: this would overwrite {other}, which is needed; give another name")


def check_file(path: Path, option: str) -> None:
    """Refuse a file that cannot be written. InputError: its folder is missing, or it is a folder or a device."""
    check_output(path, option, [])
    if path.exists() and not path.is_file():
        raise InputError(f"{option} {path}: this is no file that can be written")


def check_folder(path: Path, option: str) -> None:
    """Refuse a folder that is a file, or that cannot be made or written to; nothing is made. InputError: it is one."""
    if path.exists() and not path.is_dir():
        raise InputError(f"{option} {path}: this is a file, a folder is needed")
    there = next(folder for folder in (path.absolute(), *path.absolute().parents) if folder.exists())
    if not there.is_dir():
        raise InputError(f"{option} {path}: the folder cannot be made (Not a directory)")
    if not os.access(there, os.W_OK | os.X_OK):
        raise InputError(f"{option} {path}: the folder cannot be made or written to (Permission denied)")


def check_new_folder(path: Path, option: str) -> None:
    """Refuse a folder that holds something already. InputError: it does, or it is a file."""
    if path.exists() and not path.is_dir():
        raise InputError(f"{option} {path}: this is a file, give a new folder")
    if path.exists() and any(path.iterdir()):
        raise InputError(f"{option} {path}: the folder is not empty, give a new one")


def make_folder(path: Path, option: str) -> None:
    """The folder to write to; InputError: it cannot be made."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{option} {path}: the folder cannot be made ({error.strerror})") from error
