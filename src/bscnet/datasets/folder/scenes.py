"""Which files of a folder are scenes, and of which split."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from bscnet.clouds.below import clouds_below, files_below
from bscnet.clouds.open import ENDINGS
from bscnet.datasets.folder.description import FILE_NAME, SPLITS
from bscnet.errors import InputError


def find_scenes(root: Path, splits: Mapping[str, Iterable[str]] | None = None) -> dict[str, dict[str, Path]]:
    """Files by scene name, in order of names, for each of train, val and test; a split may be empty.

    splits: files, or folders of files, of each split, relative to the root. None: the folders train, val and test with
    all below them. A scene is called as its path below the root without the ending, with - for /: "train-room1".
    InputError: a listed path that is not there or not below the root, or two files for one scene.
    """
    lists = {split: [split] for split in SPLITS} if splits is None else splits
    found: dict[str, dict[str, Path]] = {split: {} for split in SPLITS}
    seen: dict[str, Path] = {}
    for split, entries in lists.items():
        for entry in entries:
            for path in _files(root, entry, required=splits is not None):
                name = "-".join(path.relative_to(root).with_suffix("").parts)
                if name in seen:
                    both = f"twice, as {path}" if seen[name] == path else f"as {seen[name]} and as {path}"
                    raise InputError(f"{root}: the scene {name} is there {both}; a scene must be one file of one split")
                seen[name] = found[split][name] = path
    return {split: dict(sorted(scenes.items())) for split, scenes in found.items()}


def other_files(root: Path) -> list[Path]:
    """Files in the folders train, val and test whose ending no reader knows, but for hidden ones."""
    candidates = (path for split in SPLITS for path in files_below(root / split))
    return [path for path in candidates if path.suffix.lower() not in ENDINGS]


def _files(root: Path, entry: str, required: bool) -> list[Path]:
    path = root / entry
    if Path(entry).is_absolute() or ".." in Path(entry).parts:
        raise InputError(f"{root / FILE_NAME}: {entry!r} under 'splits' must be a path below the folder")
    try:
        is_folder, is_file = path.is_dir(), path.is_file()
    except (ValueError, OSError):  # names that no file can have
        is_folder = is_file = False
    if is_folder:
        files = clouds_below(path)
        if required and not files:
            raise InputError(f"{path}: no clouds in this folder, which {FILE_NAME} lists under 'splits'")
        return files
    if is_file:
        return [path]
    if required:
        raise InputError(f"{path}: no such file or folder, but {root / FILE_NAME} lists it under 'splits'")
    return []
