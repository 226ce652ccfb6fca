"""`bscnet predict` on LAS files of few and of many points of the same place: time, and memory that stays."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from benchmarks.common.process import Worker
from benchmarks.data.formats import surface, write_las
from benchmarks.runtime.models import facts, variant_network
from bscnet.export.file import model_bytes
from bscnet.export.network import compile_network

VOXEL_SIZE, THREADS = 0.25, 2
NETWORK, VARIANT = "unet_s", "sfsc"


def labelling(points: int, times: tuple[int, ...]) -> list[dict[str, Any]]:
    """Seconds of each part, voxels, and the process's peak of resident memory.

    Args:
        points: of the smallest file.
        times: a row for each of these multiples of it.
    """
    rows = []
    with tempfile.TemporaryDirectory(prefix="bscnet-bench-") as name:
        folder = Path(name)
        model = folder / "model.safetensors"
        network = variant_network(NETWORK, VARIANT).eval()  # untrained: its labels are of no concern here
        described = facts(NETWORK, VARIANT, network, VOXEL_SIZE, half=False)
        model.write_bytes(model_bytes(compile_network(network), described))
        columns = surface(points)
        for count in times:
            scan, out = folder / "scan.las", folder / "labelled.las"
            write_las(scan, columns, count)
            words = [str(model), str(scan), str(out), str(VOXEL_SIZE), str(THREADS)]
            worker = Worker(scan.name, "benchmarks.common.labelling_child", words, folder / "log")
            try:
                worker.answer()
                answer = worker.ask("step")
            finally:
                worker.close()
            rows.append(
                {
                    "seconds": answer["ms"] / 1e3,
                    "parts": {name: ms / 1e3 for name, ms in answer["parts_ms"].items()},
                    **{key: answer[key] for key in ("points", "mb", "voxels", "engine_mb", "peak_mb")},
                }
            )
            scan.unlink()
            out.unlink()
    return rows
