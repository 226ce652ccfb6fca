"""The packed runtime on one scene, in a process of its own that imports no torch.

    python -m runtime_bench.session_child MODEL.safetensors SCENE.npz THREADS LOGITS.npy

Answers every line `step`; the logits of the first call are kept in LOGITS.npy ("" keeps none).
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Any

import numpy as np

from bench.memory import forget_peak, peak_mb, resident_mb
from bench.process import private_stdout, serve
from bscnet.runtime import load
from bscnet.runtime.library import engine
from runtime_bench.calls import medians, timed_calls


def main() -> None:
    model, scene, threads, logits_file = sys.argv[1:]
    answers = private_stdout()
    engine()  # before memory is counted
    with np.load(scene) as arrays:
        coords, feats = arrays["coords"], arrays["feats"]
    before = resident_mb()
    session = load(model, threads=int(threads))
    exact = forget_peak()
    first = True

    def respond(request: str) -> dict[str, Any]:
        nonlocal first
        if request != "step":
            raise SystemExit(f"unknown request {request!r}")
        parts: list[dict[str, float]] = []

        def call() -> None:
            nonlocal first
            logits, times = session.timed(coords, feats)
            parts.append(asdict(times))
            if first and logits_file:
                np.save(logits_file, logits)
            first = False

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

    serve(answers, respond)


if __name__ == "__main__":
    main()
