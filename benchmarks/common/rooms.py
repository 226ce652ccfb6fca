"""The simulated rooms that are measured on; each is made once."""

from __future__ import annotations

import zipfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bscnet.whole_file import written_whole


def ensure_rooms(folder: Path) -> None:
    """Fill a folder with two simulated rooms in ScanNet's layout, unless it holds scans already."""
    from bscnet.simulate import simulate

    if not (folder / "splits").is_dir():
        simulate(folder, 2, seed=0, val_fraction=0.5, test_scenes=0, workers=1)


def fine_room(folder: Path) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """Points and colors of a room of full size, scanned finely enough for voxels of 2 cm; `folder` keeps them."""
    from bscnet.simulate.scene import GENERATOR_VERSION, ScanSettings, simulate_scene

    settings = ScanSettings(image_width=480, image_height=360, voxel_length=0.01)
    words = "-".join(f"{value:g}" for value in asdict(settings).values())
    file = folder / f"room-{GENERATOR_VERSION}-{words}.npz"
    try:
        with np.load(file) as arrays:
            return arrays["points"], arrays["colors"]
    except (FileNotFoundError, KeyError, ValueError, zipfile.BadZipFile):
        mesh = simulate_scene(0, 5000, settings)
    with written_whole(file) as stream:
        np.savez(stream, points=mesh.points, colors=mesh.colours)
    return mesh.points, mesh.colours
