"""A folder of clouds as a source of scenes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bscnet.data.fingerprint import FileHasher
from bscnet.data.scan import Scan
from bscnet.datasets.folder.decode import DescribedCloud
from bscnet.datasets.folder.described import read_description
from bscnet.datasets.folder.description import FILE_NAME, SPLITS
from bscnet.datasets.folder.labelled import require_labels
from bscnet.datasets.folder.scenes import find_scenes
from bscnet.errors import InputError

READER_VERSION = 3
"""Part of every cache key: raise it when the same files would be read as other arrays."""


class FolderSource:
    """The clouds below one root, as its `dataset.yaml` describes them.

    features: in place of the described ones. splits: files by scene name, for each split.
    InputError: no folder, or a description or splits that are wrong.
    """

    def __init__(self, root: str | Path, features: Sequence[str] | None = None) -> None:
        self.root = Path(root)
        self.description = read_description(self.root)
        if features:
            self.description = replace(self.description, features=tuple(features))
        self.splits = find_scenes(self.root, self.description.splits)
        self._files = {name: path for scenes in self.splits.values() for name, path in scenes.items()}
        self._hasher = FileHasher()

    def scenes(self, split: str) -> list[str]:
        """Scene names of "train", "val" or "test", in order of names; InputError if there are none."""
        if split not in SPLITS:
            raise InputError(f"unknown split {split!r}, it must be one of {', '.join(SPLITS)}")
        if not self.splits[split]:
            raise InputError(
                f"{self.root}: the split {split} has no clouds, they must lie in {self.root / split}/ or be listed in "
                f"{FILE_NAME} under 'splits'"
            )
        return list(self.splits[split])

    def files(self, scene: str, labelled: bool = True) -> list[Path]:
        """The one file of a scene; InputError for a name that is not there."""
        if scene not in self._files:
            raise InputError(f"{self.root}: no scene {scene!r}, there are {', '.join(list(self._files)[:5])} …")
        return [self._files[scene]]

    def require(self, scenes: Sequence[str], labelled: bool = True) -> None:
        """InputError unless every file is there and, where labels are asked for, has some and classes are described."""
        if labelled and not self.description.class_names:
            raise InputError(without_classes(self.root))
        missing = [path for scene in scenes for path in self.files(scene) if not path.is_file()]
        if missing:
            raise InputError(f"{self.root}: {len(missing)} of {len(scenes)} files are gone, the first is {missing[0]}")
        for scene in scenes if labelled else ():
            require_labels(self._files[scene], self.description)

    def read(self, scene: str, labelled: bool = True) -> Scan:
        """Decode one scene; InputError naming the file if it is missing, damaged or not as described."""
        (path,) = self.files(scene)
        self.require([], labelled)
        return DescribedCloud(path, self.description).scan(scene, labelled)

    def fingerprint(self, scene: str, labelled: bool = True) -> str:
        """Hash of all that decides what `read` returns: the reader's version, the description, the file's bytes."""
        label = f"folder reader {READER_VERSION} {scene} {labelled} {self.description.key}"
        return self._hasher.combined(label, self.files(scene))


def without_classes(root: Path) -> str:
    """What to do where a folder's description names no classes."""
    return (
        f"{root / FILE_NAME}: labels cannot be read before 'classes' names the classes, "
        "for example 'classes: [floor, wall, other]'"
    )
