"""Predictions in the form that the ScanNet benchmark takes for 3D semantic labels.

One text file a scan, named as the scan, with the NYU40 id of each vertex of `<scene>_vh_clean_2.ply` on a line of its
own in the mesh's order; all of them at the root of one zip archive.
"""

from __future__ import annotations

import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bscnet.counted import counted
from bscnet.datasets.scannet.classes import NUM_CLASSES, NYU40_IDS, class_to_nyu40
from bscnet.errors import InputError
from bscnet.whole_file import write_text_whole, written_whole

_EPOCH = (1980, 1, 1, 0, 0, 0)
_LINES = {b"%d" % nyu40 for nyu40 in NYU40_IDS}


def write_submission(folder: str | Path, scene: str, classes: npt.NDArray[np.integer]) -> Path:
    """Write FOLDER/<scene>.txt, making the folder; returns the file's path.

    classes: (P,) class 0..19 of each vertex of the scan, in file order.
    InputError: classes of another shape or type, none at all, or outside 0..19; a folder that cannot be written.
    """
    path = Path(folder) / f"{scene}.txt"
    if classes.ndim != 1 or classes.dtype.kind not in "iu" or len(classes) == 0:
        raise InputError(
            f"{path}: predictions of shape {classes.shape} and type {classes.dtype}, they must be one whole number a "
            "vertex"
        )
    bad = np.flatnonzero((classes < 0) | (classes >= NUM_CLASSES))
    if len(bad):
        raise InputError(
            f"{path}: class {classes[bad[0]]} of vertex {bad[0]} is out of range, the benchmark takes classes "
            f"0..{NUM_CLASSES - 1} alone ({counted(len(bad), 'such vertex', 'such vertices')})"
        )
    text = "\n".join(map(str, class_to_nyu40(classes).tolist())) + "\n"
    write_text_whole(path, text)
    return path


def zip_submission(folder: str | Path, scenes: Collection[str] | Mapping[str, int]) -> Path:
    """Pack FOLDER/<scene>.txt of all scenes into FOLDER.zip, the same bytes for the same files; returns its path.

    scenes: all of the split, or all with how many vertices each has (`ScanNet.vertex_counts`), which is then checked.
    InputError: a scene that is missing, one too many, another number of lines, a line that is none of the 20 NYU40
    ids; an archive that cannot be written.
    """
    folder = Path(folder)
    vertices = scenes if isinstance(scenes, Mapping) else dict.fromkeys(scenes)
    files = {scene: folder / f"{scene}.txt" for scene in vertices}
    missing = [path for path in files.values() if not path.is_file()]
    if missing:
        raise InputError(
            f"{folder}: predictions of {len(missing)} of {len(files)} scenes are missing, "
            f"the first is {missing[0].name}"
        )
    strange = sorted(path.name for path in folder.glob("*.txt") if path.stem not in vertices)
    if strange:
        raise InputError(f"{folder}: {strange[0]} is none of the split's {len(files)} scenes, remove it")
    archive = folder.resolve().with_name(f"{folder.resolve().name}.zip")
    with written_whole(archive) as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        for scene, path in files.items():
            packed.writestr(zipfile.ZipInfo(path.name, _EPOCH), _checked(path, vertices[scene]), zipfile.ZIP_DEFLATED)
    return archive


def _checked(path: Path, num_vertices: int | None) -> bytes:
    content = path.read_bytes()
    lines = content.split(b"\n")
    if lines[-1] == b"":  # after the last line's end
        lines.pop()
    if num_vertices not in (None, len(lines)):
        raise InputError(f"{path}: {len(lines)} lines for a scan of {num_vertices} vertices, they must be as many")
    if not lines:
        raise InputError(f"{path}: the file is empty, it must have one NYU40 id a vertex")
    for strange in set(lines) - _LINES:
        told = strange[:20].decode("ascii", "replace")
        raise InputError(
            f"{path}: line {lines.index(strange) + 1} is {told!r}, it must be one of {', '.join(map(str, NYU40_IDS))}"
        )
    return content
