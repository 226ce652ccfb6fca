"""Simulated rooms on disk: which scenes a folder holds, which are still to be made, and making them in parallel."""

from __future__ import annotations

import fcntl
import json
import multiprocessing
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bscnet.errors import InputError
from bscnet.installation import missing
from bscnet.simulate.classes import CLASS_IDS
from bscnet.simulate.scannet_layout import write_split
from bscnet.simulate.scene import (
    FULL,
    GENERATOR_VERSION,
    QUICK,
    ScanSettings,
    room_kind,
    scene_name,
    scene_record,
    write_simulated_scene,
)
from bscnet.simulate.splits import FIRST_VAL_SCENE, LABELLED, Wanted, scans_folder, unmade, wanted_scenes
from bscnet.whole_file import write_json_whole

MANIFEST = "simulated.json"
STATEMENT = "These scans are simulated by bscnet. They are not ScanNet data and show no real place."
_LOCK = ".simulate.lock"
_OWN = ".simulate"  # how the lock and a manifest in the making begin


def simulate(
    root: str | Path,
    num_scenes: int,
    seed: int = 0,
    val_fraction: float = 0.25,
    workers: int | None = None,
    quick: bool = False,
    voxel_length: float = 0.03,
    progress: bool = True,
    segments: bool = False,
    test_scenes: int = 2,
) -> list[str]:
    """Write `num_scenes` simulated scans with labels below `root` in ScanNet's layout; returns their names.

    `val_fraction` of them (at least one where there are two) form the validation split. `quick` makes small rooms.
    `segments` gives the labels by segment too. `test_scenes` further scans have none. The rest is as for
    `ensure_rooms`.
    """
    if num_scenes < 1:
        raise InputError(f"the number of scenes is {num_scenes}, it must be at least 1")
    if not 0.0 <= val_fraction < 1.0:
        raise InputError(f"the validation fraction is {val_fraction}, it must be at least 0 and less than 1")
    val = min(max(round(num_scenes * val_fraction), 1), num_scenes - 1) if val_fraction > 0 else 0
    names = ensure_rooms(root, num_scenes - val, val, seed, workers, quick, voxel_length, progress, test_scenes)
    if segments:
        from bscnet.simulate.over_segments import add_segments  # brings in SciPy

        try:
            add_segments(Path(root), names)
        except OSError as error:
            raise InputError(f"{root}: the segments cannot be written here ({error})") from error
    return names


def ensure_rooms(
    root: str | Path,
    train_scenes: int = 24,
    val_scenes: int = 8,
    seed: int = 0,
    workers: int | None = None,
    quick: bool = True,
    voxel_length: float = 0.03,
    progress: bool = True,
    test_scenes: int = 0,
) -> list[str]:
    """Make sure that `root` holds these simulated scans; finished scenes are never made again.

    Returns the names of those for training and validation. Test scenes lie in `scans_test` and have no labels; those
    that are there stay, however many are asked for.

    A scene depends on the seed, its number and the settings alone, so a set can be enlarged later. Scenes are made by
    `workers` processes (default: one a CPU) and appear whole or not at all; an interrupted run is simply repeated.

    Raises:
        InputError: a value is out of range; `root` holds something else, rooms of another seed or of other
            settings, or more scenes than asked for; `root` cannot be written.
    """
    _check(train_scenes, val_scenes, test_scenes, seed, workers, voxel_length)
    base = QUICK if quick else FULL
    settings = ScanSettings(**{**asdict(base), "voxel_length": voxel_length})
    root = Path(root)

    def plan() -> Wanted:
        there = (_read_manifest(root) or {}).get("splits", {}).get("test", [])
        wanted = wanted_scenes(train_scenes, val_scenes, max(test_scenes, len(there)))
        _claim(root, seed, settings, wanted)
        return wanted

    try:
        plan()
        with _locked(root):
            wanted = plan()  # another process may have begun here while this one waited
            if not _is_complete(root, seed, settings, wanted):
                _finish(root, seed, settings, wanted, workers, progress)
    except OSError as error:
        raise InputError(f"{root}: the simulated rooms cannot be written here ({error})") from error
    return [scene_name(index) for split in LABELLED for index in wanted[split]]


def _check(
    train_scenes: int, val_scenes: int, test_scenes: int, seed: int, workers: int | None, voxel_length: float
) -> None:
    if not 1 <= train_scenes <= FIRST_VAL_SCENE or not 0 <= val_scenes <= FIRST_VAL_SCENE:
        raise InputError(
            f"{train_scenes} training and {val_scenes} validation scenes were asked for, "
            f"allowed are 1 to {FIRST_VAL_SCENE} and 0 to {FIRST_VAL_SCENE}"
        )
    if not 0 <= test_scenes <= FIRST_VAL_SCENE:
        raise InputError(f"{test_scenes} test scenes were asked for, allowed are 0 to {FIRST_VAL_SCENE}")
    if not 0 <= seed < 2**32:
        raise InputError(f"the seed is {seed}, it must be at least 0 and less than 2^32")
    if workers is not None and workers < 1:
        raise InputError(f"the number of workers is {workers}, it must be at least 1")
    if not 0.015 <= voxel_length <= 0.1:
        raise InputError(f"the voxel length is {voxel_length} m, it must be from 0.015 to 0.1 m")


def _named(wanted: Wanted) -> dict[str, list[str]]:
    return {split: [scene_name(index) for index in indices] for split, indices in wanted.items()}


def _is_complete(root: Path, seed: int, settings: ScanSettings, wanted: Wanted) -> bool:
    known = _read_manifest(root)
    if known is None or known.get("complete") is not True or known.get("splits") != _named(wanted):
        return False
    lists = [root / "splits" / f"scannetv2_{split}.txt" for split in wanted]
    return all(path.is_file() for path in lists) and not unmade(root, seed, settings, wanted)


def _manifest(seed: int, settings: ScanSettings, wanted: Wanted) -> dict[str, Any]:
    return {
        "simulated": True,
        "statement": STATEMENT,
        "generator_version": GENERATOR_VERSION,
        "seed": seed,
        "settings": asdict(settings),
        "complete": False,
        "splits": _named(wanted),
    }


def _read_manifest(root: Path) -> dict[str, Any] | None:
    path = root / MANIFEST
    if not path.is_file():
        return None
    try:
        manifest = json.loads(path.read_text("utf-8"))
    except ValueError:
        manifest = None
    if not isinstance(manifest, dict) or manifest.get("simulated") is not True:
        raise InputError(f"{path}: not the manifest of simulated rooms, choose another folder or remove the file")
    return manifest


def _claim(root: Path, seed: int, settings: ScanSettings, wanted: Wanted) -> None:
    """Refuse a folder that holds anything but rooms of the same making."""
    if root.exists() and not root.is_dir():
        raise InputError(f"{root}: this is a file, simulated rooms need a folder")
    known = _read_manifest(root)
    if known is None:
        if root.is_dir() and any(not entry.name.startswith(_OWN) for entry in root.iterdir()):
            raise InputError(f"{root}: the folder holds other files, simulated rooms need a new or an empty folder")
        root.mkdir(parents=True, exist_ok=True)
        return
    asked = _manifest(seed, settings, wanted)
    for key in ("generator_version", "seed", "settings"):
        if known.get(key) != asked[key]:
            raise InputError(
                f"{root}: the rooms here were made with {key.replace('_', ' ')} {known.get(key)}, asked for is "
                f"{asked[key]}; choose another folder or remove this one"
            )
    for split, names in asked["splits"].items():
        have = known.get("splits", {}).get(split, [])
        if len(have) > len(names):
            raise InputError(
                f"{root}: there are {len(have)} {split} scenes here and {len(names)} were asked for; "
                "a set can grow but not shrink, choose another folder"
            )


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    """One process at a time works on a folder; the others wait and then find the scenes made."""
    with open(root / _LOCK, "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _finish(
    root: Path,
    seed: int,
    settings: ScanSettings,
    wanted: Wanted,
    workers: int | None,
    progress: bool,
) -> None:
    manifest = _manifest(seed, settings, wanted)
    write_json_whole(root / MANIFEST, manifest, indent=1)
    for scans in {scans_folder(root, split) for split in wanted}:
        scans.mkdir(exist_ok=True)
        for left in scans.glob(".scene*"):  # of a run that was killed: the lock says that nobody works here
            shutil.rmtree(left, ignore_errors=True)
    todo = unmade(root, seed, settings, wanted)
    for split, index in todo:
        place = scans_folder(root, split) / scene_name(index)
        if place.exists():
            raise InputError(f"{place}: damaged or not made here; remove this folder, then go on")
    _make(root, seed, todo, settings, workers, progress, sum(map(len, wanted.values())))
    lost = unmade(root, seed, settings, wanted)
    if lost:
        changed = scans_folder(root, lost[0][0]) / scene_name(lost[0][1])
        raise InputError(f"{root}: {len(lost)} scenes were changed while others were made, first {changed}")
    for split, part in wanted.items():
        write_split(root, split, [scene_name(index) for index in part])
    manifest["complete"] = True
    manifest["rooms"] = {scene_name(index): room_kind(index) for part in wanted.values() for index in part}
    manifest["vertices_per_class"] = {split: _vertices(root, seed, settings, wanted[split]) for split in LABELLED}
    write_json_whole(root / MANIFEST, manifest, indent=1)


def _vertices(root: Path, seed: int, settings: ScanSettings, indices: list[int]) -> dict[str, int]:
    """Vertices of each class in some labelled scenes."""
    records = [scene_record(root / "scans", seed, index, settings) or {} for index in indices]
    return {name: sum(record["vertices_per_class"][name] for record in records) for name in CLASS_IDS}


def _make(
    root: Path,
    seed: int,
    todo: list[tuple[str, int]],
    settings: ScanSettings,
    workers: int | None,
    progress: bool,
    total: int,
) -> None:
    """Make the scenes that are missing, in this process or in several fresh ones."""
    if not todo:
        return
    if missing("open3d"):  # told before rich, which a smaller extra brings
        raise ModuleNotFoundError("rooms are scanned by Open3D", name="open3d")
    count = min(workers or len(os.sched_getaffinity(0)), len(todo))
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("simulating rooms"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not progress) as display:
        task = display.add_task("rooms", total=total, completed=total - len(todo))
        if count == 1:
            for split, index in todo:
                write_simulated_scene(scans_folder(root, split), seed, index, settings, split in LABELLED)
                display.advance(task)
            return
        # Fresh processes: a fork would inherit the locks of threads that torch or Open3D may already run.
        pool = ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"))
        try:
            jobs = [
                pool.submit(write_simulated_scene, scans_folder(root, split), seed, index, settings, split in LABELLED)
                for split, index in todo
            ]
            for job in as_completed(jobs):
                job.result()
                display.advance(task)
        finally:
            pool.shutdown(cancel_futures=True)
