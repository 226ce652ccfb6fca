"""What is missing, damaged or suspicious in a ScanNet folder, in sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bscnet.data.scannet.mesh import count_vertices, read_corners, read_mesh
from bscnet.data.scannet.reader import LABELLED_SPLITS, SPLITS, ScanNet
from bscnet.data.scannet.units import units_problem
from bscnet.errors import InputError

_INSTEAD = ", nor are there labels by segment (.segs.json and .aggregation.json) that could stand in for it"


def check(
    root: str | Path,
    splits: Iterable[str] | None = None,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> list[str]:
    """One sentence for each missing, damaged or suspicious file of the given splits; empty when all is well.

    First it looks which files are there, then it reads every file of the scenes that are complete, faces included.
    splits: None for train and val, and for test if ROOT/scans_test is there. workers: threads that read. progress:
    called with (scenes read, scenes to read).
    """
    source = ScanNet(root)
    if splits is None:
        splits = SPLITS if (source.root / "scans_test").is_dir() else LABELLED_SPLITS
    problems: list[str] = []
    scenes = _listed(source, splits, problems)
    complete = []
    for scene, split in scenes.items():
        absent = [path for path in source.files(scene, split in LABELLED_SPLITS) if not path.is_file()]
        problems += [f"{path}: no such file{_INSTEAD if path.name.endswith('.labels.ply') else ''}" for path in absent]
        if not absent:
            complete.append(scene)
    pool = ThreadPoolExecutor(max(workers, 1))
    try:
        results = pool.map(lambda scene: _damage(source, scene, scenes[scene] in LABELLED_SPLITS), complete)
        for done, found in enumerate(results, 1):
            problems += found
            if progress is not None:
                progress(done, len(complete))
    finally:
        pool.shutdown(cancel_futures=True)
    return list(dict.fromkeys(problems))  # a table that is missing is missing once


def _listed(source: ScanNet, splits: Iterable[str], problems: list[str]) -> dict[str, str]:
    """The split of each scene; what is wrong with the lists is added to the problems."""
    split_of: dict[str, str] = {}
    for split in splits:
        try:
            scenes = source.scenes(split)
        except InputError as error:
            problems.append(str(error))
            continue
        for scene in scenes:
            if split_of.setdefault(scene, split) != split:
                problems.append(f"{source.root}: scene {scene} is in the {split_of[scene]} and the {split} split")
    return split_of


def _damage(source: ScanNet, scene: str, labelled: bool) -> list[str]:
    mesh = source.files(scene, labelled)[0]
    problems = []
    try:
        points, _ = read_mesh(mesh)
        problem = units_problem(points, read_corners(mesh, len(points)))
        problems += [f"{mesh}: {problem}"] if problem else []
    except InputError as error:
        problems.append(str(error))
    try:
        if labelled:
            source.nyu40_ids(scene, count_vertices(mesh))
    except InputError as error:
        problems.append(str(error))
    return problems
