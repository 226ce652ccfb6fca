"""Runs every case of a folder with the kernels of this process; prints their name and how many cases agreed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np

from bscnet import runtime


def main(folder: Path) -> None:
    """Case N is N.safetensors with N.npz: sites, feats, and wanted, the result by definition."""
    agreed = 0
    for path in sorted(folder.glob("*.npz")):
        arrays = np.load(path)
        sites, feats, wanted = arrays["sites"], arrays["feats"], arrays["wanted"]
        session = runtime.load(path.with_suffix(".safetensors"))
        assert session.implementation == os.environ["BSCNET_IMPLEMENTATION"]
        for threads in (1, 2, 3, 4):
            order = np.random.default_rng(threads).permutation(len(sites))
            found = session(sites[order], feats[order], threads=threads)
            np.testing.assert_array_equal(found, wanted[order], err_msg=f"{path.name}, {threads} threads")
        agreed += 1
    print(runtime.implementation(), agreed)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
