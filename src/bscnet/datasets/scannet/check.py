"""What is missing, damaged or suspicious in a ScanNet folder, in sentences."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bscnet.data.sample import too_wide_for_training, training_share
from bscnet.datasets.scannet.mesh import count_vertices, read_corners, read_mesh
from bscnet.datasets.scannet.reader import LABELLED_SPLITS, SPLITS, ScanNet
from bscnet.datasets.scannet.units import units_problem
from bscnet.errors import InputError

_INSTEAD = ", nor are there labels by segment (.segs.json and .aggregation.json) that could stand in for it"


def check(
    root: str | Path, splits: Iterable[str] | None = None, workers: int = 1, voxel_size: float = 0.05
) -> list[str]:
    """One sentence for each missing, damaged or suspicious file of the given splits; empty when all is well.

    First it looks which files are there, then it reads every file of the scenes that are complete, faces included.
    splits: None for those of `splits_here`. workers: threads that read. voxel_size: metres, of training.
    """
    source = ScanNet(root)
    problems: list[str] = []
    scenes = _listed(source, splits_here(source) if splits is None else splits, problems)
    complete = []
    for scene, split in scenes.items():
        absent = [path for path in source.files(scene, split in LABELLED_SPLITS) if not path.is_file()]
        problems += [f"{path}: no such file{_INSTEAD if path.name.endswith('.labels.ply') else ''}" for path in absent]
        if not absent:
            complete.append(scene)
    pool = ThreadPoolExecutor(max(workers, 1))
    try:
        for found in pool.map(lambda scene: _damage(source, scene, scenes[scene], voxel_size), complete):
            problems += found
    finally:
        pool.shutdown(cancel_futures=True)
    return list(dict.fromkeys(problems))  # a table that is missing is missing once


def splits_here(source: ScanNet) -> tuple[str, ...]:
    """Train and val, which must be there, and test if there is a folder of test scans or any scan of its list."""
    if (source.root / "scans_test").is_dir():
        return SPLITS
    try:
        scenes = source.scenes("test")
    except InputError:  # a list that is not there, or is wrong
        return SPLITS if (source.root / "splits" / "scannetv2_test.txt").exists() else LABELLED_SPLITS
    there = any(source.files(scene, labelled=False)[0].exists() for scene in scenes)
    return SPLITS if there else LABELLED_SPLITS


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


def _damage(source: ScanNet, scene: str, split: str, voxel_size: float) -> list[str]:
    labelled = split in LABELLED_SPLITS
    mesh = source.files(scene, labelled)[0]
    problems = []
    try:
        points, _ = read_mesh(mesh)
        odd = units_problem(points, read_corners(mesh, len(points)))
        if odd is None and split == "train":
            odd = too_wide_for_training(training_share(points, voxel_size), voxel_size)
        problems += [f"{mesh}: {odd}"] if odd else []
    except InputError as error:
        problems.append(str(error))
    try:
        if labelled:
            source.nyu40_ids(scene, count_vertices(mesh))
    except InputError as error:
        problems.append(str(error))
    return problems
