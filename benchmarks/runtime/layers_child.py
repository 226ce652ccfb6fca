"""Binary layers of several widths on one scene, in a process that imports no torch.

    python -m benchmarks.runtime.layers_child FOLDER SCENE.npz CHANNELS,CHANNELS,… LAYERS

FOLDER has `layer-CHANNELS-VARIANT.safetensors`, each a chain of LAYERS layers. Answers lines `CHANNELS VARIANT THREADS`
with the milliseconds of one layer.
"""

from __future__ import annotations

import statistics
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common.process import private_stdout, serve
from benchmarks.runtime.calls import timed_calls
from bscnet.runtime import Session, load


def main() -> None:
    folder, scene, widths, layers = sys.argv[1:]
    answers = private_stdout()
    with np.load(scene) as arrays:
        coords = arrays["coords"]
    rng = np.random.default_rng(0)
    feats = rng.standard_normal((len(coords), max(map(int, widths.split(",")))), dtype=np.float32)

    @cache
    def session(channels: int, variant: str) -> Session:
        return load(Path(folder) / f"layer-{channels}-{variant}.safetensors")

    def respond(request: str) -> dict[str, Any]:
        channels, variant, threads = request.split()
        model, own = session(int(channels), variant), np.ascontiguousarray(feats[:, : int(channels)])
        found: list[float] = []
        _, calls = timed_calls(lambda: found.append(model.timed(coords, own, threads=int(threads))[1].bit_convolutions))
        return {"ms": 1e3 * statistics.median(found[-calls:]) / int(layers)}

    serve(answers, respond)


if __name__ == "__main__":
    main()
