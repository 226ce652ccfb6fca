"""The packed runtime on one scene, in a process of its own that imports no torch.

    python -m benchmarks.runtime.session_child MODEL.safetensors SCENE.npz THREADS LOGITS.npy

Answers every line `step`; the logits of the first call are kept in LOGITS.npy ("" keeps none).
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Any

import numpy as np

from benchmarks.common.memory import forget_peak, peak_mb, resident_mb
from benchmarks.common.process import KeepFirst, private_stdout, serve_steps
from benchmarks.runtime.calls import medians, timed_calls
from bscnet.runtime import load
from bscnet.runtime.library import engine


def main() -> None:
    model, scene, threads, logits_file = sys.argv[1:]
    answers = private_stdout()
    engine()  # before memory is counted
    with np.load(scene) as arrays:
        coords, feats = arrays["coords"], arrays["feats"]
    before = resident_mb()
    session = load(model, threads=int(threads))
    exact = forget_peak()
    keep = KeepFirst(logits_file)

    def step() -> dict[str, Any]:
        parts: list[dict[str, float]] = []

        def call() -> None:
            logits, times = session.timed(coords, feats)
            parts.append(asdict(times))
            keep(logits)

        ms, calls = timed_calls(call)
        split = medians(parts[-calls:])
        workspace = split.pop("workspace_bytes") / 2**20
        return {
            "ms": ms,
            "calls": calls,
            "peak_mb": peak_mb() - before,
            "peak_exact": exact,
            "workspace_mb": workspace,
            "implementation": session.implementation,
            **{f"{name}_ms": 1e3 * seconds for name, seconds in split.items()},
        }

    serve_steps(answers, step)


if __name__ == "__main__":
    main()
