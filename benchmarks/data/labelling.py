"""`bscnet predict` on LAS files of few and of many points of the same place: time, and memory that stays."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.common.process import ROOT
from benchmarks.data.formats import surface, write_las
from benchmarks.runtime.models import facts, variant_network
from bscnet.export.file import model_bytes
from bscnet.export.network import compile_network

VOXEL_SIZE = 0.25
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
            command = [sys.executable, "-m", "benchmarks.data.label_child", str(model), str(scan), str(out)]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
            if done.returncode:
                raise RuntimeError(f"labelling {count * points} points failed: {done.stderr.strip()[-500:]}")
            rows.append({"points": count * points, "mb": scan.stat().st_size / 1e6, **json.loads(done.stdout)})
            scan.unlink()
            out.unlink()
    return rows
