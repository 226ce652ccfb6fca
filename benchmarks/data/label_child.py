"""Labels one cloud in a process of its own and tells what that took, as JSON.

python -m benchmarks.data.label_child MODEL SCAN OUT
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from benchmarks.common.memory import peak_mb
from bscnet.clouds import open_cloud
from bscnet.prediction.label_file import label_file
from bscnet.prediction.labeller import Labeller
from bscnet.runtime import load


def main() -> None:
    """Label with two threads of the network and print seconds, voxels and memory."""
    model, scan, out = map(Path, sys.argv[1:])
    begin = time.perf_counter()
    done = label_file(Labeller(load(model, threads=2)), open_cloud(scan), out)
    print(
        json.dumps(
            {
                "seconds": time.perf_counter() - begin,
                "parts": done.cloud.clock.seconds,
                "voxels": len(done.cloud.voxels),
                "engine_mb": done.cloud.classes.times.workspace_bytes / 2**20,
                "peak_mb": peak_mb(),
            }
        )
    )


if __name__ == "__main__":
    main()
