"""Runs random programs with the kernels of this process; prints their name, then a digest of all that each computes."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import numpy as np

from bscnet import runtime
from fixtures.model_files import random_program
from fixtures.site_sets import SHAPES, site_set

PROGRAMS = 24


def main() -> None:
    """One line for the name, then one a program."""
    print(runtime.implementation())
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(PROGRAMS):
            path = Path(folder, "model.safetensors")
            path.write_bytes(random_program(seed, levels=1 + seed % 4, max_channels=96).to_bytes())
            sites = site_set(SHAPES[seed % len(SHAPES)], seed, 60)
            feats = np.random.default_rng(seed).normal(size=(len(sites), 3)).astype(np.float32)
            session = runtime.load(path, threads=1 + seed % 3)
            digest = hashlib.sha256(session(sites, feats).tobytes())
            for trace in session.trace(sites, feats):
                digest.update(trace.coords.tobytes() + trace.data.tobytes())
            print(f"program {seed}: {digest.hexdigest()[:16]}")


if __name__ == "__main__":
    main()
