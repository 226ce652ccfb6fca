"""Off-screen rendering of coloured point clouds, guarded by a process border and a time limit."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import matplotlib.image
import numpy as np
from numpy.typing import NDArray

from bscnet.viz.camera import Camera

_PACKAGE_ROOT = Path(__file__).resolve().parents[2]


class RenderError(RuntimeError):
    """The picture could not be drawn on this machine: no graphics driver, a crash, or too slow; the text says which."""


def render_panels(
    points: NDArray[np.floating],
    panels: Sequence[NDArray[np.uint8]],
    camera: Camera,
    size: tuple[int, int] = (960, 720),
    point_size: float = 4.0,
    timeout_s: float = 120.0,
) -> list[NDArray[np.float32]]:
    """Draw the same points once for each colouring.

    Shapes: points (P, 3) metres; every panel (P, 3) uint8 RGB; results (height, width, 3) float in 0..1.

    Raises:
        RenderError: the child process failed, crashed or ran past `timeout_s` seconds.
    """
    with tempfile.TemporaryDirectory(prefix="bscnet-render-") as folder:
        request = Path(folder) / "request.npz"
        np.savez(
            request,
            points=np.asarray(points, dtype=np.float32),
            panels=np.stack(panels),
            camera=np.array([camera.view_angle, *camera.eye, *camera.centre, *camera.up]),
            size=np.array(size),
            point_size=np.array(point_size),
        )
        _run_worker([str(request), folder], timeout_s)
        paths = [Path(folder) / f"panel_{index}.png" for index in range(len(panels))]
        missing = [path.name for path in paths if not path.is_file()]
        if missing:
            raise RenderError(f"off-screen rendering ended without writing {', '.join(missing)}")
        return [matplotlib.image.imread(path)[..., :3] for path in paths]


def _run_worker(arguments: list[str], timeout_s: float) -> None:
    search_path = os.pathsep.join(filter(None, [str(_PACKAGE_ROOT), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": search_path}
    command = [sys.executable, "-m", "bscnet.viz.render_worker", *arguments]
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, errors="replace", timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise RenderError(f"off-screen rendering took longer than {timeout_s:g} s and was stopped") from error
    if done.returncode != 0:
        lines = [line for line in (done.stdout + "\n" + done.stderr).splitlines() if line.strip()]
        how = f"signal {-done.returncode}" if done.returncode < 0 else f"exit code {done.returncode}"
        last = lines[-1].strip() if lines else "no message"
        raise RenderError(
            f"off-screen rendering failed ({how}: {last}); Open3D needs a Vulkan driver, on Debian: "
            "apt-get install libvulkan1 mesa-vulkan-drivers"
        )
