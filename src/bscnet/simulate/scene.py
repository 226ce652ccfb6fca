"""One simulated scene from its number: furnish, walk, record, fuse, write."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bscnet.simulate.camera import Camera, walk
from bscnet.simulate.classes import CLASS_IDS
from bscnet.simulate.fusion import ScannedMesh, scan_mesh
from bscnet.simulate.primitives import rotation
from bscnet.simulate.recipes import ROOM_KINDS, furnish
from bscnet.simulate.scanner import join, record
from bscnet.simulate.scannet_layout import scene_files, write_scene
from bscnet.whole_file import write_json_whole

GENERATOR_VERSION = 1
"""Raise it whenever the same seed would give other bytes."""

FIELD_OF_VIEW = np.deg2rad(62.0)


@dataclass(frozen=True)
class ScanSettings:
    """How large rooms are and how well they are scanned.

    room_scale: sides relative to the small rooms of the recipes. frames: views of the walk. image_width, image_height:
    pixels of the depth camera. farthest: its range in metres. voxel_length: TSDF voxel and vertex spacing in metres.
    """

    room_scale: float = 1.4
    frames: int = 60
    image_width: int = 200
    image_height: int = 150
    farthest: float = 4.0
    voxel_length: float = 0.03


FULL = ScanSettings()
QUICK = ScanSettings(room_scale=1.0, frames=40, image_width=160, image_height=120, farthest=3.5)
"""Small rooms that are made in about a second each."""


def scene_name(index: int) -> str:
    """ScanNet's name for scan 0 of place `index`."""
    return f"scene{index:04d}_00"


def room_kind(index: int) -> str:
    """The kind of room that a scene is; kinds take turns."""
    return list(ROOM_KINDS)[index % len(ROOM_KINDS)]


def simulate_scene(seed: int, index: int, settings: ScanSettings) -> ScannedMesh:
    """The scan of scene `index`: a function of the arguments alone."""
    room = furnish(room_kind(index), (seed, index), settings.room_scale)
    # A second stream: the walk stays independent of how many numbers the furniture drew.
    rng = np.random.default_rng([seed, index, 1 << 20])
    camera = Camera(settings.image_width, settings.image_height, FIELD_OF_VIEW, settings.farthest)
    poses = walk(room, settings.frames, rng)
    yaw = rotation(rng.uniform(0.0, 2.0 * np.pi))  # walls are not aligned with the voxels of anybody's grid
    # Half a voxel up: a floor right in a plane of voxels would be meshed into slivers.
    corner = np.array([*rng.uniform(2.0, 4.0, 2), settings.voxel_length / 2.0])
    parts = [part.placed(yaw, corner) for part in room.parts]
    poses[:, :3, 3] = poses[:, :3, 3] @ yaw.T + corner
    poses[:, :3, :3] = yaw @ poses[:, :3, :3]
    surfaces = join(parts)
    frames = record(surfaces, camera, poses, rng)
    return scan_mesh(surfaces, frames, camera, settings.voxel_length)


def write_simulated_scene(scans: Path, seed: int, index: int, settings: ScanSettings, labelled: bool = True) -> None:
    """Simulate one scene and move it to SCANS/NAME in one step; a scene that is there already stays."""
    name = scene_name(index)
    work = scans / f".{name}.{os.getpid()}"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        mesh = simulate_scene(seed, index, settings)
        write_scene(work, name, mesh, labelled)
        write_json_whole(work / "simulated.json", _record(work, seed, index, settings, mesh), indent=1)
        try:
            work.rename(scans / name)
        except OSError:
            if scene_record(scans, seed, index, settings, labelled) is None:
                raise  # otherwise another process was faster, with the same bytes
    finally:
        shutil.rmtree(work, ignore_errors=True)


def scene_record(
    scans: Path, seed: int, index: int, settings: ScanSettings, labelled: bool = True
) -> dict[str, Any] | None:
    """What SCANS/NAME/simulated.json says of a finished scene; None unless it was made from just these arguments."""
    name = scene_name(index)
    try:
        record_ = json.loads((scans / name / "simulated.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(record_, dict) or any(record_.get(k) != v for k, v in _origin(seed, index, settings).items()):
        return None
    sizes = record_.get("bytes")
    for path in scene_files(scans / name, name)[: 2 if labelled else 1]:
        if not isinstance(sizes, Mapping) or not path.is_file() or sizes.get(path.name) != path.stat().st_size:
            return None
    return record_


def _origin(seed: int, index: int, settings: ScanSettings) -> dict[str, Any]:
    return {
        "simulated": True,
        "generator_version": GENERATOR_VERSION,
        "seed": seed,
        "scene": scene_name(index),
        "room": room_kind(index),
        "settings": asdict(settings),
    }


def _record(folder: Path, seed: int, index: int, settings: ScanSettings, mesh: ScannedMesh) -> dict[str, Any]:
    counts = np.bincount(mesh.labels, minlength=41)
    files = [path for path in scene_files(folder, scene_name(index)) if path.is_file()]
    return {
        **_origin(seed, index, settings),
        "vertices": len(mesh.points),
        "faces": len(mesh.faces),
        "vertices_per_class": {name: int(counts[label]) for name, label in CLASS_IDS.items()},
        "bytes": {path.name: path.stat().st_size for path in files},
        "sha256": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files},
    }
