"""The packed runtime on one scene, in a process of its own that imports no torch.

    python -m benchmarks.runtime.session_child MODEL.safetensors SCENE.npz THREADS LOGITS.npy

Answers every line `step`; the logits of the first call are kept in LOGITS.npy ("" keeps none).
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.common.process import private_stdout
from benchmarks.runtime.calls import medians
from benchmarks.runtime.child import Pass, serve_passes
from bscnet.runtime import load
from bscnet.runtime.library import engine


def main() -> None:
    model, scene, threads, logits_file = sys.argv[1:]
    answers = private_stdout()
    engine()  # before memory is counted
    with np.load(scene) as arrays:
        coords, feats = arrays["coords"], arrays["feats"]

    def build() -> Pass:
        session = load(model, threads=int(threads))
        parts: list[dict[str, float]] = []

        def forward() -> npt.NDArray[np.floating]:
            logits, times = session.timed(coords, feats)
            parts.append(asdict(times))
            return logits

        def account(calls: int) -> dict[str, Any]:
            """The engine's own, in the median."""
            split = medians(parts[-calls:])
            workspace = split.pop("workspace_bytes") / 2**20
            told = {f"{name}_ms": 1e3 * seconds for name, seconds in split.items()}
            return {"workspace_mb": workspace, "implementation": session.implementation, **told}

        return Pass(forward, account)

    serve_passes(answers, build, logits_file)


if __name__ == "__main__":
    main()
