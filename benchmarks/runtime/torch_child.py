"""A network in torch on one scene: on the torch backend, MinkowskiEngine or spconv, in a process of its own.

    python -m benchmarks.runtime.torch_child NETWORK VARIANT ENGINE THREADS STATE.pt SCENE.npz LOGITS.npy

Answers every line `step`; the logits of the first call are kept in LOGITS.npy.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import torch

from benchmarks.common.engines import TORCH
from benchmarks.common.memory import forget_peak, peak_mb, resident_mb
from benchmarks.common.process import KeepFirst, private_stdout, serve_steps
from benchmarks.runtime import spconv_sites
from benchmarks.runtime.calls import timed_calls
from benchmarks.runtime.cases import SPCONV
from benchmarks.runtime.models import variant_network
from bscnet.sparse import SparseTensor


def main() -> None:
    network, variant, engine, threads, state, scene, logits_file = sys.argv[1:]
    answers = private_stdout()
    torch.set_num_threads(int(threads))
    backend = TORCH if engine == TORCH else SPCONV if engine == SPCONV else "minkowski"
    with np.load(scene) as arrays:
        coords, feats = (torch.from_numpy(arrays[name]) for name in ("coords", "feats"))
    # a small network once: libraries load their parts at first use, which is not the network's memory
    few = slice(0, min(100, len(coords)))
    with torch.inference_mode():
        variant_network("fcn_s", variant).eval()(_tensor(feats[few], coords[few], backend))
    before = resident_mb()
    made = variant_network(network, variant).eval()
    made.load_state_dict(torch.load(state, weights_only=True))
    if backend == SPCONV:
        spconv_sites.lay_out_weights(made)
    exact = forget_peak()
    keep = KeepFirst(logits_file)

    def call() -> None:
        with torch.inference_mode():
            logits = made(_tensor(feats, coords, backend))
        keep(logits.numpy())

    def step() -> dict[str, Any]:
        ms, calls = timed_calls(call)
        return {"ms": ms, "calls": calls, "peak_mb": peak_mb() - before, "peak_exact": exact}

    serve_steps(answers, step)


def _tensor(feats: torch.Tensor, coords: torch.Tensor, backend: str) -> SparseTensor:
    if backend == SPCONV:
        return spconv_sites.sparse_tensor(feats, coords)
    return SparseTensor(feats, coords, backend)


if __name__ == "__main__":
    main()
