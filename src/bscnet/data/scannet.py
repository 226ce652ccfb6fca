"""ScanNet v2 in its owners' folder layout, which the simulated rooms share.

ROOT/scans/<scene>/<scene>_vh_clean_2.ply           the mesh: positions, colours, faces
ROOT/scans/<scene>/<scene>_vh_clean_2.labels.ply    the same vertices with their NYU40 label
ROOT/splits/scannetv2_{train,val,test}.txt          scene names (without the folder: the official lists)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from importlib import resources
from pathlib import Path

import numpy as np

from bscnet.data.fingerprint import FileHasher
from bscnet.data.labels import IGNORE_LABEL, nyu40_to_class
from bscnet.data.ply import read_labels, read_mesh
from bscnet.data.scan import Scan
from bscnet.errors import InputError

READER_VERSION = 1
"""Part of every cache key: raise it when the same files would be read as other arrays."""

LABELLED_SPLITS = ("train", "val")
SPLITS = (*LABELLED_SPLITS, "test")

_SCENE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


class ScanNet:
    """The scans below one root folder."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)
        self._hasher = FileHasher()

    def scenes(self, split: str) -> list[str]:
        """Scene names of "train", "val" or "test", in the list's order.

        InputError: no root folder, no such list, a list that is empty, damaged or names a scene twice.
        """
        if split not in SPLITS:
            raise InputError(f"unknown split {split!r}, it must be one of {', '.join(SPLITS)}")
        if not (self.root / "scans").is_dir():
            raise InputError(f"{self.root}: no ScanNet data here, the scans must lie in {self.root / 'scans'}/<scene>/")
        name = f"scannetv2_{split}.txt"
        if not (self.root / "splits").is_dir():
            return (resources.files("bscnet.data") / "tables" / name).read_text("utf-8").split()
        return _read_list(self.root / "splits" / name)

    def files(self, scene: str, labelled: bool = True) -> list[Path]:
        """The files of one scene: the mesh and, where the split has labels, the labels."""
        stem = self.root / "scans" / scene / f"{scene}_vh_clean_2"
        kinds = (".ply", ".labels.ply") if labelled else (".ply",)
        return [stem.with_name(stem.name + kind) for kind in kinds]

    def require(self, scenes: Sequence[str], labelled: bool = True) -> None:
        """InputError that counts the missing files and names the first, if the scenes are not all there."""
        wanted = [path for scene in scenes for path in self.files(scene, labelled)]
        missing = [path for path in wanted if not path.is_file()]
        if missing:
            raise InputError(
                f"{self.root}: {len(missing)} of {len(wanted)} files of the {len(scenes)} scenes asked for are "
                f"missing, the first is {missing[0]}"
            )

    def read(self, scene: str, labelled: bool = True) -> Scan:
        """Decode one scene; InputError naming the file if it is missing or damaged."""
        mesh, *labels_file = self.files(scene, labelled)
        points, colors = read_mesh(mesh)
        if labels_file:
            labels = nyu40_to_class(read_labels(labels_file[0], len(points)))
        else:
            labels = np.full(len(points), IGNORE_LABEL, dtype=np.int16)
        return Scan(scene, points, colors, labels)

    def fingerprint(self, scene: str, labelled: bool = True) -> str:
        """Hash of all that decides what `read` returns: the reader's version and the bytes of the files."""
        return self._hasher.combined(f"scannet reader {READER_VERSION} {scene}", self.files(scene, labelled))


def check(root: str | Path, splits: Iterable[str] = LABELLED_SPLITS) -> list[str]:
    """One sentence for each missing or damaged file of the given splits; empty when all is well. Reads every file."""
    source = ScanNet(root)
    problems: list[str] = []
    seen: dict[str, str] = {}
    for split in splits:
        try:
            scenes = source.scenes(split)
        except InputError as error:
            problems.append(str(error))
            continue
        for scene in scenes:
            if scene in seen:
                problems.append(f"{source.root}: scene {scene} is in the {seen[scene]} and the {split} split")
                continue
            seen[scene] = split
            missing = [path for path in source.files(scene, split in LABELLED_SPLITS) if not path.is_file()]
            problems += [f"{path}: no such file" for path in missing]
            if not missing:
                problems += _damage(source, scene, split)
    return problems


def _damage(source: ScanNet, scene: str, split: str) -> list[str]:
    try:
        source.read(scene, labelled=split in LABELLED_SPLITS)
    except InputError as error:
        return [str(error)]
    return []


def _read_list(path: Path) -> list[str]:
    if not path.is_file():
        raise InputError(f"{path}: no such file, but a folder of split lists must hold the list of every split used")
    try:
        names = path.read_text("utf-8").split()
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: the split list is not a text file") from error
    if not names:
        raise InputError(f"{path}: the split list is empty, it must name at least one scene")
    for name in names:
        if not _SCENE_NAME.fullmatch(name):
            raise InputError(f"{path}: {name!r} is not a scene name (letters, digits, '_', '-' and '.')")
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise InputError(f"{path}: scene {min(twice)} is listed more than once")
    return names
