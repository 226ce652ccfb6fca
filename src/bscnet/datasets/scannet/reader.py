"""The reader of ScanNet v2 in its owners' folder layout, which the simulated rooms share.

ROOT/scans/<scene>/<scene>_vh_clean_2.ply           the mesh: positions, colours, faces
ROOT/scans/<scene>/<scene>_vh_clean_2.labels.ply    the same vertices with their NYU40 label; where it is absent,
ROOT/scans/<scene>/<scene>_vh_clean_2.0.010000.segs.json  and  <scene>.aggregation.json (see `scannet.segments`), with
ROOT/scannetv2-labels.combined.tsv                  the NYU40 id of each raw category
ROOT/scans_test/<scene>/<scene>_vh_clean_2.ply      the test split, which has no labels (or in ROOT/scans)
ROOT/splits/scannetv2_{train,val,test}.txt          scene names (without the folder: the official lists)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bscnet.data.fingerprint import FileHasher
from bscnet.data.scan import Scan
from bscnet.datasets.scannet.classes import nyu40_to_class
from bscnet.datasets.scannet.label_table import TABLE_NAME, read_label_table
from bscnet.datasets.scannet.mesh import count_vertices, read_labels, read_mesh
from bscnet.datasets.scannet.segments import read_segment_labels, segment_files
from bscnet.errors import InputError
from bscnet.ignore import IGNORE_INDEX

READER_VERSION = 2
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
        if not any((self.root / parent).is_dir() for parent in self._parents(split in LABELLED_SPLITS)):
            raise InputError(f"{self.root}: no ScanNet data here, the scans must lie in {self.root / 'scans'}/<scene>/")
        name = f"scannetv2_{split}.txt"
        if not (self.root / "splits").is_dir():
            return (resources.files("bscnet.datasets") / "tables" / name).read_text("utf-8").split()
        return _read_list(self.root / "splits" / name)

    def files(self, scene: str, labelled: bool = True) -> list[Path]:
        """The files of one scene: the mesh and, where the split has labels, the file or files they are read from."""
        parents = [self.root / parent / scene for parent in self._parents(labelled)]
        folder = next((parent for parent in parents if parent.is_dir()), parents[0])
        mesh, labels = (folder / f"{scene}_vh_clean_2{kind}.ply" for kind in ("", ".labels"))
        if not labelled:
            return [mesh]
        by_segment = segment_files(folder, scene)
        if labels.is_file() or not any(path.is_file() for path in by_segment):
            return [mesh, labels]
        return [mesh, *by_segment, self._table()]

    def require(self, scenes: Sequence[str], labelled: bool = True) -> None:
        """InputError if scenes have no labels, or that counts the missing files and names the first."""
        if labelled and scenes and all(self._unlabelled(scene) for scene in scenes):
            raise InputError(f"{self.root}: scans of the test split have no labels")
        wanted = [path for scene in scenes for path in self.files(scene, labelled)]
        missing = [path for path in wanted if not path.is_file()]
        if missing:
            raise InputError(
                f"{self.root}: {len(missing)} of {len(wanted)} files of the {len(scenes)} scenes asked for are "
                f"missing, the first is {missing[0]}"
            )

    def _unlabelled(self, scene: str) -> bool:
        """Whether the scan lies where the test split does, and there alone."""
        return not self.files(scene)[0].is_file() and self.files(scene, labelled=False)[0].is_file()

    def read(self, scene: str, labelled: bool = True) -> Scan:
        """Decode one scene; InputError naming the file if it is missing or damaged."""
        points, colors = read_mesh(self.files(scene, labelled)[0])
        if labelled:
            labels = nyu40_to_class(self.nyu40_ids(scene, len(points)))
        else:
            labels = np.full(len(points), IGNORE_INDEX, dtype=np.int16)
        return Scan(scene, points, colors, labels)

    def nyu40_ids(self, scene: str, num_points: int) -> npt.NDArray[np.int64]:
        """Label of each of the `num_points` vertices, see `read_labels`; InputError as for `read`."""
        match self.files(scene)[1:]:
            case [labels]:
                return read_labels(labels, num_points)
            case [segments, groups, table]:
                return read_segment_labels(segments, groups, read_label_table(table), num_points)
        raise AssertionError("a scene has its labels in one file or in three")

    def vertex_counts(self, split: str) -> dict[str, int]:
        """How many vertices each scene of a split has, from the headers of the meshes; InputError as for `read`."""
        return {scene: count_vertices(self.files(scene, labelled=False)[0]) for scene in self.scenes(split)}

    def fingerprint(self, scene: str, labelled: bool = True) -> str:
        """Hash of all that decides what `read` returns: the reader's version and the bytes of the files."""
        return self._hasher.combined(f"scannet reader {READER_VERSION} {scene}", self.files(scene, labelled))

    def _parents(self, labelled: bool) -> list[str]:
        """Folders that may hold a scene, the likelier one first."""
        if labelled:
            return ["scans"]
        return sorted(["scans_test", "scans"], key=lambda parent: not (self.root / parent).is_dir())

    def _table(self) -> Path:
        """The owners' table of raw categories: below the root, or beside the folder that `scans` may be a link to."""
        beside = (self.root / "scans").resolve().parent / TABLE_NAME
        return beside if beside.is_file() else self.root / TABLE_NAME


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
