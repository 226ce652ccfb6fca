"""A network in torch on one scene: on the torch backend or a peer's convolutions, in a process of its own.

    python -m benchmarks.runtime.torch_child NETWORK VARIANT ENGINE THREADS STATE.pt SCENE.npz LOGITS.npy

Answers every line `step`; the logits of the first call are kept in LOGITS.npy.
"""

from __future__ import annotations

import os
import sys

import numpy as np
import numpy.typing as npt
import torch

from benchmarks.common.engines import TORCH
from benchmarks.common.process import private_stdout
from benchmarks.runtime import open3d_sites, spconv_sites
from benchmarks.runtime.cases import OPEN3D, SPCONV
from benchmarks.runtime.child import Pass, serve_passes
from benchmarks.runtime.models import variant_network
from bscnet.sparse import SparseTensor

PEERS = {SPCONV: spconv_sites.sparse_tensor, OPEN3D: open3d_sites.sparse_tensor}


def main() -> None:
    network, variant, engine, threads, state, scene, logits_file = sys.argv[1:]
    answers = private_stdout()
    torch.set_num_threads(int(threads))
    if engine == OPEN3D:  # its threads are as many as there are cores for the process
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(threads)])
    backend = engine if engine in (TORCH, *PEERS) else "minkowski"
    with np.load(scene) as arrays:
        coords, feats = (torch.from_numpy(arrays[name]) for name in ("coords", "feats"))
    # a small network once: libraries load their parts at first use, which is not the network's memory
    few = slice(0, min(100, len(coords)))
    with torch.inference_mode():
        variant_network("fcn_s", variant).eval()(_tensor(feats[few], coords[few], backend))

    def build() -> Pass:
        made = variant_network(network, variant).eval()
        made.load_state_dict(torch.load(state, weights_only=True))
        if backend == SPCONV:
            spconv_sites.lay_out_weights(made)

        def forward() -> npt.NDArray[np.floating]:
            with torch.inference_mode():
                logits: torch.Tensor = made(_tensor(feats, coords, backend))
            return logits.numpy()

        return Pass(forward)

    serve_passes(answers, build, logits_file)


def _tensor(feats: torch.Tensor, coords: torch.Tensor, backend: str) -> SparseTensor:
    if backend in PEERS:
        return PEERS[backend](feats, coords)
    return SparseTensor(feats, coords, backend)


if __name__ == "__main__":
    main()
