"""Labels a scan's file again and again, in a process of its own that imports no torch.

    python -m benchmarks.common.labelling_child MODEL.safetensors SCAN OUT VOXEL_SIZE THREADS

Answers every line `step` with milliseconds, of the parts too, and with the process's peak of resident memory.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.common.memory import peak_mb
from benchmarks.common.process import private_stdout, serve_steps
from bscnet.clouds import open_cloud
from bscnet.prediction.label_file import label_file
from bscnet.prediction.labeller import Labeller
from bscnet.runtime import load


def main() -> None:
    model, scan, out, voxel_size, threads = sys.argv[1:]
    answers = private_stdout()
    labeller = Labeller(load(model, threads=int(threads)))

    def step() -> dict[str, Any]:
        begun = time.perf_counter()
        done = label_file(labeller, open_cloud(Path(scan)), Path(out), voxel_size=float(voxel_size))
        ms = 1e3 * (time.perf_counter() - begun)
        return {
            "ms": ms,
            "parts_ms": {name: 1e3 * seconds for name, seconds in done.cloud.clock.seconds.items()},
            "engine_ms": 1e3 * done.cloud.classes.times.total,
            "points": int(done.points_of_class.sum()),
            "voxels": len(done.cloud.voxels),
            "mb": Path(scan).stat().st_size / 1e6,
            "engine_mb": done.cloud.classes.times.workspace_bytes / 2**20,
            "peak_mb": peak_mb(),
        }

    serve_steps(answers, step)


if __name__ == "__main__":
    main()
